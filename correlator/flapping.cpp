// Alerts that change too often: while one flaps, its incident counts it as firing whatever its last message said, so
// that nothing opens or resolves with each change. When it has been quiet long enough its true state counts again.
//
// What happens while an alert is suppressed (its source, a silence, maintenance, inhibition) is no flapping: planned
// work makes hosts go up and down. One that flapped before keeps flapping until it is quiet for the rule's time.
#include "correlator/flapping.hpp"

#include "correlator/state.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace incidentd {
namespace {

bool by_checks(const FlappingRule& rule) { return rule.high_percent > 0; }

std::string percent_text(double percent) {
    const auto tenths = static_cast<std::int64_t>(std::lround(percent * 10));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

bool too_often(const FlappingRule& rule, const FlapRecord& record, std::string& because) {
    if (by_checks(rule)) {
        const double percent = record.checks.percent();
        because = percent_text(percent) + " weighted change in " + std::to_string(CheckHistory::length) + " messages";
        return percent > rule.high_percent;
    }
    because = std::to_string(record.changes.size()) + " changes within " + to_string(rule.window);
    return record.changes.size() >= rule.start;
}

}  // namespace

const FlappingRule* Correlator::State::flapping_rule(Slot slot) const {
    if (rules == nullptr || rules->flapping.empty()) return nullptr;
    const auto labels = labels_of(alerts[slot]);
    const MatcherIndex::Rule found = indexes->flapping.first(labels, match_memory);
    return found == MatcherIndex::none ? nullptr : &rules->flapping[found];
}

bool Correlator::State::is_flapping(Slot slot) const {
    const auto found = flaps.find(slot);
    return found != flaps.end() && found->second.flapping;
}

std::vector<Correlator::State::Slot> Correlator::State::flapping_slots() const {
    std::vector<Slot> slots;
    for (const auto& [slot, record] : flaps)
        if (record.flapping) slots.push_back(slot);
    std::sort(slots.begin(), slots.end());
    return slots;
}

// Each message that says firing or resolved, after the alert took it over. `is_first`: of an alert not known before.
void Correlator::State::watch_flapping(Slot slot, bool is_first) {
    if (rules == nullptr || rules->flapping.empty()) return;
    AlertRecord& alert = alerts[slot];
    const auto known = flaps.find(slot);
    const bool changed = !is_first && (known == flaps.end() || known->second.was_firing != alert.firing);
    if (!changed && !counts_checks) return;
    const FlappingRule* rule = flapping_rule(slot);
    if (rule == nullptr || alert.suppressed) return;
    if (known == flaps.end() && !changed && !by_checks(*rule)) return;
    FlapRecord& record = known == flaps.end() ? flaps[slot] : known->second;
    record.was_firing = alert.firing;
    record.checks.add(changed);
    if (changed) {
        record.last_change = now;
        record.changes.push_back(now);
        while (now - record.changes.front() > rule->window || record.changes.size() > FlapRecord::changes_max)
            record.changes.pop_front();
    }
    if (record.flapping) {
        if (by_checks(*rule) && record.checks.percent() <= rule->low_percent) end_flapping(slot, "it changes less");
        return;
    }
    std::string because;
    if (too_often(*rule, record, because)) begin_flapping(slot, *rule, because);
}

void Correlator::State::begin_flapping(Slot slot, const FlappingRule& rule, const std::string& because) {
    FlapRecord& record = flaps.at(slot);
    record.flapping = true;
    record.flapping_since = now;
    change(slot);
    ++sizes.alerts_flapping;
    deadlines.set(now + rule.stop_quiet, DeadlineKind::flapping_over, slot, alerts[slot].generation);
    decide(alerts[slot], Verdict::flapping, rule.name,
           because + ": it flaps until it stays as it is for " + to_string(rule.stop_quiet));
    IncidentRecord* incident = alerts[slot].counted ? live_incident(alerts[slot].incident) : nullptr;
    if (incident == nullptr) return;
    add_fact(*incident, "flapping",
             name_of(alerts[slot]) + " flaps: " + because + "; its changes are not told until it is quiet");
    changed(*incident);
    advance_sinks(*incident);
}

void Correlator::State::on_flapping_deadline(Slot slot) {
    const auto found = flaps.find(slot);
    if (found == flaps.end() || !found->second.flapping) return;
    const FlappingRule* rule = flapping_rule(slot);
    const Duration quiet = rule == nullptr ? Duration{0} : rule->stop_quiet;
    const Instant due = found->second.last_change + quiet;
    if (due > now) return deadlines.set(due, DeadlineKind::flapping_over, slot, alerts[slot].generation);
    end_flapping(slot, rule == nullptr ? "no rule asks for it any more" : "it did not change for " + to_string(quiet));
}

// The last recovery is not lost: it counts from here on.
void Correlator::State::end_flapping(Slot slot, const std::string& because) {
    FlapRecord& record = flaps.at(slot);
    record.flapping = false;
    record.flapping_since = {};
    record.changes.clear();
    change(slot);
    --sizes.alerts_flapping;
    AlertRecord& alert = alerts[slot];
    const std::string state = alert.firing ? "fires" : "is over";
    decide(alert, Verdict::flapping, {}, "it flaps no more: " + because + ", and " + state);
    IncidentRecord* incident = alert.counted ? live_incident(alert.incident) : nullptr;
    if (incident != nullptr)
        add_fact(*incident, "flapping", name_of(alert) + " flaps no more: " + because + ", and " + state);
    if (!alert.firing) {
        alert.counted = false;
        if (incident != nullptr) return alert_stopped(*incident, alert, Verdict::resolved);
    }
    if (incident == nullptr) return;
    changed(*incident);
    advance_sinks(*incident);
}

// An onset of an alert that its incident counts as firing all the while.
void Correlator::State::on_onset_while_flapping(Slot slot) {
    AlertRecord& alert = alerts[slot];
    if (IncidentRecord* incident = live_incident(alert.incident)) count_message(*incident);
    decide(alert, Verdict::flapping, {},
           "fires again; " + to_string(alert.incident) + " counts it all the while it flaps");
    change(slot);
}

}  // namespace incidentd
