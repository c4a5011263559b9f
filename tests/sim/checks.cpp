#include "tests/sim/checks.hpp"

#include "daemon/recovery.hpp"

namespace incidentd::sim {

std::string name_of_message(Instant start) { return "message " + std::to_string(start.ms % 100'000'000); }

void Checks::begin_life(bool from_kept) {
    if (from_kept) read_model_ = kept_;
    std::erase_if(durable_, [this](const auto& message) { return message.second > truncated_; });
    read_ = truncated_;
    last_at_ = Instant{};
}

void Checks::truncated(Sequence through) {
    read_journal();
    truncated_ = std::max(truncated_, through);
}

void Checks::take(const ReleasedEffects& effects) {
    for (const Effect& effect : effects.effects) {
        if (const auto* changed = std::get_if<IncidentChanged>(&effect.what)) {
            const IncidentView& view = *changed->incident;
            const auto [known, is_new] =
                read_model_.incidents.try_emplace(view.id, Known{view.key, view.title, view.began_at});
            if (!is_new && (known->second.key != view.key || known->second.began != view.began_at))
                throw Violation(to_string(view.id) + " became another incident");
            known->second.resolved = view.state == IncidentState::resolved;
            read_model_.by_key[view.key] = view.id;
        }
        if (const auto* delivery = std::get_if<DeliveryChanged>(&effect.what))
            read_model_.deliveries[{delivery->incident, delivery->sink}] = delivery->state;
    }
    read_model_.reflects = effects.sequence;
}

void Checks::advance(Sequence through) { read_model_.reflects = std::max(read_model_.reflects, through); }

void Checks::caught_up(const ReleasedEffects& effects) {
    if (effects.sequence <= read_model_.reflects) return;  // the read model has it
    take(effects);
}

void Checks::released(const ReleasedEffects& effects) {
    if (effects.sequence > journal_.durable())
        throw Violation("effects of entry " + std::to_string(effects.sequence.value) +
                        " were let go while the disk holds only " + std::to_string(journal_.durable().value));
    if (effects.sequence <= read_model_.reflects) throw Violation("effects were let go out of order");
    take(effects);
}

// Reads what became durable since, with the record's own codec only.
void Checks::read_journal() {
    DecodeScratch scratch;
    (void)journal_.read({read_.value + 1}, [&](const JournalEntry& entry) {
        if (entry.sequence > journal_.durable()) return false;
        if (entry.at < last_at_) throw Violation("time goes backwards in the journal");
        last_at_ = entry.at;
        read_ = entry.sequence;
        const Result<Input> input = decode(entry.record, scratch);
        if (!input) throw Violation("a record does not decode: " + input.error().message);
        if (const auto* alerts = std::get_if<AlertsReceived>(&*input))
            for (const AlertEvent& event : alerts->events)
                durable_.try_emplace(name_of_message(event.starts_at), read_);
        return true;
    });
}

void Checks::acknowledged(const std::string& message) {
    read_journal();
    if (!durable_.contains(message)) throw Violation(message + " was acknowledged but is not durable");
    acknowledged_.insert(message);
}

void Checks::all_acknowledged_are_durable() {
    read_journal();
    for (const std::string& message : acknowledged_)
        if (!durable_.contains(message)) throw Violation(message + " was acknowledged, and lost in the crash");
}

void Checks::engine(const Correlator& engine, const EngineLimits& limits) {
    std::map<IncidentId, std::uint64_t> firing;
    for (const std::uint32_t slot : engine.alert_slots()) {
        const Correlator::AlertState alert = engine.alert_state(slot);
        if (!alert.firing) continue;
        const auto incident =
            alert.incident.is_set() ? engine.find_incident(alert.incident) : std::optional<IncidentView>();
        const bool is_live =
            incident && (incident->state == IncidentState::open || incident->state == IncidentState::pending);
        if (!is_live && !alert.suppressed)
            throw Violation("\"" + engine.alert_row(slot).title + "\" fires outside of any live incident");
        if (is_live) ++firing[alert.incident];
    }
    for (const auto& [id, count] : firing)
        if (engine.find_incident(id)->alerts_firing > count)
            throw Violation(to_string(id) + " counts more firing alerts than it has");
    const EngineSizes sizes = engine.sizes();
    if (sizes.incidents_open + sizes.incidents_pending > limits.incidents_max + 1U)
        throw Violation("more incidents than the limit and its overflow incident");
    std::set<std::pair<IncidentId, std::string>> outstanding;
    const std::vector<Action> pending = engine.pending_actions();
    if (pending.size() != sizes.actions_outstanding) throw Violation("outstanding actions are miscounted");
    for (const Action& action : pending) {
        if (!outstanding.insert({action.incident.id, action.sink}).second)
            throw Violation("two actions are out for " + action.incident.key + " at " + action.sink);
        if (action.facts.size() > limits.facts_per_update_max) throw Violation("an action carries too many facts");
        if (action.alerts.size() > limits.alerts_shown_in_ticket_max)
            throw Violation("an action shows too many alerts");
    }
}

void Checks::replay_equals(const Correlator& engine, Instant now, const EngineLimits& limits, Log& log) {
    Result<Recovered> replayed = recover(journal_, limits, log);
    if (!replayed) throw Violation("the journal does not replay: " + replayed.error().message);
    Effects none;
    replayed->engine.apply(Tick{}, now, none);
    if (!none.empty()) throw Violation("the replay does what the daemon has not done: " + describe(none.front()));
    if (replayed->engine.digest() != engine.digest()) throw Violation("replay and daemon have different digests");
}

void Checks::tickets(const TicketSystem& system, const std::string& sink, bool settled) {
    const auto& [incidents, by_key, deliveries, reflects] = read_model_;
    std::set<std::string> keys;
    for (const Ticket& ticket : system.tickets()) {
        const auto known = by_key.find(ticket.key);
        if (known == by_key.end()) throw Violation(sink + ": a ticket for " + ticket.key + ", which never was");
        const Known& incident = incidents.at(known->second);
        if (!ticket.subject.ends_with(incident.title))
            throw Violation(sink + ": " + ticket.key + " is \"" + incident.title + "\", its ticket \"" +
                            ticket.subject + "\"");
        if (!ticket.began_at.empty() && ticket.began_at != to_rfc3339(incident.began))
            throw Violation(sink + ": the ticket of " + ticket.key + " belongs to another incident");
        keys.insert(ticket.key);
        if (!settled) continue;
        const auto delivery = deliveries.find({known->second, sink});
        if (delivery == deliveries.end()) throw Violation(sink + ": nobody ordered a ticket for " + ticket.key);
        if (ticket.resolved != incident.resolved && delivery->second != DeliveryState::dropped)
            throw Violation(sink + ": " + ticket.key + " is " + (incident.resolved ? "" : "not ") +
                            "resolved, unlike its ticket");
    }
    if (!settled) return;
    for (const auto& [what, state] : deliveries)
        if (what.second == sink && state != DeliveryState::dropped && !keys.contains(incidents.at(what.first).key))
            throw Violation(sink + ": no ticket for " + incidents.at(what.first).key);
}

std::vector<std::pair<IncidentId, std::string>> Checks::dead() const {
    std::vector<std::pair<IncidentId, std::string>> out;
    for (const auto& [what, state] : read_model_.deliveries)
        if (state == DeliveryState::dead) out.push_back(what);
    return out;
}

}  // namespace incidentd::sim
