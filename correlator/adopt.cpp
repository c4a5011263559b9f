// New rules: what untouched rules keep of alerts and time stays, everything else is decided anew.
#include "correlator/state.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {

void Correlator::State::adopt(std::shared_ptr<const RuleSet> fresh) {
    activate(std::move(fresh));
    adopt_silences();
    index_rules();
    look_again(firing_slots(), "the rules changed");
    for (const Slot slot : flapping_slots()) change(slot);  // its reason names the rule
    adopt_absences();
    adopt_patterns();
}

std::vector<std::uint32_t> Correlator::State::matching(const MatcherIndex& section, LabelsView labels) const {
    std::vector<std::uint32_t> places;
    section.each(labels, match_memory, [&places](MatcherIndex::Rule at) {
        places.push_back(at);
        return true;
    });
    return places;
}

void Correlator::State::index_rules() {
    suppressions.sources.clear();
    suppressions.targets.clear();
    pairs.problems.clear();
    counts_checks = rules != nullptr && std::any_of(rules->flapping.begin(), rules->flapping.end(),
                                                    [](const FlappingRule& rule) { return rule.high_percent > 0; });
    patterns.winds.clear();
    absence_rules.clear();
    for (std::uint32_t i = 0; rules != nullptr && i < rules->correlate.size(); ++i)
        if (rules->correlate[i].op == CorrelationOp::absence) absence_rules.push_back(i);
    if (rules == nullptr || (rules->inhibit.empty() && rules->pairs.empty() && absence_rules.empty())) return;
    for (const Slot slot : firing_slots()) index_labels(slot, true);
}

}  // namespace incidentd
