// Alertmanager matchers: name="v", name!="v", name=~"re", name!~"re". Regexes are RE2 and anchored.
#pragma once

#include "correlator/labels.hpp"
#include "correlator/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace incidentd {

enum class MatchOp : std::uint8_t { equal = 0, not_equal = 1, regex = 2, not_regex = 3 };

class Matcher {
public:
    // Errors: invalid, with RE2's own words for a bad regex.
    static Result<Matcher> make(std::string name, MatchOp op, std::string value);

    // A missing label is the empty string.
    bool matches(std::string_view value) const;
    bool matches(LabelsView labels) const { return matches(find_label(labels, name_)); }
    // Of =~ that matches: calls `group` with the name and text of each named group (?P<name>...) that took part.
    void capture(std::string_view value,
                 const std::function<void(std::string_view name, std::string_view text)>& group) const;

    const std::string& name() const { return name_; }
    MatchOp op() const { return op_; }
    const std::string& value() const { return value_; }
    std::string text() const;  // name=~"value", escaped

private:
    Matcher() = default;
    std::string name_;
    MatchOp op_ = MatchOp::equal;
    std::string value_;
    std::shared_ptr<const re2::RE2>
        regex_;  // shared: matchers are copied with rule sets, compiled regexes are immutable
};

// All must match; an empty list matches everything.
using Matchers = std::vector<Matcher>;
bool matches_all(const Matchers& matchers, LabelsView labels);

// Any number of matchers: `a="b"`, `a=b,c!="d",`, `{a="b",c=~"d"}`, quoted names; none in "" and `{}`.
// Alertmanager's UTF-8 grammar. Errors: invalid; the message begins "at byte N: ", the offset in `text`.
Result<Matchers> parse_matchers(std::string_view text);

// Exactly one, without braces, as Alertmanager's API and amtool take them.
Result<Matcher> parse_matcher(std::string_view text);

}  // namespace incidentd
