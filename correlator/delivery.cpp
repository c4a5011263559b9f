// What each sink is owed: at most one action per incident and sink is out; its report decides the next. What happens
// meanwhile piles up as facts and goes out as one update.
#include "correlator/routing.hpp"
#include "correlator/state.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t sinks_per_incident_max = 32;

constexpr std::size_t severities = static_cast<std::size_t>(Severity::critical) + 1;
constexpr std::size_t ranks = 2 * severities;

std::size_t rank(const AlertRecord& alert) {
    return (alert.firing ? severities : 0) + static_cast<std::size_t>(alert.severity);
}

std::string reason_for(ActionKind kind, const IncidentView& incident) {
    switch (kind) {
        case ActionKind::open_ticket:
            return "the incident opened";
        case ActionKind::update_ticket:
            return "the incident changed";
        case ActionKind::resolve_ticket:
            if (incident.merged_into.is_set())
                return "it is part of " + to_string(incident.merged_into) + ", where work goes on";
            return "all alerts are over";
    }
    return {};
}

}  // namespace

void Correlator::State::choose_sinks(IncidentRecord& incident) {
    if (rules == nullptr) return;
    const std::vector<LabelView> labels = route_labels(incident.view);
    indexes->routes.each(labels, match_memory, [&](MatcherIndex::Rule at) {
        const Route& route = rules->routes[at];
        for (const std::string& name : route.to) {
            const bool known = std::any_of(incident.sinks.begin(), incident.sinks.end(),
                                           [&name](const SinkRecord& sink) { return sink.name == name; });
            if (known || incident.sinks.size() >= sinks_per_incident_max) continue;
            SinkRecord sink;
            sink.name = name;
            sink.update_every = route.update_every;
            incident.sinks.push_back(std::move(sink));
        }
        return route.proceed;
    });
}

void Correlator::State::advance_sinks(IncidentRecord& incident) {
    if (incident.view.state == IncidentState::pending) return;
    for (std::size_t i = 0; i < incident.sinks.size(); ++i) advance(incident, i);
}

void Correlator::State::advance(IncidentRecord& incident, std::size_t sink_index) {
    SinkRecord& sink = incident.sinks[sink_index];
    if (sink.outstanding || sink.settled || sink.dead) return;
    if (!sink.created) return hand_out(incident, sink, ActionKind::open_ticket);
    if (incident.view.state == IncidentState::resolved) return hand_out(incident, sink, ActionKind::resolve_ticket);
    if (sink.told_revision >= incident.view.revision) return;
    const Instant due = sink.last_sent + sink.update_every;
    if (due <= now) return hand_out(incident, sink, ActionKind::update_ticket);
    if (sink.update_set) return;
    sink.update_set = true;
    deadlines.set(due, DeadlineKind::update_due, incident.view.id.value, 0, static_cast<std::uint8_t>(sink_index));
}

void Correlator::State::hand_out(IncidentRecord& incident, SinkRecord& sink, ActionKind kind) {
    // An opening that is tried again after its dead letter keeps its revision, so its key: a system that had done it
    // after all recognises it, and the resolution that may follow has a key of its own.
    const bool is_repeated = kind == ActionKind::open_ticket && sink.outstanding_revision != 0;
    sink.outstanding = true;
    sink.outstanding_kind = kind;
    if (!is_repeated) sink.outstanding_revision = incident.view.revision;
    sink.last_sent = now;
    ++sizes.actions_outstanding;
    emit(DeliveryChanged{incident.view.id,
                         sink.name,
                         kind,
                         DeliveryState::due,
                         sink.outstanding_revision,
                         sink.ticket,
                         sink.ticket_url,
                         {}});
    emit_made([&] {
        Action action = make_action(incident, sink);
        action.may_have_been_sent = is_repeated;
        return ActionDue{std::move(action)};
    });
}

Action Correlator::State::make_action(const IncidentRecord& incident, const SinkRecord& sink) const {
    Action action;
    action.kind = sink.outstanding_kind;
    action.sink = sink.name;
    action.reason = reason_for(sink.outstanding_kind, incident.view);
    action.idempotency_key = incident.view.key + "/" + std::to_string(sink.outstanding_revision);
    action.ticket = sink.ticket;
    action.incident = incident.view;
    // The revision the report will speak of; the rest may be newer after a restart, which only makes the text fresher.
    action.incident.revision = sink.outstanding_revision;
    for (const Slot slot : worst_alerts(incident)) action.alerts.push_back(summary(slot));
    for (const IncidentFact& fact : incident.facts)
        if (fact.revision > sink.told_revision && fact.revision <= sink.outstanding_revision)
            action.facts.push_back(fact.fact);
    action.facts_omitted = sink.outstanding_revision - sink.delivered_revision - action.facts.size();
    return action;
}

