// What a reload changes, rule by rule: for the log, where "reloaded" alone says nothing.
#pragma once

#include "rules/rules.hpp"

#include <string>
#include <vector>

namespace incidentd {

// Rules as "section name", such as "correlate db-outage"; those without a name by their place: "route #2".
struct RuleChanges {
    std::vector<std::string> added, removed, changed;
    std::vector<std::string> reordered;  // sections whose rules are the same in another order
    std::vector<std::string> tables;     // CSV files that are new or differ
    bool sinks_changed = false;
    bool any() const {
        return !added.empty() || !removed.empty() || !changed.empty() || !reordered.empty() || !tables.empty() ||
               sinks_changed;
    }
};

// Comments, quotes and which file a rule stands in make no difference.
RuleChanges rule_changes(const RuleBundle& before, const RuleBundle& after);

}  // namespace incidentd
