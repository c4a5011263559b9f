#include "daemon/replay/run.hpp"

#include "correlator/enrich.hpp"
#include "correlator/rule_index.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {

ReplayRun::ReplayRun(ReplayRules rules, Correlator engine, bool keep_steps)
    : rules_(std::move(rules)), engine_(std::move(engine)), keep_steps_(keep_steps) {}

// Deadline by deadline, so that a delivery due at one of them is reported before the next. A recording that is replayed
// as it was holds its own ticks.
void ReplayRun::catch_up(Instant to) {
    if (rules_.set == nullptr) return;
    for (auto due = engine_.next_deadline(); due && *due < to; due = engine_.next_deadline())
        perform(Tick{}, std::max(*due, engine_.now()));
}

void ReplayRun::apply(const Input& input, Instant at) {
    decided_.clear();
    if (const auto* received = std::get_if<AlertsReceived>(&input)) tally_.messages += received->events.size();
    if (rules_.set != nullptr) {
        if (std::holds_alternative<DeliveryReported>(input)) return;
        if (std::holds_alternative<RulesActivated>(input)) return;
        if (std::holds_alternative<OperatorCommand>(input)) {
            ++tally_.commands_left_out;
            return;
        }
        catch_up(at);
        if (engine_.rules() != rules_.set && !std::holds_alternative<Genesis>(input))
            perform(RulesActivated{rules_.bundle.hash(), rules_.bundle.serialise(), rules_.set}, at);
    }
    perform(input, at);
}

bool ReplayRun::is_onset(const AlertEvent& event) {
    return !decided_.empty() && std::find(decided_.begin(), decided_.end(), alert_of(event)) != decided_.end();
}

// Where a dedup rule says so, several identities of a source are one alert. A repetition bears no labels to ask it by:
// the message before it did.
Fingerprint ReplayRun::alert_of(const AlertEvent& event) {
    const RuleSet* rules = engine_.rules().get();
    if (rules == nullptr || rules->dedup.empty()) return event.fingerprint;
    if (event.refresh) {
        const auto known = identities_.find(event.fingerprint);
        return known == identities_.end() ? event.fingerprint : known->second;
    }
    LabelSheet labels(event.labels);
    if (rules->index == nullptr)
        enrich(rules->enrich, event, labels);
    else
        enrich(rules->enrich, rules->index->enrich, match_memory_, event, labels);
    const DedupRule* rule = dedup_rule(rules->dedup, labels.view());
    const Fingerprint alert =
        rule == nullptr ? event.fingerprint : dedup_fingerprint(*rule, event.source, labels.view());
    identities_.insert_or_assign(event.fingerprint, alert);
    return alert;
}

void ReplayRun::perform(const Input& input, Instant at) {
    effects_.clear();
    engine_.apply(input, at, effects_);
    for (Effect& effect : effects_) note(effect);
    while (!reports_.empty()) {
        const std::vector<DeliveryReported> reports = std::exchange(reports_, {});
        for (const DeliveryReported& report : reports) {
            effects_.clear();
            engine_.apply(report, at, effects_);
            for (Effect& effect : effects_) note(effect);
        }
    }
}

void ReplayRun::note(Effect& effect) {
    if (watcher_) watcher_(effect);
    if (auto* decided = std::get_if<AlertDecided>(&effect.what)) return note_decision(*decided);
    if (auto* changed = std::get_if<IncidentChanged>(&effect.what)) {
        const IncidentId id = changed->incident->id;
        if (changed->incident->merged_into.is_set()) merged_[id] = changed->incident->merged_into;
        if (changed->incident->state == IncidentState::dropped) {
            ++tally_.dropped;
            note_over(id);
            incidents_.erase(id);
            return;
        }
        if (keep_steps_) note_roots(*changed->incident, effect.at);
        if (keep_steps_ && changed->incident->state == IncidentState::open)
            steps_.push_back({effect.at, id, IncidentStep::Kind::update});
        incidents_.insert_or_assign(id, std::move(*changed->incident));
    } else if (auto* opened = std::get_if<IncidentOpened>(&effect.what)) {
        ++tally_.opened;
        if (keep_steps_) steps_.push_back({effect.at, opened->incident, IncidentStep::Kind::open});
    } else if (auto* resolved = std::get_if<IncidentResolved>(&effect.what)) {
        ++tally_.resolved;
        note_over(resolved->incident);
        if (keep_steps_) steps_.push_back({effect.at, resolved->incident, IncidentStep::Kind::close});
    } else if (auto* due = std::get_if<ActionDue>(&effect.what)) {
        note_action(*due->action);
    }
}