// The worst first, of equal ones those that joined first. An incident may hold ten thousand; a few are shown, so none
// is compared with another.
std::vector<Correlator::State::Slot> Correlator::State::worst_alerts(const IncidentRecord& incident) const {
    std::array<std::vector<Slot>, ranks> by_rank;
    const std::size_t most = limits.alerts_shown_in_ticket_max;
    for (const Slot slot : incident.alerts) {
        const AlertRecord& alert = alerts[slot];
        if (!alert.used || alert.incident != incident.view.id) continue;
        std::vector<Slot>& equals = by_rank[rank(alert)];
        if (equals.size() < most) equals.push_back(slot);
        if (by_rank.back().size() >= most) break;  // nothing comes before these
    }
    std::vector<Slot> worst;
    for (auto equals = by_rank.rbegin(); equals != by_rank.rend(); ++equals)
        for (const Slot slot : *equals)
            if (worst.size() < most) worst.push_back(slot);
    return worst;
}

void Correlator::State::on_report(const DeliveryReported& report) {
    const auto found = incidents.find(report.incident);
    if (found == incidents.end()) return;
    IncidentRecord& incident = found->second;
    const auto at = std::find_if(incident.sinks.begin(), incident.sinks.end(),
                                 [&report](const SinkRecord& sink) { return sink.name == report.sink; });
    // A report twice, or of an action nobody waits for: the first one counted.
    if (at == incident.sinks.end() || !at->outstanding || at->outstanding_revision != report.revision) return;
    SinkRecord& sink = *at;
    sink.outstanding = false;
    --sizes.actions_outstanding;
    if (!report.ticket.empty()) sink.ticket = report.ticket;
    if (!report.ticket_url.empty()) sink.ticket_url = report.ticket_url;
    emit(DeliveryChanged{incident.view.id, sink.name, sink.outstanding_kind,
                         report.delivered ? DeliveryState::delivered : DeliveryState::dead, report.revision,
                         sink.ticket, sink.ticket_url, report.detail});
    const std::string ticket = sink.name + (sink.ticket.empty() ? std::string() : " ticket " + sink.ticket);
    if (report.delivered) {
        sink.delivered_revision = report.revision;
        sink.told_revision = report.revision;
        sink.update_lost = false;
        sink.created = true;
        sink.settled = sink.outstanding_kind == ActionKind::resolve_ticket;
        emit(TimelineAdded{incident.view.id, "delivered",
                           ticket + ": " + std::string(to_string(sink.outstanding_kind)) + " done"});
    } else {
        emit(TimelineAdded{
            incident.view.id, "delivery_dead",
            ticket + ": " + std::string(to_string(sink.outstanding_kind)) + " failed for good: " + report.detail});
        // A lost update must keep neither later ones nor the resolution back, which its words might: they go on without
        // its facts, until an operator wants it tried again. A lost opening or resolution waits for people.
        if (sink.outstanding_kind == ActionKind::update_ticket) {
            sink.told_revision = report.revision;
            sink.update_lost = true;
        } else {
            sink.dead = true;
        }
    }
    advance(incident, static_cast<std::size_t>(at - incident.sinks.begin()));
    retire(incident.view.id);
}

// Everything since the last delivery goes out again, at once: somebody mended what was wrong and wants to see it work.
void Correlator::State::retry_dead(IncidentRecord& incident, std::string_view name) {
    for (std::size_t i = 0; i < incident.sinks.size(); ++i) {
        SinkRecord& sink = incident.sinks[i];
        if (!(sink.dead || sink.update_lost) || (!name.empty() && sink.name != name)) continue;
        if (sink.outstanding) continue;  // a later one is on its way
        const bool only_update = !std::exchange(sink.dead, false);
        sink.update_lost = false;
        sink.told_revision = sink.delivered_revision;
        if (only_update && incident.view.state == IncidentState::open)
            hand_out(incident, sink, ActionKind::update_ticket);
        else
            advance(incident, i);
    }
}

void Correlator::State::drop_dead(IncidentRecord& incident, std::string_view name) {
    for (SinkRecord& sink : incident.sinks) {
        if (!(sink.dead || sink.update_lost) || (!name.empty() && sink.name != name)) continue;
        if (sink.outstanding) continue;
        if (std::exchange(sink.dead, false)) sink.settled = true;
        sink.update_lost = false;
        emit(DeliveryChanged{incident.view.id, sink.name, sink.outstanding_kind, DeliveryState::dropped,
                             sink.outstanding_revision, sink.ticket, sink.ticket_url, "dropped"});
    }
}

bool Correlator::State::all_settled(const IncidentRecord& incident) const {
    return std::all_of(incident.sinks.begin(), incident.sinks.end(),
                       [](const SinkRecord& sink) { return sink.settled; });
}

}  // namespace incidentd
