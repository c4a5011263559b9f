#include "correlator/correlator.hpp"

#include "correlator/state.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

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
        state.adopt(in.compiled);
        if (!same_topology) state.use_topology();
        state.rules_hash = in.hash;
        state.rules_text = in.text;
    }
    void operator()(const OperatorCommand& in) const { state.on_command(in); }
    void operator()(const Tick&) const {}
    void operator()(const Started&) const {}
    void operator()(const SilenceSet& in) const { state.on_silence_set(in); }
    void operator()(const SilenceExpired& in) const { state.on_silence_expired(in); }
    void operator()(const TopologyChanged& in) const { state.on_topology_changed(in); }
};

}  // namespace

void Correlator::apply(const Input& input, Instant now, Effects& out) { state_->apply(input, now, &out); }
void Correlator::replay(const Input& input, Instant now) { state_->apply(input, now, nullptr); }

void Correlator::State::apply(const Input& input, Instant at, Effects* effects) {
    assert(at >= now);
    out = effects;
    if (const auto* started = std::get_if<Started>(&input)) no_expiry_before = at + started->grace;
    while (const std::optional<Deadline> due = deadlines.pop_due(at)) {
        // A deadline set by an earlier one may lie before it; time still never goes backwards.
        if (due->at > now) now = due->at;
        fire(*due);
        tell_changes();
    }
    now = at;
    outcomes = Outcomes{};  // of the input alone: what a deadline did was nobody's message
    std::visit(Apply{*this}, input);
    tell_changes();
    out = nullptr;
}

void Correlator::State::activate(std::shared_ptr<const RuleSet> set) {
    rules = std::move(set);
    indexes = rules == nullptr ? nullptr : rules->index;
    if (rules != nullptr && indexes == nullptr) indexes = std::make_shared<const RuleIndex>(*rules);
    const LearnSettings learn = rules == nullptr ? LearnSettings{} : rules->learn;
    association.set_learning(learn);
    if (!learn.recurrence) memory = IncidentMemory{};
}

void Correlator::State::fire(const Deadline& due) {
    if (due.kind == DeadlineKind::alert_expires || due.kind == DeadlineKind::alert_forgotten) {
        const auto slot = static_cast<Slot>(due.subject);
        if (alerts[slot].generation != due.generation) return;
        return due.kind == DeadlineKind::alert_expires ? on_expiry(slot) : forget_if_due(slot);
    }
    if (due.kind == DeadlineKind::flapping_over) {
        const auto slot = static_cast<Slot>(due.subject);
        if (alerts[slot].generation == due.generation) on_flapping_deadline(slot);
        return;
    }
    if (due.kind == DeadlineKind::storm_over) return on_storm_deadline(due.subject);
    if (due.kind == DeadlineKind::absence_due)
        return on_absence_deadline(static_cast<std::uint32_t>(due.subject), due.generation);
    if (due.kind == DeadlineKind::silence_changes) {
        const auto found = suppressions.silences.find(static_cast<std::uint32_t>(due.subject));
        if (found != suppressions.silences.end() && found->second.generation == due.generation)
            follow_silence(found->first, {});
        return;
    }
    const auto found = incidents.find(IncidentId{due.subject});
    if (found == incidents.end()) return;
    IncidentRecord& incident = found->second;
    const IncidentState state = incident.view.state;
    switch (due.kind) {
        case DeadlineKind::hold_over:
            if (state != IncidentState::pending) return;
            if (attach_symptom(incident)) return;
            if (gates.contains(incident.view.id)) return watch_gate(incident);
            return incident.view.alerts_firing > 0 ? open(incident) : drop(incident);
        case DeadlineKind::quiet_over:
            if (incident.generation != due.generation) return;
            if (state == IncidentState::open) resolve(incident);
            if (state == IncidentState::pending && gates.contains(incident.view.id) && !attach_symptom(incident))
                drop(incident);
            return;
        case DeadlineKind::update_due:
            incident.sinks[due.detail].update_set = false;
            return advance(incident, due.detail);
        case DeadlineKind::alert_expires:
        case DeadlineKind::alert_forgotten:
        case DeadlineKind::flapping_over:
        case DeadlineKind::silence_changes:
        case DeadlineKind::storm_over:
        case DeadlineKind::absence_due:
            return;
    }
}

