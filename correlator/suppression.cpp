// Alerts that are kept, counted and explained, but open nothing: their source silences them, a silence or maintenance
// window holds, or an alert that explains them fires. Decided when they begin to fire, and again when a cause begins
// or ends. A suppressed alert suppresses others all the same, as in Alertmanager: who is suppressed depends on what
// fires alone.
#include "correlator/suppression.hpp"

#include "correlator/state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace incidentd {
namespace {

constexpr std::string_view no_longer = "no longer suppressed";

// A cause that held before keeps its time.
template <class Cause>
std::vector<Instant> times_of(const std::vector<Cause>& causes, const std::vector<Cause>& before,
                              const std::vector<Instant>& since, Instant now) {
    std::vector<Instant> times;
    for (const Cause& cause : causes) {
        const auto known = std::find(before.begin(), before.end(), cause);
        times.push_back(known == before.end() ? now : since[static_cast<std::size_t>(known - before.begin())]);
    }
    return times;
}

void date_causes(Suppression& fresh, const Suppression& before, Instant now) {
    fresh.source_since = !fresh.by_source ? Instant{} : before.by_source ? before.source_since : now;
    fresh.silenced_since = times_of(fresh.silences, before.silences, before.silenced_since, now);
    fresh.inhibited_since = times_of(fresh.inhibits, before.inhibits, before.inhibited_since, now);
}

}  // namespace

// --- what suppresses an alert ---------------------------------------------------------------------------------------

std::vector<std::uint32_t> Correlator::State::silences_of(LabelsView labels) const {
    std::vector<std::uint32_t> numbers;
    for (const std::uint32_t number : suppressions.holding)
        if (matches_all(suppressions.silences.at(number).told.match, labels)) numbers.push_back(number);
    return numbers;
}

// As in Alertmanager, an alert that is both source and target of a rule is not inhibited by another such one: two of
// them would silence each other.
std::optional<Correlator::State::Slot> Correlator::State::inhibitor_of(Slot slot, std::size_t rule_number,
                                                                       LabelsView labels) const {
    const InhibitRule& rule = rules->inhibit[rule_number];
    if (!matches_all(rule.target, labels)) return std::nullopt;
    const bool is_source = matches_all(rule.source, labels);
    for (const std::string_view kind : {"source", "source and target"}) {
        if (is_source && kind != "source") break;
        const auto key = value_key(kind, rule_number, rule.equal, rule.equal_optional, labels);
        if (!key) return std::nullopt;
        for (const Slot source : suppressions.sources.at(*key))
            if (source != slot) return source;
    }
    return std::nullopt;
}

std::vector<std::string> Correlator::State::inhibits_of(Slot slot, LabelsView labels) const {
    std::vector<std::string> names;
    if (rules == nullptr || rules->inhibit.empty()) return names;
    for (const std::uint32_t i : matching(indexes->inhibit_targets, labels))
        if (inhibitor_of(slot, i, labels)) names.push_back(rules->inhibit[i].name);
    return names;
}

// Returns whether anything suppresses the alert now.
bool Correlator::State::update_suppression(Slot slot) {
    AlertRecord& alert = alerts[slot];
    const auto labels = labels_of(alert);
    const auto known = suppressions.of.find(slot);
    Suppression fresh;
    if (known != suppressions.of.end()) {
        fresh.by_source = known->second.by_source;
        fresh.source_words = known->second.source_words;
    }
    if (alert.firing) {
        fresh.silences = silences_of(labels);
        fresh.inhibits = inhibits_of(slot, labels);
    }
    return keep_suppression(slot, std::move(fresh));
}

bool Correlator::State::keep_suppression(Slot slot, Suppression fresh) {
    const bool any = fresh.any();
    const auto known = suppressions.of.find(slot);
    date_causes(fresh, known == suppressions.of.end() ? Suppression{} : known->second, now);
    if (known != suppressions.of.end()) count_suppression(known->second, false);
    fresh.counted = {};  // it may be a copy of what was counted before
    if (any) {
        count_suppression(fresh, alerts[slot].firing);
        suppressions.of.insert_or_assign(slot, std::move(fresh));
    } else if (known != suppressions.of.end()) {
        suppressions.of.erase(known);
    }
    set_suppressed(alerts[slot], any);
    return any;
}

// The gauges: each reason a firing alert has, once.
void Correlator::State::count_suppression(Suppression& why, bool firing) {
    SuppressedFor fresh;
    fresh.source = firing && why.by_source;
    fresh.inhibition = firing && !why.inhibits.empty();
    for (const std::uint32_t number : why.silences) {
        const auto found = suppressions.silences.find(number);
        if (!firing || found == suppressions.silences.end()) continue;
        (found->second.told.is_maintenance ? fresh.maintenance : fresh.silence) = true;
    }
    const auto move = [](std::uint64_t& gauge, bool before, bool after) {
        gauge += std::uint64_t{after} - std::uint64_t{before};
    };
    move(sizes.suppressed_by_source, why.counted.source, fresh.source);
    move(sizes.suppressed_by_silence, why.counted.silence, fresh.silence);
    move(sizes.suppressed_by_maintenance, why.counted.maintenance, fresh.maintenance);
    move(sizes.suppressed_by_inhibition, why.counted.inhibition, fresh.inhibition);
    why.counted = fresh;
}

