// Which earlier rule, where the first match wins, takes everything that a later one matches. Finds candidates by the
// values they name, so that thousands of rules for as many hosts are not compared with each other.
#pragma once

#include "rules/matcher_sets.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace incidentd {

// A rule as the search sees it. The lists outlive it.
struct OrderedRule {
    const Matchers* match = nullptr;
    std::vector<std::string> needs{};  // labels an alert must have for the rule to apply
    bool takes = true;                 // rules behind it are not asked about what it matches
};

class ShadowSearch {
public:
    explicit ShadowSearch(std::size_t comparisons_max) : comparisons_left_(comparisons_max) {}

    // The position of an earlier rule that shadows this one; then the rule counts as earlier.
    std::optional<std::size_t> add(const OrderedRule& rule);
    // An earlier rule with the same matchers, of the rule added last.
    std::optional<std::size_t> same_match() const { return same_; }
    bool is_exhausted() const { return comparisons_left_ == 0; }

private:
    struct Known {
        MatcherSet match;
        std::vector<std::string> needs;
    };
    bool shadows(std::size_t earlier, const MatcherSet& match, const std::vector<std::string>& needs);
    std::optional<std::size_t> first_of(const std::vector<std::size_t>& candidates, const MatcherSet& match,
                                        const std::vector<std::string>& needs);
    void remember(std::size_t position);
    void remember_open(std::size_t position);

    std::vector<Known> rules_;
    using Index = std::unordered_map<std::string, std::vector<std::size_t>>;
    std::vector<std::size_t> catch_alls_;  // without a matcher
    Index by_value_;                       // "label\0value"
    Index by_text_, by_prefix_;            // regexes, as they stand and by "label\0what they begin with"
    Index by_label_;                       // the others
    std::unordered_map<std::string, std::size_t> by_match_;  // canonical text: the first
    std::optional<std::size_t> same_;
    std::size_t comparisons_left_;
};

}  // namespace incidentd
