// Incidents from their first alert to the day they leave memory.
#include "correlator/state.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

Urgency urgency_of(Severity severity) {
    switch (severity) {
        case Severity::critical:
            return Urgency::critical;
        case Severity::error:
            return Urgency::high;
        case Severity::warning:
            return Urgency::medium;
        case Severity::unknown:
        case Severity::info:
            return Urgency::low;
    }
    return Urgency::low;
}

}  // namespace

IncidentRecord* Correlator::State::live_incident(IncidentId id) {
    if (!id.is_set()) return nullptr;
    const auto found = incidents.find(id);
    if (found == incidents.end()) return nullptr;
    const IncidentState state = found->second.view.state;
    return state == IncidentState::pending || state == IncidentState::open ? &found->second : nullptr;
}

void Correlator::State::open(IncidentRecord& incident) {
    IncidentView& view = incident.view;
    view.state = IncidentState::open;
    view.opened_at = now;
    ++incident.generation;
    --sizes.incidents_pending;
    ++sizes.incidents_open;
    gates.erase(view.id);
    add_fact(incident, "opened",
             "opened with priority " + std::string(to_string(view.priority)) + " (impact " +
                 std::string(to_string(view.impact)) + ", urgency " + std::string(to_string(view.urgency)) + "); " +
                 view.because);
    emit(IncidentOpened{view.category, view.priority, view.id});
    note_failure(incident);
    tell_likeness(incident);
    if (view.acknowledged) {
        incident.ack_sampled = true;
        sample(Kpi::time_to_acknowledge, incident, Duration{0});
    }
    choose_sinks(incident);
    changed(incident);
    advance_sinks(incident);
}

void Correlator::State::alert_stopped(IncidentRecord& incident, const AlertRecord& alert, Verdict verdict) {
    --incident.view.alerts_firing;
    --incident.firing_by_severity[static_cast<std::size_t>(alert.severity)];
    tell_firing(alert);
    reassess(incident);
    add_fact(incident, verdict == Verdict::expired ? "expired" : "recovered",
             name_of(alert) +
                 (verdict == Verdict::expired ? " was not refreshed by its source and counts as over" : " recovered"));
    // One that flapped was over before it counts as over.
    if (incident.view.alerts_firing == 0) incident.last_recovery = alert.resolved_at;
    drop_stale_acknowledgements(incident);
    watch_quiet(incident);
    watch_gate(incident);
    changed(incident);
    advance_sinks(incident);
}

// A pending incident waits for the end of its hold: what comes and goes within it is gathered, not dropped and begun
// again. One that the opening gate holds has no such end, so it waits for the quiet time as an open one does.
void Correlator::State::watch_quiet(IncidentRecord& incident) {
    const bool waits_for_quiet = incident.view.state == IncidentState::open || gates.contains(incident.view.id);
    if (incident.view.alerts_firing > 0 || !waits_for_quiet) return;
    ++incident.generation;
    deadlines.set(now + incident.quiet, DeadlineKind::quiet_over, incident.view.id.value, incident.generation);
}

void Correlator::State::alert_worsened(IncidentRecord& incident, const AlertRecord& alert, Severity before) {
    --incident.firing_by_severity[static_cast<std::size_t>(before)];
    ++incident.firing_by_severity[static_cast<std::size_t>(alert.severity)];
    reassess(incident);
    add_fact(incident, "severity",
             name_of(alert) + " went from " + std::string(to_string(before)) + " to " +
                 std::string(to_string(alert.severity)));
    pass_gate(incident, alert.severity, alert.fingerprint.low, nullptr);
    changed(incident);
    advance_sinks(incident);
}

void Correlator::State::resolve(IncidentRecord& incident) {
    IncidentView& view = incident.view;
    view.state = IncidentState::resolved;
    view.resolved_at = now;
    --sizes.incidents_open;
    association.close(view.id);
    remember(incident);
    if (const auto group = groups.find(incident.group); group != groups.end() && group->second == view.id)
        groups.erase(group);
    add_fact(
        incident, "resolved",
        "all " + std::to_string(view.alerts_total) + " alerts are over and stayed so for " + to_string(incident.quiet));
    emit(IncidentResolved{view.category, view.priority, view.id});
    const Instant over = incident.last_recovery.is_set() ? std::max(incident.last_recovery, view.opened_at) : now;
    sample(Kpi::time_to_resolve, incident, over - view.opened_at - maintenance_of(incident, view.opened_at, over));
    tell_change(incident);
    advance_sinks(incident);
    retire(view.id);
}