void Correlator::State::mark_source_suppression(Slot slot, bool suppressed, std::string_view words) {
    const auto known = suppressions.of.find(slot);
    Suppression changed = known == suppressions.of.end() ? Suppression{} : known->second;
    changed.by_source = suppressed;
    changed.source_words = suppressed ? words : std::string_view{};
    keep_suppression(slot, std::move(changed));
}

// It fires no more: only its source's own word stays.
void Correlator::State::end_suppression(Slot slot) {
    const auto known = suppressions.of.find(slot);
    if (known == suppressions.of.end()) return;
    Suppression left;
    left.by_source = known->second.by_source;
    left.source_words = known->second.source_words;
    keep_suppression(slot, std::move(left));
}

// --- causes that begin and end --------------------------------------------------------------------------------------

// `cause`: what began or ended, in words.
void Correlator::State::look_again(const std::vector<Slot>& slots, const std::string& cause) {
    std::map<IncidentId, std::pair<std::uint32_t, std::uint32_t>> stay;  // in incidents: newly suppressed, free again
    for (const Slot slot : slots) {
        AlertRecord& alert = alerts[slot];
        if (!alert.used || !alert.firing) continue;
        const bool before = alert.suppressed;
        const auto known = suppressions.of.find(slot);
        const Suppression old = known == suppressions.of.end() ? Suppression{} : known->second;
        const bool is = update_suppression(slot);
        const auto fresh = suppressions.of.find(slot);
        if ((fresh == suppressions.of.end() ? Suppression{} : fresh->second) == old) continue;
        if (is) {
            decide(alert, Verdict::suppressed, {}, suppression_text(slot));
        } else if (before) {
            decide(alert, Verdict::noted, {}, std::string(no_longer) + ": " + cause);
        }
        change(slot);
        if (is == before) continue;
        IncidentRecord* incident = alert.counted ? live_incident(alert.incident) : nullptr;
        if (is && incident != nullptr && incident->view.state == IncidentState::pending) {
            leave(slot, *incident, "is suppressed before the incident opened: " + suppression_text(slot));
        } else if (incident != nullptr) {
            ++(is ? stay[alert.incident].first : stay[alert.incident].second);
        } else if (is) {
            stop_waiting(slot);
        } else {
            on_onset(slot);
        }
    }
    for (const auto& [id, counts] : stay) tell_of_suppression(id, counts.first, counts.second, cause);
}

// Alerts of an open incident stay in it: people work on it. The ticket says so once, not for each of them.
void Correlator::State::tell_of_suppression(IncidentId id, std::uint32_t begun, std::uint32_t ended,
                                            const std::string& cause) {
    IncidentRecord* incident = live_incident(id);
    if (incident == nullptr) return;
    const auto alerts_text = [](std::uint32_t n) {
        return std::to_string(n) + (n == 1 ? " of its alerts is " : " of its alerts are ");
    };
    if (begun > 0)
        add_fact(*incident, "suppression", alerts_text(begun) + "suppressed, and stays counted here: " + cause);
    if (ended > 0) add_fact(*incident, "suppression", alerts_text(ended) + std::string(no_longer) + ": " + cause);
    changed(*incident);
    advance_sinks(*incident);
}

std::vector<Correlator::State::Slot> Correlator::State::firing_slots() const {
    std::vector<Slot> slots;
    for (Slot slot = 0; slot < alerts.end(); ++slot)
        if (alerts[slot].used && alerts[slot].firing) slots.push_back(slot);
    return slots;
}

// --- inhibition -----------------------------------------------------------------------------------------------------

void Correlator::State::index_inhibition(Slot slot, bool firing) {
    if (rules == nullptr || rules->inhibit.empty()) return;
    const auto labels = labels_of(alerts[slot]);
    const auto put = [&](ValueIndex& index, std::string_view kind, std::size_t i) {
        const InhibitRule& rule = rules->inhibit[i];
        const auto key = value_key(kind, i, rule.equal, rule.equal_optional, labels);
        if (key) firing ? index.add(*key, slot) : index.remove(*key, slot);
    };
    const std::vector<std::uint32_t> as_target = matching(indexes->inhibit_targets, labels);
    for (const std::uint32_t i : as_target) put(suppressions.targets, "target", i);
    for (const std::uint32_t i : matching(indexes->inhibit_sources, labels))
        put(suppressions.sources,
            std::binary_search(as_target.begin(), as_target.end(), i) ? "source and target" : "source", i);
}

// Its targets, when a source began to fire or stopped. Their other sources do not matter: they are asked again.
void Correlator::State::look_at_targets(Slot source, bool began) {
    if (rules == nullptr || rules->inhibit.empty()) return;
    const auto labels = labels_of(alerts[source]);
    for (const std::uint32_t i : matching(indexes->inhibit_sources, labels)) {
        const InhibitRule& rule = rules->inhibit[i];
        const auto key = value_key("target", i, rule.equal, rule.equal_optional, labels);
        if (!key) continue;
        std::vector<Slot> targets = suppressions.targets.at(*key);
        std::erase(targets, source);
        if (targets.empty()) continue;
        look_again(targets, "rule " + rule.name + ", " + name_of(alerts[source]) + (began ? " fires" : " is over"));
    }
}

}  // namespace incidentd
