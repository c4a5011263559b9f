// Too many new alerts at once gather in one incident: each is kept, counted and shown there, and people get one ticket.
#include "correlator/storm.hpp"

#include "correlator/state.hpp"

#include <algorithm>
#include <cmath>

namespace incidentd {
namespace {

constexpr double newest_share = 0.1;        // of the usual number, by each window
constexpr std::int64_t windows_most = 200;  // without an alert: what was usual is forgotten

std::string number_text(double value) { return std::to_string(static_cast<std::int64_t>(std::llround(value))); }

}  // namespace

void StormWatch::roll(Instant now, Duration window) {
    if (!window_began.is_set()) window_began = now;
    const std::int64_t passed = (now - window_began).ms / window.ms;
    if (passed == 0) return;
    if (!is_on) usual = usual * (1 - newest_share) + static_cast<double>(count) * newest_share;
    for (std::int64_t i = 1; !is_on && i < std::min(passed, windows_most); ++i) usual *= 1 - newest_share;
    if (!is_on && passed >= windows_most) usual = 0;
    count_before = passed == 1 ? count : 0;
    count = 0;
    window_began = window_began + window * passed;
}

double StormWatch::recent(Instant now, Duration window) const {
    const double left = 1 - static_cast<double>((now - window_began).ms) / static_cast<double>(window.ms);
    return static_cast<double>(count) + static_cast<double>(count_before) * left;
}

double storm_bound(const StormRule& rule, const StormWatch& watch) {
    return std::max(static_cast<double>(rule.floor), rule.factor * watch.usual);
}

std::size_t Correlator::State::storm_watch(const StormRule& rule, std::string_view value) {
    for (const std::string_view wanted : {value, std::string_view("other")}) {
        const auto found = storm_index.find({rule.name, std::string(wanted)});
        if (found != storm_index.end()) return found->second;
        if (storms.size() >= StormWatch::watches_max && wanted != "other") continue;
        StormWatch& watch = storms.emplace_back();
        watch.rule = rule.name;
        watch.value = wanted;
        storm_index.emplace(std::pair(watch.rule, watch.value), storms.size() - 1);
        break;
    }
    return storms.size() - 1;
}

const StormRule* Correlator::State::storm_rule(std::string_view name) const {
    if (rules == nullptr) return nullptr;
    const auto found = std::find_if(rules->storms.begin(), rules->storms.end(),
                                    [name](const StormRule& rule) { return rule.name == name; });
    return found == rules->storms.end() ? nullptr : &*found;
}

// An onset outside of incidents. True: the storm has it.
bool Correlator::State::gather_in_storm(Slot slot, const TemplateScope& scope) {
    if (rules == nullptr || rules->storms.empty()) return false;
    const MatcherIndex::Rule found = indexes->storms.first(scope.labels, match_memory);
    if (found == MatcherIndex::none) return false;
    const StormRule* rule = &rules->storms[found];
    const AlertRecord& alert = alerts[slot];
    const std::string_view value = rule->per == "source" ? scope.source : find_label(scope.labels, rule->per);
    const std::size_t index = storm_watch(*rule, value);
    StormWatch& watch = storms[index];
    watch.roll(now, rule->window);
    if (alert.first_seen == now) ++watch.count;
    const double recent = watch.recent(now, rule->window);
    const double bound = storm_bound(*rule, watch);
    if (recent > bound) watch.last_over = now;
    if (recent > bound && !watch.is_on) {
        watch.is_on = true;
        ++sizes.storms;
        deadlines.set(now + rule->leave_after, DeadlineKind::storm_over, index, 0);
    }
    if (!watch.is_on || alert.severity >= rule->pass) return false;
    const std::string what = rule->per + " " + (watch.value.empty() ? "(none)" : watch.value);
    const std::string because = "storm " + rule->name + " of " + what + ": " + number_text(recent) +
                                " new alerts within " + to_string(rule->window) + "; " + number_text(bound) +
                                " are allowed, " + number_text(watch.usual) + " are usual";
    return join_storm(slot, *rule, watch, "Alert storm: " + what, because, scope);
}

bool Correlator::State::join_storm(Slot slot, const StormRule& rule, const StormWatch& watch, const std::string& title,
                                   const std::string& because, const TemplateScope& scope) {
    const Fingerprint group = storm_group(watch);
    std::string why_not;
    if (IncidentRecord* incident = joinable(group, why_not)) {
        join(slot, *incident, Verdict::joined, because);
        return true;
    }
    if (incidents.size() >= limits.incidents_max && !evict_dead_incident()) return false;  // the overflow has it
    CorrelationRule gathers;
    gathers.name = rule.name;
    gathers.max_age = Duration{0};
    gathers.max_alerts = limits.alerts_max;
    IncidentRecord& incident = begin_incident(gathers, group, scope);
    incident.gathers_storm = true;
    incident.view.title = title;
    incident.view.service = title;  // what storms are counted under, apart from what they are made of
    incident.view.because = because;
    join(slot, incident, Verdict::opened, because);
    open(incident);
    return true;
}

Fingerprint Correlator::State::storm_group(const StormWatch& watch) const {
    const LabelView of[] = {{watch.rule, watch.value}};
    return fingerprint_of("\x01storm", {}, of);
}

void Correlator::State::on_storm_deadline(std::size_t index) {
    if (index >= storms.size() || !storms[index].is_on) return;
    StormWatch& watch = storms[index];
    const StormRule* rule = storm_rule(watch.rule);
    const Instant due = watch.last_over + (rule == nullptr ? Duration{0} : rule->leave_after);
    if (due > now) return deadlines.set(due, DeadlineKind::storm_over, index, 0);
    watch.is_on = false;
    --sizes.storms;
    const auto group = groups.find(storm_group(watch));
    IncidentRecord* incident = group == groups.end() ? nullptr : live_incident(group->second);
    if (incident == nullptr) return;
    add_fact(*incident, "storm",
             rule == nullptr ? "the storm is over: its rule is gone"
                             : "the storm is over: for " + to_string(rule->leave_after) +
                                   " no more new alerts than allowed; new ones are correlated as usual");
    changed(*incident);
    advance_sinks(*incident);
}

}  // namespace incidentd
