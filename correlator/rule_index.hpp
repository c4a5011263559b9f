// The sections of a rule set by what they match: which rules hold for an alert, without asking all of them.
#pragma once

#include "correlator/matcher_index.hpp"
#include "correlator/rule_set.hpp"

namespace incidentd {

// Each index answers with positions in the section's list. Independent of the set once built; immutable.
struct RuleIndex {
    RuleIndex() = default;
    explicit RuleIndex(const RuleSet& rules);

    MatcherIndex enrich, dedup, pair_problems, pair_clears, silences, inhibit_sources, inhibit_targets, flapping,
        storms, correlate, routes;
};

}  // namespace incidentd
