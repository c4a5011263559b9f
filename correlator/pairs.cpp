// Clears that name their problem differently, such as linkUp for linkDown: they resolve what has equal values.
#include "correlator/pairs.hpp"

#include "correlator/enrich.hpp"
#include "correlator/state.hpp"

#include <algorithm>
#include <string>

namespace incidentd {
namespace {

// A clear that found nothing is remembered so long. A problem that its source dates before it was overtaken by it.
constexpr Duration early_kept = minutes(2);
// Without the source's times only a problem that follows at once was overtaken: a later one is a new failure.
constexpr Duration overtaking_most = seconds(10);

Instant claimed_time(const AlertEvent& event) {
    return event.kind == EventKind::resolved && event.ends_at.is_set() ? event.ends_at : event.starts_at;
}

std::string values_text(const std::vector<std::string>& names, LabelsView labels) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name + "=" + std::string(find_label(labels, name));
    return text.empty() ? "no labels asked" : text;
}

}  // namespace

// True: the message is a clear and nothing else.
bool Correlator::State::on_clear(const AlertEvent& event) {
    if (rules == nullptr || rules->pairs.empty() || event.refresh) return false;
    if (event.kind != EventKind::firing && event.kind != EventKind::resolved) return false;
    bool is_clear = false;
    for (const std::uint32_t i : matching(indexes->pair_clears, event.labels)) {
        const PairRule& rule = rules->pairs[i];
        const auto key = value_key("problem", i, rule.equal, rule.equal_optional, event.labels);
        if (!key) continue;
        is_clear = true;
        clear(event, rule, *key);
    }
    // The recovery of an alert that is known by its own name does what recoveries do, too.
    return is_clear && !(event.kind == EventKind::resolved && find_slot(event.fingerprint));
}

void Correlator::State::clear(const AlertEvent& event, const PairRule& rule, Fingerprint key) {
    const std::vector<Slot> problems = pairs.problems.at(key);
    const std::string values = values_text(rule.equal, event.labels);
    const std::string name = event.title.empty() ? to_string(event.fingerprint) : std::string(event.title);
    ++outcomes.by_verdict[static_cast<std::size_t>(Verdict::cleared)];
    if (problems.empty()) {
        std::erase_if(pairs.early, [&](const EarlyClear& one) { return one.key == key; });
        if (pairs.early.size() >= Pairs::early_max) pairs.early.erase(pairs.early.begin());
        pairs.early.push_back({key, now, claimed_time(event)});
        emit(AlertDecided{event.fingerprint, Verdict::cleared, {}, rule.name, "nothing to clear for " + values});
        return;
    }
    for (const Slot slot : problems) {
        AlertRecord& alert = alerts[slot];
        alert.add_message();
        alert.last_seen = now;
        alert.resolved_by_message = true;
        touch(slot);
        if (IncidentRecord* incident = live_incident(alert.incident)) count_message(*incident);
        stop_firing(slot, Verdict::resolved, "cleared by \"" + name + "\" (pair " + rule.name + ": " + values + ")");
    }
    emit(AlertDecided{event.fingerprint, Verdict::cleared, alerts[problems.front()].incident, rule.name,
                      "clears " + std::to_string(problems.size()) + " with " + values});
}

bool Correlator::State::may_clear_others(const AlertEvent& event) const {
    if (rules == nullptr || rules->pairs.empty()) return false;
    LabelSheet labels(event.labels);
    enrich(rules->enrich, indexes->enrich, match_memory, event, labels);
    return indexes->pair_clears.first(labels.view(), match_memory) != MatcherIndex::none;
}

// The clear that overtook this problem, which is over then; it is used up. "" if there is none.
std::string Correlator::State::take_early_clear(const AlertEvent& event) {
    if (rules == nullptr || rules->pairs.empty() || pairs.early.empty() || event.refresh) return {};
    std::erase_if(pairs.early, [this](const EarlyClear& one) { return now - one.at > early_kept; });
    for (const std::uint32_t i : matching(indexes->pair_problems, event.labels)) {
        const PairRule& rule = rules->pairs[i];
        const auto key = value_key("problem", i, rule.equal, rule.equal_optional, event.labels);
        const auto found = std::find_if(pairs.early.begin(), pairs.early.end(),
                                        [&](const EarlyClear& one) { return key && one.key == *key; });
        if (found == pairs.early.end()) continue;
        const bool dated = found->claimed.is_set() && event.starts_at.is_set();
        if (dated ? event.starts_at > found->claimed : now - found->at > overtaking_most) continue;
        const std::string because =
            "its clear came " + to_string(now - found->at) + " before it (pair " + rule.name + ")";
        pairs.early.erase(found);
        return because;
    }
    return {};
}

void Correlator::State::index_pairs(Slot slot, bool firing) {
    if (rules == nullptr || rules->pairs.empty()) return;
    const auto labels = labels_of(alerts[slot]);
    for (const std::uint32_t i : matching(indexes->pair_problems, labels)) {
        const PairRule& rule = rules->pairs[i];
        const auto key = value_key("problem", i, rule.equal, rule.equal_optional, labels);
        if (key) firing ? pairs.problems.add(*key, slot) : pairs.problems.remove(*key, slot);
    }
}

}  // namespace incidentd
