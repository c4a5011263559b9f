// What matchers say about each label, as far as it can be known without alerts: whether a list of them can match at
// all, and whether one list matches everything that another one does. "No" also means "not known".
#pragma once

#include "correlator/matcher.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// The values a matcher allows when they are few and known: of `=`, and of a regex that is a choice of plain words.
std::optional<std::vector<std::string>> values_of(const Matcher& matcher);

// A matcher on a label together with the values all matchers on that label leave.
struct LabelTerm {
    const Matcher* matcher = nullptr;                  // outlives the term
    std::optional<std::vector<std::string>> values{};  // sorted; nullopt: not known, or not few
};

// A list of matchers, read once. The list outlives it.
class MatcherSet {
public:
    explicit MatcherSet(const Matchers& matchers);

    const std::vector<LabelTerm>& terms() const { return terms_; }
    // In words why nothing can match; "" when something may.
    std::string contradiction() const;
    bool is_required(std::string_view label) const;  // matches only alerts that have the label
    bool is_refused(std::string_view label) const;   // matches only alerts without the label
    // Everything this matches, `wide` matches too.
    bool implies(const MatcherSet& wide) const;
    // The same for equal sets, whatever their order.
    std::string canonical() const;

private:
    bool implies(const Matcher& wide) const;
    std::vector<LabelTerm> terms_;
};

}  // namespace incidentd