void ReplayRun::note_roots(const IncidentView& view, Instant at) {
    const auto known = incidents_.find(view.id);
    if (view.roots.empty() || (known != incidents_.end() && known->second.roots == view.roots)) return;
    RootStep step{at, view.id, {}};
    for (const RootCandidate& root : view.roots) step.entities.push_back(root.entity);
    root_steps_.push_back(std::move(step));
}

void ReplayRun::note_over(IncidentId id) {
    if (over_.size() <= id.value) over_.resize(id.value + 1);
    over_[id.value] = true;
}

void ReplayRun::note_decision(const AlertDecided& decided) {
    switch (decided.verdict) {
        case Verdict::opened:
        case Verdict::joined:
        case Verdict::rejoined:
            note_onset(decided.alert).in_incident = true;
            return note_incident(decided);
        case Verdict::suppressed:
            note_onset(decided.alert).suppressed = true;
            return;
        case Verdict::waiting:
            note_onset(decided.alert);
            return;
        case Verdict::resolved:
        case Verdict::expired:
            return note_end(decided.alert);
        default:
            return;
    }
}

ReplayRun::Episode& ReplayRun::note_onset(Fingerprint alert) {
    decided_.push_back(alert);
    const auto [episode, begins] = episodes_.try_emplace(alert);
    if (begins) ++tally_.alerts;
    return episode->second;
}

void ReplayRun::note_end(Fingerprint alert) {
    waiting_.erase(alert);
    const auto episode = episodes_.find(alert);
    if (episode == episodes_.end()) return;
    count(episode->second);
    episodes_.erase(episode);
}

void ReplayRun::count(const Episode& episode) {
    tally_.in_incidents += episode.in_incident ? 1 : 0;
    tally_.suppressed += !episode.in_incident && episode.suppressed ? 1 : 0;
}

void ReplayRun::note_incident(const AlertDecided& decided) {
    const auto found = waiting_.find(decided.alert);
    if (found == waiting_.end()) return;
    for (const std::uint32_t number : found->second)
        incident_of_[number] = static_cast<std::uint32_t>(decided.incident.value);
    waiting_.erase(found);
}

void ReplayRun::note_action(Action& action) {
    SinkTally& sink = tally_.sinks[action.sink];
    switch (action.kind) {
        case ActionKind::open_ticket:
            ++sink.created;
            break;
        case ActionKind::update_ticket:
            ++sink.updated;
            break;
        case ActionKind::resolve_ticket:
            ++sink.resolved;
            break;
    }
    if (rules_.set == nullptr) return;  // the recording holds what its sinks said
    DeliveryReported report;
    report.incident = action.incident.id;
    report.sink = action.sink;
    report.revision = action.incident.revision;
    report.kind = action.kind;
    report.delivered = true;
    report.ticket = action.ticket;
    if (report.ticket.empty()) report.ticket = action.sink + "-" + std::to_string(++tickets_[action.sink]);
    reports_.push_back(std::move(report));
}

void ReplayRun::follow(const AlertEvent& event, std::uint32_t number) {
    if (incident_of_.size() <= number) incident_of_.resize(number + 1, 0);
    const Fingerprint alert = alert_of(event);
    const auto slot = engine_.find_alert(alert);
    if (!slot) return;
    const Correlator::AlertState state = engine_.alert_state(*slot);
    if (state.incident.is_set() && !(state.firing && is_over(state.incident))) {
        incident_of_[number] = static_cast<std::uint32_t>(state.incident.value);
        return;
    }
    if (state.firing) waiting_[alert].push_back(number);
}

void ReplayRun::finish() {
    for (const auto& [alert, episode] : episodes_) count(episode);
    std::erase_if(incidents_, [](const auto& one) { return !one.second.opened_at.is_set(); });
    for (auto& [id, view] : incidents_) {
        if (auto known = engine_.find_incident(id)) view = std::move(*known);
        RuleTally& rule = tally_.rules[view.rule];
        ++rule.incidents;
        rule.alerts += view.alerts_total;
        ++tally_.priorities[std::string(to_string(view.priority))];
        tally_.open_at_end += view.state == IncidentState::open ? 1 : 0;
    }
    for (std::uint32_t& incident : incident_of_) {
        incident = static_cast<std::uint32_t>(survivor(IncidentId{incident}).value);
        if (incident != 0 && !incidents_.contains(IncidentId{incident})) incident = 0;
    }
}

IncidentId ReplayRun::survivor(IncidentId id) const {
    for (auto next = merged_.find(id); next != merged_.end(); next = merged_.find(id)) id = next->second;
    return id;
}

}  // namespace incidentd