void Correlator::note_refreshes(std::span<AlertEvent> events, Changed& changed) const {
    // A clear ends alerts of other fingerprints: what comes after it is journaled whole.
    constexpr Fingerprint everything{};
    bool all_may_change = changed.contains(everything);
    // One that fires since before its rule came by a reload: its message is a clear now, each time.
    const State& state = *state_;
    const auto is_clear = [&state](const AlertEvent& event) {
        return state.rules != nullptr && !state.rules->pairs.empty() &&
               state.indexes->pair_clears.first(event.labels, state.match_memory) != MatcherIndex::none;
    };
    for (AlertEvent& event : events) {
        event.refresh =
            !all_may_change && state.is_refresh(event) && !changed.contains(event.fingerprint) && !is_clear(event);
        if (event.refresh) continue;
        changed.insert(event.fingerprint);
        if (!all_may_change && state_->may_clear_others(event)) all_may_change = changed.insert(everything).second;
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

bool Correlator::visit_changed_alerts(std::size_t most, const std::function<void(AlertRow&&)>& visit) {
    State& state = *state_;
    for (AlertRow& row : state.last_rows) visit(std::move(row));
    state.last_rows.clear();
    for (; most > 0 && !state.changed_alerts.empty(); --most) {
        const State::Slot slot = state.changed_alerts.front();
        state.changed_alerts.pop_front();
        AlertRecord& alert = state.alerts[slot];
        alert.changed = false;
        if (alert.used) visit(state.row(slot));
    }
    return !state.changed_alerts.empty();
}

bool Correlator::visit_touched_alerts(std::size_t most, const std::function<void(const AlertCount&)>& visit) {
    State& state = *state_;
    for (; most > 0 && !state.touched.empty(); --most) {
        const State::Slot slot = state.touched.front();
        state.touched.pop_front();
        AlertRecord& alert = state.alerts[slot];
        alert.touched = false;
        if (alert.used && !alert.changed) visit({alert.fingerprint, alert.count, alert.last_seen});
    }
    return !state.touched.empty();
}

void Correlator::forget_changes_before(Instant known) {
    State& state = *state_;
    std::erase_if(state.changed_alerts, [&state, known](State::Slot slot) {
        AlertRecord& alert = state.alerts[slot];
        const bool is_known = std::max(alert.last_seen, alert.resolved_at) < known;
        if (is_known) alert.changed = false;
        return is_known;
    });
}

bool Correlator::visit_touched_incidents(std::size_t most, const std::function<void(const IncidentView&)>& visit) {
    State& state = *state_;
    for (; most > 0 && !state.touched_incidents.empty(); --most) {
        const auto found = state.incidents.find(state.touched_incidents.front());
        state.touched_incidents.pop_front();
        if (found == state.incidents.end()) continue;  // the effect of its end told everything
        found->second.touched = false;
        visit(found->second.view);
    }
    return !state.touched_incidents.empty();
}

bool Correlator::has_changed_alerts() const { return !state_->changed_alerts.empty() || !state_->last_rows.empty(); }

std::vector<std::uint32_t> Correlator::alert_slots() const {
    std::vector<std::uint32_t> slots;
    slots.reserve(state_->sizes.alerts_held);
    for (State::Slot slot = 0; slot < state_->alerts.end(); ++slot)
        if (state_->alerts[slot].used && state_->alerts[slot].ever_fired) slots.push_back(slot);
    return slots;
}

Correlator::AlertState Correlator::alert_state(std::uint32_t slot) const {
    const AlertRecord& alert = state_->alerts[slot];
    return {alert.used,
            alert.firing,
            alert.suppressed,
            alert.acknowledged,
            state_->is_flapping(slot),
            state_->is_waiting(slot),
            alert.incident,
            alert.expires_at};
}

AlertRow Correlator::alert_row(std::uint32_t slot) const { return state_->row(slot); }

std::optional<std::uint32_t> Correlator::find_alert(Fingerprint fingerprint) const {
    return state_->alert_index.find(fingerprint);
}

std::vector<Silence> Correlator::silences() const { return state_->told_silences(); }

bool Correlator::takes_silence() const { return state_->takes_silence(); }

std::optional<Silence> Correlator::find_silence(std::string_view id) const {
    const Suppressions& all = state_->suppressions;
    if (const auto found = all.by_id.find(id); found != all.by_id.end()) return all.silences.at(found->second).told;
    for (const auto& [number, record] : all.silences)
        if (record.told.is_of_rules && record.told.id == id) return state_->with_window(record);
    return std::nullopt;
}

Correlator::SuppressedBy Correlator::suppressed_by(std::uint32_t slot) const { return state_->suppressed_by(slot); }

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
