#include "tests/scenario/world.hpp"

#include <algorithm>
#include <array>

namespace incidentd::scenario {
namespace {

bool live(const IncidentView& view) {
    return view.state == IncidentState::pending || view.state == IncidentState::open;
}

std::string line(const AlertRow& row) { return describe(row); }
std::string line(const IncidentView& view) { return describe(Effect{{}, IncidentChanged{view}}); }

}  // namespace

std::string World::observe(const Effects& effects) {
    broken_.clear();
    Instant last;
    for (const Effect& effect : effects) {
        if (effect.at < last) broken("an effect lies before the one that came first");
        last = effect.at;
        if (const auto* changed = std::get_if<IncidentChanged>(&effect.what)) take(*changed->incident);
        if (const auto* due = std::get_if<ActionDue>(&effect.what)) {
            const Delivery delivery{due->action->incident.id, due->action->sink};
            if (!outstanding_.emplace(delivery, due->action->incident.revision).second)
                broken("a second action for " + to_string(delivery.first) + " and " + delivery.second);
            if (due->action->incident.state == IncidentState::pending) broken("an action of a pending incident");
        }
        if (const auto* delivery = std::get_if<DeliveryChanged>(&effect.what))
            if (delivery->state == DeliveryState::delivered || delivery->state == DeliveryState::dead)
                if (outstanding_.erase({delivery->incident, delivery->sink}) != 1)
                    broken("a delivery ended that nobody began");
    }
    return broken_;
}

void World::take(const IncidentView& view) {
    IncidentView& known = incidents_[view.id];
    const std::string name = to_string(view.id);
    if (view.revision < known.revision) broken(name + ": its revision fell");
    if (view.messages_total < known.messages_total) broken(name + ": its message count fell");
    if (view.peak_severity < known.peak_severity && known.messages_total > 0 && known.state != IncidentState::pending)
        broken(name + ": its peak severity fell");
    if (known.id.is_set() && !live(known) && live(view)) broken(name + ": came back to life");
    if (known.state == IncidentState::open && view.state == IncidentState::pending) broken(name + ": closed again");
    if (!live(view) && view.alerts_firing > 0) broken(name + ": is over while an alert of it fires");
    known = view;
}

std::string World::check(Correlator& engine) {
    broken_.clear();
    check_alerts(engine);
    check_incidents(engine);
    check_actions(engine);
    check_read_model(engine);
    return broken_;
}

void World::check_alerts(const Correlator& engine) {
    std::uint64_t firing = 0, suppressed = 0;
    std::array<std::uint64_t, 4> by{};  // by the first kinds of SuppressionKind
    firing_.clear();
    const std::vector<std::uint32_t> slots = engine.alert_slots();
    for (const std::uint32_t slot : slots) {
        const Correlator::AlertState state = engine.alert_state(slot);
        // Its incident counts an alert as firing as long as it flaps.
        if (!state.firing && state.flapping) ++firing_[state.incident];
        if (!state.firing) continue;
        ++firing;
        if (state.suppressed) ++suppressed;
        const std::vector<SuppressionReason> reasons = engine.alert_row(slot).reasons;
        for (std::size_t kind = 0; kind < by.size(); ++kind)
            by[kind] += std::any_of(reasons.begin(), reasons.end(),
                                    [kind](const auto& why) { return static_cast<std::size_t>(why.kind) == kind; })
                            ? 1
                            : 0;
        const std::optional<IncidentView> incident = engine.find_incident(state.incident);
        const bool inside = incident && live(*incident);
        if (inside) ++firing_[state.incident];
        if (!inside && !state.suppressed && !state.waiting) broken("a firing alert is in no live incident");
    }
    const EngineSizes sizes = engine.sizes();
    if (sizes.alerts_firing != firing) broken("sizes: alerts_firing");
    if (sizes.alerts_suppressed != suppressed) broken("sizes: alerts_suppressed");
    const std::array<std::uint64_t, 4> gauges{sizes.suppressed_by_source, sizes.suppressed_by_silence,
                                              sizes.suppressed_by_maintenance, sizes.suppressed_by_inhibition};
    if (by != gauges) broken("sizes: suppressed by what");
    if (sizes.alerts_held < slots.size()) broken("sizes: alerts_held");
}

void World::check_incidents(const Correlator& engine) {
    std::uint64_t pending = 0, open = 0;
    for (const auto& [id, known] : incidents_) {
        const std::optional<IncidentView> view = engine.find_incident(id);
        if (!view) {
            if (live(known)) broken(to_string(id) + ": left memory alive");
            continue;
        }
        pending += view->state == IncidentState::pending ? 1 : 0;
        open += view->state == IncidentState::open ? 1 : 0;
        // An alert that began to fire while suppressed is in the incident without counting there.
        if (view->alerts_firing > firing_[id]) broken(to_string(id) + ": counts more firing alerts than there are");
        if (view->alerts_firing > view->alerts_total) broken(to_string(id) + ": more fire than ever joined");
    }
    const EngineSizes sizes = engine.sizes();
    if (sizes.incidents_pending != pending) broken("sizes: incidents_pending");
    if (sizes.incidents_open != open) broken("sizes: incidents_open");
}

void World::check_actions(const Correlator& engine) {
    const std::vector<Action> pending = engine.pending_actions();
    if (engine.sizes().actions_outstanding != pending.size()) broken("sizes: actions_outstanding");
    std::map<Delivery, std::uint64_t> owed;
    for (const Action& action : pending) {
        owed[{action.incident.id, action.sink}] = action.incident.revision;
        if (!action.may_have_been_sent) broken("a pending action looks as if never sent");
    }
    if (owed != outstanding_) broken("pending_actions() is not what was handed out and not reported");
}

// Effects and the visits together must give the read model everything the engine would show.
void World::check_read_model(Correlator& engine) {
    while (engine.visit_changed_alerts(3, [this](AlertRow&& row) { rows_[row.fingerprint] = std::move(row); })) {
    }
    while (engine.visit_touched_alerts(3, [this](const Correlator::AlertCount& moved) {
        rows_[moved.fingerprint].count = moved.count;
        rows_[moved.fingerprint].last_seen = moved.last_seen;
    })) {
    }
    while (engine.visit_touched_incidents(3, [this](const IncidentView& view) { take(view); })) {
    }
    for (const std::uint32_t slot : engine.alert_slots()) {
        const AlertRow row = engine.alert_row(slot);
        if (line(rows_[row.fingerprint]) != line(row))
            broken("the read model has\n  " + line(rows_[row.fingerprint]) + "\ninstead of\n  " + line(row));
    }
    for (const auto& [id, known] : incidents_) {
        const std::optional<IncidentView> view = engine.find_incident(id);
        if (view && line(*view) != line(known))
            broken("the read model has\n  " + line(known) + "\ninstead of\n  " + line(*view));
    }
}

}  // namespace incidentd::scenario
