// What the rules make of an alert's labels before anything else looks at them, and which alert it is after that.
// For the engine, and for tools that ask the same question of a message.
#pragma once

#include "correlator/alert.hpp"
#include "correlator/matcher_index.hpp"
#include "correlator/rule_set.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// Sorted labels that begin as borrowed ones and own what rules put in.
class LabelSheet {
public:
    explicit LabelSheet(LabelsView labels) : labels_(labels.begin(), labels.end()) {}

    // An empty value takes the label away. A value longer than EventLimits::label_value_bytes_max is cut; a new label
    // past EventLimits::labels_max is not added.
    void set(std::string_view name, std::string_view value);
    LabelsView view() const { return labels_; }       // valid until a set() that changes something
    std::size_t changes() const { return changes_; }  // how often set() changed something

private:
    std::string_view own(std::string_view text) { return texts_.emplace_back(text); }
    std::vector<LabelView> labels_;
    std::deque<std::string> texts_;  // a deque: what is borrowed from it stays where it is
    std::size_t changes_ = 0;
};

// In order; each rule sees what those before it made. `event` gives the places of templates that are not labels.
void enrich(const std::vector<EnrichRule>& rules, const AlertEvent& event, LabelSheet& labels);
// The same with an index of their matchers (RuleIndex::enrich): rules that do not apply cost next to nothing.
void enrich(const std::vector<EnrichRule>& rules, const MatcherIndex& index, MatchMemory& memory,
            const AlertEvent& event, LabelSheet& labels);

// The first rule that matches and whose key is all there; nullptr: the source's own identity holds.
const DedupRule* dedup_rule(const std::vector<DedupRule>& rules, LabelsView labels);
// The identity it gives: of the source and the key's values.
Fingerprint dedup_fingerprint(const DedupRule& rule, std::string_view source, LabelsView labels);

std::uint64_t hash_labels(LabelsView labels);  // equal for equal labels

}  // namespace incidentd
