#include "tests/sim/simulation.hpp"

#include "correlator/fingerprint.hpp"

#include <algorithm>

namespace incidentd::sim {

Simulation::Simulation(std::uint64_t seed, Equipment& equipment) : stage_(seed), host_(stage_, equipment) {
    sources_.push_back(make_edge_source(stage_, host_));
    sources_.push_back(make_level_source(stage_, host_));
}

void Simulation::one_event() {
    if (!stage_.run_next()) throw Violation("nothing is left to do");
    host_.check();
}

void Simulation::trouble() {
    if (stage_.calm) return;
    Random& random = stage_.random;
    for (const auto& source : sources_)
        if (random.one_in(2)) source->change_something();
    if (random.one_in(12)) {
        stage_.fault("clock step");
        stage_.skew = random.up_to(minutes(2)) - minutes(1);
    }
    if (random.one_in(25)) host_.reload_rules();
    if (random.one_in(10)) {
        OperatorCommand command;
        command.verb = static_cast<OperatorCommand::Verb>(random.below(2));  // acknowledge or retry
        command.incident = IncidentId{1 + random.below(12)};
        command.actor = "ann";
        host_.command(command);
    }
    if (random.one_in(20)) host_.crash();
    stage_.after(seconds(1) + random.up_to(seconds(40)), [this] { trouble(); });
}

void Simulation::retry_dead_letters() {
    for (const auto& [incident, sink] : host_.checks().dead()) {
        OperatorCommand command;
        command.verb = OperatorCommand::Verb::retry_delivery;
        command.incident = incident;
        command.sink = sink;
        host_.command(command);
    }
}

bool Simulation::knows_the_truth() {
    wrong_.clear();
    if (!host_.is_idle()) return false;
    const Correlator& engine = *host_.engine();
    for (const auto& source : sources_) {
        if (!source->has_told_all()) return false;
        for (const Condition& condition : source->conditions()) {
            AlertBatch batch(source->name());
            const std::string key = source->key_of(condition);
            AlertDraft draft;
            draft.key = key;
            draft.labels = {{"alertname", condition.key}, {"host", condition.host}, {"service", condition.service}};
            (void)batch.add(draft, EventLimits{});
            const auto slot = engine.find_alert(batch.events().front().fingerprint);
            const bool fires = slot && engine.alert_state(*slot).firing;
            if (fires != condition.firing)
                wrong_ += "; " + condition.key + (fires ? " fires here only" : " fires at its source only");
        }
    }
    return wrong_.empty();
}

bool Simulation::is_all_over() const {
    const EngineSizes sizes = host_.engine()->sizes();
    return sizes.alerts_firing == 0 && sizes.incidents_open == 0 && sizes.incidents_pending == 0 &&
           sizes.actions_outstanding == 0 && host_.checks().dead().empty();
}

std::string Simulation::left_over() const {
    if (host_.engine() == nullptr) return " (the daemon is down)";
    const EngineSizes sizes = host_.engine()->sizes();
    return " (" + std::to_string(sizes.alerts_firing) + " alerts firing, " + std::to_string(sizes.incidents_open) +
           " incidents open, " + std::to_string(sizes.incidents_pending) + " pending, " +
           std::to_string(sizes.actions_outstanding) + " actions out, " + std::to_string(host_.checks().dead().size()) +
           " dead letters" + wrong_ + ")";
}

void Simulation::until(const std::string& what, Duration most, const std::function<bool()>& reached) {
    const Instant end = stage_.now + most;
    while (!reached()) {
        if (stage_.now > end) throw Violation("after " + to_string(most) + " of calm: " + what + left_over());
        retry_dead_letters();
        const Instant next_look = stage_.now + seconds(20);
        while (stage_.now < next_look) one_event();
    }
}

void Simulation::run() {
    stage_.after({0}, [this] { host_.start(); });
    stage_.after(seconds(5), [this] { trouble(); });
    const Instant calm_from = stage_.now + minutes(4) + stage_.random.up_to(minutes(16));
    while (stage_.now < calm_from) one_event();
    stage_.calm = true;
    stage_.skew = Duration{0};
    stage_.say("calm: no more faults");
    for (const auto& source : sources_) source->calm_down(false);
    until("what fires is not what the sources say, or something is still owed", hours(3),
          [this] { return knows_the_truth(); });
    stage_.say("every source recovers");
    for (const auto& source : sources_) source->calm_down(true);
    until("alerts, incidents or actions are left", hours(6), [this] { return knows_the_truth() && is_all_over(); });
    host_.check_replay();
    host_.check_tickets(true);
}

}  // namespace incidentd::sim