void Correlator::State::drop(IncidentRecord& incident) {
    IncidentView& view = incident.view;
    view.state = IncidentState::dropped;
    view.resolved_at = now;
    --sizes.incidents_pending;
    association.close(view.id);
    memory.forget(view.id);
    const bool was_gated = gates.erase(view.id) > 0;
    if (const auto group = groups.find(incident.group); group != groups.end() && group->second == view.id)
        groups.erase(group);
    emit(TimelineAdded{view.id, "dropped",
                       was_gated ? "every alert recovered before more spoke for an incident: kept out, no ticket"
                                 : "no alert was left when its hold was over: never opened, no ticket"});
    tell_change(incident);
    retire(view.id);
}

void Correlator::State::acknowledge(IncidentRecord& incident, Acknowledgement by, std::string_view comment) {
    IncidentView& view = incident.view;
    const bool known = std::any_of(incident.acknowledgements.begin(), incident.acknowledgements.end(),
                                   [&by](const Acknowledgement& one) { return one.slot == by.slot; });
    note_said(incident, by.actor, comment);
    const std::string words = "acknowledged by " + by.actor + (comment.empty() ? "" : ": " + std::string(comment));
    if (known || view.acknowledged) {
        emit(TimelineAdded{view.id, "acknowledged", "also " + words});
        if (!known) incident.acknowledgements.push_back(std::move(by));
        return;
    }
    view.acknowledged = true;
    view.acknowledged_by = by.actor;
    view.acknowledged_at = now;
    incident.acknowledgements.push_back(std::move(by));
    if (view.state == IncidentState::open && !std::exchange(incident.ack_sampled, true))
        sample(Kpi::time_to_acknowledge, incident, now - view.opened_at);
    add_fact(incident, "acknowledged", words);
    changed(incident);
}

void Correlator::State::unacknowledge(IncidentRecord& incident, std::uint32_t by, std::string_view actor) {
    const std::string words = "acknowledgement taken back by " + std::string(actor);
    const auto removed =
        std::erase_if(incident.acknowledgements, [by](const Acknowledgement& one) { return one.slot == by; });
    if (removed > 0) return acknowledgements_changed(incident, words);
    if (!incident.view.acknowledged || by != Acknowledgement::by_operator) return;
    emit(TimelineAdded{incident.view.id, "unacknowledged",
                       std::string(actor) + " has nothing to take back: it was acknowledged in a source, by " +
                           incident.view.acknowledged_by + ", and ends there"});
}

// An alert's acknowledgement ends with the problem. While nothing fires there is nothing to acknowledge, and what was
// said stays: it would otherwise go a moment before the incident does.
void Correlator::State::drop_stale_acknowledgements(IncidentRecord& incident) {
    if (incident.view.alerts_firing == 0) return;
    const auto removed = std::erase_if(incident.acknowledgements, [&](const Acknowledgement& one) {
        if (one.slot == Acknowledgement::by_operator) return false;
        const AlertRecord& alert = alerts[one.slot];
        return !(alert.used && alert.firing && alert.acknowledged && alert.incident == incident.view.id);
    });
    if (removed > 0) acknowledgements_changed(incident, "the alert that was acknowledged is over, others are firing");
}

void Correlator::State::acknowledgements_changed(IncidentRecord& incident, const std::string& why) {
    IncidentView& view = incident.view;
    if (!incident.acknowledgements.empty()) {
        const std::string& holder = incident.acknowledgements.front().actor;
        emit(TimelineAdded{view.id, "acknowledged", why + "; it stays acknowledged by " + holder});
        if (view.acknowledged_by == holder) return;
        view.acknowledged_by = holder;
    } else {
        if (!view.acknowledged) return;
        view.acknowledged = false;
        view.acknowledged_by.clear();
        view.acknowledged_at = Instant{};
        add_fact(incident, "unacknowledged", why);
    }
    changed(incident);
}

void Correlator::State::reassess(IncidentRecord& incident) {
    IncidentView& view = incident.view;
    if (view.alerts_firing > 0) {
        std::size_t worst = incident.firing_by_severity.size() - 1;
        while (worst > 0 && incident.firing_by_severity[worst] == 0) --worst;
        view.severity = static_cast<Severity>(worst);
    }
    view.peak_severity = view.messages_total <= 1 ? view.severity : std::max(view.peak_severity, view.severity);
    // Urgency follows the worst that was seen: a ticket whose priority falls while it is worked on confuses its people.
    view.urgency = incident.urgency_fixed.value_or(urgency_of(view.peak_severity));
    const Priority before = view.priority;
    if (rules != nullptr)
        view.priority = rules->priority[static_cast<std::size_t>(view.impact)][static_cast<std::size_t>(view.urgency)];
    if (view.state == IncidentState::open && view.priority != before)
        add_fact(
            incident, "priority",
            "priority went from " + std::string(to_string(before)) + " to " + std::string(to_string(view.priority)));
}

