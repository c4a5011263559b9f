#include "correlator/correlator.hpp"

#include "correlator/state.hpp"

#include <cassert>

namespace incidentd {

Correlator::Correlator(EngineLimits limits, std::uint64_t hash_salt)
    : state_(std::make_unique<State>(limits, hash_salt)) {}
Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

namespace {

struct Apply {
    Correlator::State& state;
    void operator()(const Genesis& in) const { state.instance = in.instance; }
    void operator()(const AlertsReceived& in) const {
        for (const AlertEvent& event : in.events) state.on_event(event);
    }
    void operator()(const DeliveryReported& in) const { state.on_report(in); }
    void operator()(const RulesActivated& in) const {
        assert(in.compiled != nullptr);
        const bool same_topology = state.rules != nullptr && state.rules->topology == in.compiled->topology;
        state.activate(in.compiled);
        if (!same_topology) state.use_topology();
        state.rules_hash = in.hash;
        state.rules_text = in.text;
    }
    void operator()(const OperatorCommand& in) const { state.on_command(in); }
    void operator()(const Tick&) const {}
    void operator()(const Started&) const {}
};

}  // namespace

void Correlator::apply(const Input& input, Instant now, Effects& out) {
    State& state = *state_;
    assert(now >= state.now);
    state.out = &out;
    if (const auto* started = std::get_if<Started>(&input)) state.no_expiry_before = now + started->grace;
    while (const std::optional<Deadline> due = state.deadlines.pop_due(now)) {
        // A deadline set by an earlier one may lie before it; time still never goes backwards.
        if (due->at > state.now) state.now = due->at;
        state.fire(*due);
    }
    state.now = now;
    state.outcomes = Outcomes{};  // of the input alone: what a deadline did was nobody's message
    std::visit(Apply{state}, input);
    state.out = nullptr;
}

void Correlator::State::activate(std::shared_ptr<const RuleSet> set) {
    rules = std::move(set);
    rule_index = rules == nullptr ? nullptr : rules->index;
    if (rules != nullptr && rule_index == nullptr) rule_index = std::make_shared<const RuleIndex>(*rules);
}

void Correlator::State::fire(const Deadline& due) {
    if (due.kind == DeadlineKind::alert_expires || due.kind == DeadlineKind::alert_forgotten) {
        const auto slot = static_cast<Slot>(due.subject);
        if (alerts[slot].generation != due.generation) return;
        return due.kind == DeadlineKind::alert_expires ? on_expiry(slot) : forget_if_due(slot);
    }
    const auto found = incidents.find(IncidentId{due.subject});
    if (found == incidents.end()) return;
    IncidentRecord& incident = found->second;
    const IncidentState state = incident.view.state;
    switch (due.kind) {
        case DeadlineKind::hold_over:
            if (state != IncidentState::pending) return;
            if (gates.contains(incident.view.id)) return gate_waited(incident);
            return incident.view.alerts_firing > 0 ? open(incident) : drop(incident);
        case DeadlineKind::quiet_over:
            if (incident.generation != due.generation) return;
            if (state == IncidentState::open) resolve(incident);
            if (state == IncidentState::pending && gates.contains(incident.view.id)) drop(incident);
            return;
        case DeadlineKind::update_due:
            incident.sinks[due.detail].update_set = false;
            return advance(incident, due.detail);
        case DeadlineKind::alert_expires:
        case DeadlineKind::alert_forgotten:
            return;
    }
}

void Correlator::note_refreshes(std::span<AlertEvent> events, Changed& changed) const {
    for (AlertEvent& event : events) {
        event.refresh = state_->is_refresh(event) && !changed.contains(event.fingerprint);
        if (!event.refresh) changed.insert(event.fingerprint);
    }
}

std::optional<Instant> Correlator::next_deadline() const { return state_->deadlines.next(); }

std::vector<Action> Correlator::pending_actions() const {
    std::vector<Action> actions;
    for (const auto& [id, incident] : state_->incidents)
        for (const SinkRecord& sink : incident.sinks)
            if (sink.outstanding) {
                actions.push_back(state_->make_action(incident, sink));
                actions.back().may_have_been_sent = true;
            }
    return actions;
}

std::uint64_t Correlator::digest() const { return state_->digest(); }

EngineSizes Correlator::sizes() const { return state_->sizes; }
const Outcomes& Correlator::last_outcomes() const { return state_->outcomes; }
const std::string& Correlator::instance() const { return state_->instance; }
const std::shared_ptr<const RuleSet>& Correlator::rules() const { return state_->rules; }
const std::string& Correlator::rules_hash() const { return state_->rules_hash; }
Instant Correlator::now() const { return state_->now; }

void Correlator::describe_state(const std::function<void(Effect&&)>& visit) const { state_->describe_state(visit); }

bool Correlator::visit_touched(std::size_t most, const std::function<void(const AlertRow&)>& visit) {
    State& state = *state_;
    for (std::size_t i = 0; i < most && !state.touched.empty(); ++i) {
        const State::Slot slot = state.touched.back();
        state.touched.pop_back();
        AlertRecord& alert = state.alerts[slot];
        if (!alert.used || !alert.touched) continue;
        alert.touched = false;
        if (alert.ever_fired) visit(state.row(slot));
    }
    return !state.touched.empty();
}

void Correlator::visit_touched_incidents(const std::function<void(const IncidentView&)>& visit) {
    for (const IncidentId id : state_->touched_incidents) {
        const auto found = state_->incidents.find(id);
        if (found == state_->incidents.end()) continue;
        found->second.touched = false;
        visit(found->second.view);
    }
    state_->touched_incidents.clear();
}

std::vector<std::uint32_t> Correlator::alert_slots() const {
    std::vector<std::uint32_t> slots;
    slots.reserve(state_->sizes.alerts_held);
    for (State::Slot slot = 0; slot < state_->alerts.end(); ++slot)
        if (state_->alerts[slot].used && state_->alerts[slot].ever_fired) slots.push_back(slot);
    return slots;
}

Correlator::AlertState Correlator::alert_state(std::uint32_t slot) const {
    const AlertRecord& alert = state_->alerts[slot];
    return {alert.used, alert.firing, alert.suppressed, alert.acknowledged, alert.incident, alert.expires_at};
}

AlertRow Correlator::alert_row(std::uint32_t slot) const { return state_->row(slot); }

std::optional<std::uint32_t> Correlator::find_alert(Fingerprint fingerprint) const {
    const auto found = state_->alert_index.find(fingerprint);
    return found == state_->alert_index.end() ? std::nullopt : std::optional<std::uint32_t>(found->second);
}

std::optional<bool> Correlator::has_dead_delivery(IncidentId id, std::string_view sink) const {
    const auto found = state_->incidents.find(id);
    if (found == state_->incidents.end()) return std::nullopt;
    bool known = sink.empty(), dead = false;
    for (const SinkRecord& record : found->second.sinks) {
        if (!sink.empty() && record.name != sink) continue;
        known = true;
        dead = dead || record.dead || (record.update_lost && !record.outstanding);
    }
    return known ? std::optional<bool>(dead) : std::nullopt;
}

std::optional<IncidentView> Correlator::find_incident(IncidentId id) const {
    const auto found = state_->incidents.find(id);
    return found == state_->incidents.end() ? std::nullopt : std::optional<IncidentView>(found->second.view);
}

}  // namespace incidentd