void Correlator::State::add_fact(IncidentRecord& incident, std::string_view kind, std::string text) {
    ++incident.view.revision;
    emit_made([&] { return TimelineAdded{incident.view.id, std::string(kind), text}; });
    incident.facts.push_back({incident.view.revision, {now, std::move(text)}});
    if (incident.facts.size() > limits.facts_per_update_max) incident.facts.pop_front();
}

void Correlator::State::changed(IncidentRecord& incident) {
    if (out == nullptr || incident.changed) return;
    incident.changed = true;
    changed_incidents.push_back(incident.view.id);
}

void Correlator::State::tell_changes() {
    for (const IncidentId id : changed_incidents) {
        const auto found = incidents.find(id);
        if (found != incidents.end() && found->second.changed) tell_change(found->second);
    }
    changed_incidents.clear();
}

void Correlator::State::tell_change(IncidentRecord& incident) {
    incident.changed = false;
    emit_made([&incident] { return IncidentChanged{incident.view}; });
}

void Correlator::State::retire(IncidentId id) {
    const auto found = incidents.find(id);
    if (found == incidents.end()) return;
    const IncidentRecord& incident = found->second;
    const bool over = incident.view.state == IncidentState::resolved || incident.view.state == IncidentState::dropped;
    if (!over) return;
    if (!all_settled(incident)) {
        const bool only_dead = std::all_of(incident.sinks.begin(), incident.sinks.end(),
                                           [](const SinkRecord& sink) { return sink.settled || sink.dead; });
        if (only_dead)
            evictable.insert(id);
        else
            evictable.erase(id);
        return;
    }
    evictable.erase(id);
    if (incident.changed) tell_change(found->second);
    const std::vector<Slot> slots = std::move(found->second.alerts);
    incidents.erase(found);
    for (const Slot slot : slots)
        if (alerts[slot].used && alerts[slot].incident == id && !alerts[slot].firing) {
            if (!alerts[slot].forget_set) forget_if_due(slot);
        }
}

bool Correlator::State::evict_dead_incident() {
    if (evictable.empty()) return false;
    const IncidentId victim = *evictable.begin();
    drop_dead(incidents.at(victim), {});
    retire(victim);
    return true;
}

void Correlator::State::on_command(const OperatorCommand& command) {
    const auto found = incidents.find(command.incident);
    if (found == incidents.end()) return;
    IncidentRecord& incident = found->second;
    switch (command.verb) {
        case OperatorCommand::Verb::acknowledge:
            if (live_incident(command.incident) == nullptr) return;
            acknowledge(incident, {Acknowledgement::by_operator, command.actor}, command.comment);
            return advance_sinks(incident);
        case OperatorCommand::Verb::unacknowledge:
            if (live_incident(command.incident) == nullptr) return;
            unacknowledge(incident, Acknowledgement::by_operator, command.actor);
            return advance_sinks(incident);
        case OperatorCommand::Verb::retry_delivery:
            retry_dead(incident, command.sink);
            return retire(command.incident);
        case OperatorCommand::Verb::drop_delivery:
            drop_dead(incident, command.sink);
            return retire(command.incident);
    }
}

void Correlator::State::sample(Kpi kpi, const IncidentRecord& incident, Duration value) {
    emit(KpiSampled{kpi, incident.view.service, incident.view.priority, value});
}

// Maintenance within the span, by the windows that match the incident's first alert: its clocks stood meanwhile.
Duration Correlator::State::maintenance_of(const IncidentRecord& incident, Instant from, Instant to) const {
    for (const Slot slot : incident.alerts)
        if (alerts[slot].used && alerts[slot].incident == incident.view.id)
            return maintenance_within(labels_of(alerts[slot]), from, to);
    return Duration{0};
}

void Correlator::State::note_failure(const IncidentRecord& incident) {
    const bool known = service_last_opened.contains(incident.view.service);
    const std::string service =
        known || service_last_opened.size() < limits.services_max ? incident.view.service : std::string("other");
    const auto [at, first] = service_last_opened.try_emplace(service, now);
    if (first) return;
    const Duration maintained = maintenance_of(incident, at->second, now);
    emit(KpiSampled{Kpi::time_between_failures, service, incident.view.priority, now - at->second - maintained});
    at->second = now;
}

}  // namespace incidentd
