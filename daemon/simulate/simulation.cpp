#include "daemon/simulate/simulation.hpp"

#include "correlator/entity_name.hpp"
#include "simulator/lines.hpp"

#include <algorithm>
#include <map>

namespace incidentd {
namespace {

using simulator::Message;

class Play {
public:
    explicit Play(SimulationRequest request)
        : topology_(request.rules.set->topology), run_(std::move(request.rules), Correlator{}, true) {
        result_.rules = run_.rules().name;
        result_.from = request.options.start;
        result_.to = request.options.start + request.options.length;
        result_.storm = std::make_unique<simulator::Storm>(std::move(request.options), std::move(request.estate));
        run_.watch([this](const Effect& effect) { note(effect); });
    }

    Simulation result() {
        run_.apply(Genesis{"simulation", INCIDENTD_VERSION}, result_.from);
        for (Message message; result_.storm->next(message); ++result_.messages) send(message);
        run_.apply(Tick{}, result_.to);
        run_.finish();
        result_.steps = run_.steps();
        collect();
        return std::move(result_);
    }

private:
    void send(const Message& message) {
        AlertBatch batch(message.check->source);
        writer_.fill(message, draft_);
        if (!batch.add(draft_, EventLimits{})) return;
        const AlertEvent& event = batch.events().front();
        const auto [at, is_new] = numbers_.try_emplace(event.fingerprint, result_.alerts.size());
        if (is_new) {
            SimulatedAlert& alert = result_.alerts.emplace_back();
            alert.source = message.check->source, alert.host = message.check->host;
            alert.check = message.check->name, alert.severity = message.check->severity;
            alert.title = message.title(), alert.first = message.received;
            alert.failure = message.incident;
        }
        SimulatedAlert& alert = result_.alerts[at->second];
        if (alert.failure == simulator::no_incident) alert.failure = message.incident;
        ++alert.messages;
        current_ = at->second;
        run_.apply(AlertsReceived{batch.events()}, message.received);
        current_ = none;
    }

    // A dedup rule may have made another identity of it: then the message that is being applied is meant.
    SimulatedAlert* alert_of(Fingerprint fingerprint) {
        const auto found = numbers_.find(fingerprint);
        if (found != numbers_.end()) return &result_.alerts[found->second];
        return current_ == none ? nullptr : &result_.alerts[current_];
    }

    void note(const Effect& effect) {
        if (const auto* decided = std::get_if<AlertDecided>(&effect.what)) {
            SimulatedAlert* alert = alert_of(decided->alert);
            if (alert == nullptr) return;
            const bool placed = decided->verdict == Verdict::opened || decided->verdict == Verdict::joined;
            if (decided->incident.is_set()) alert->incident = decided->incident;
            if (!placed && !alert->because.empty()) return;
            alert->verdict = to_string(decided->verdict);
            alert->because = decided->because;
        } else if (const auto* due = std::get_if<ActionDue>(&effect.what)) {
            tickets_[due->action->incident.id].push_back(
                {effect.at, due->action->incident.id, due->action->sink, due->action->kind});
        }
    }

    void collect() {
        std::map<IncidentId, std::size_t> place;
        for (const auto& [id, view] : run_.incidents()) {
            place.emplace(id, result_.incidents.size());
            result_.incidents.push_back({view, {}, std::move(tickets_[id])});
        }
        for (std::size_t i = 0; i < result_.alerts.size(); ++i) {
            SimulatedAlert& alert = result_.alerts[i];
            alert.incident = run_.survivor(alert.incident);
            const auto found = place.find(alert.incident);
            if (found == place.end())
                alert.incident = {};
            else
                result_.incidents[found->second].alerts.push_back(i);
        }
    }

    static constexpr std::size_t none = SIZE_MAX;
    std::shared_ptr<const Topology> topology_;
    ReplayRun run_;
    Simulation result_;
    simulator::DraftWriter writer_;
    AlertDraft draft_;
    std::map<Fingerprint, std::size_t> numbers_;
    std::size_t current_ = none;
    std::map<IncidentId, std::vector<SimulatedTicketStep>> tickets_;
};

}  // namespace

Simulation simulate(SimulationRequest request) { return Play(std::move(request)).result(); }

bool names_failure(const Simulation& simulation, const RootCandidate& candidate, std::uint32_t failure) {
    const simulator::Incident& incident = simulation.storm->incidents()[failure - 1];
    const std::string& name = simulation.storm->estate().at(incident.root).name;
    return candidate.entity == name || canonical_name(candidate.entity) == canonical_name(name);
}

SimulatedVerdict verdict_on(const Simulation& simulation, std::uint32_t failure) {
    SimulatedVerdict verdict;
    std::map<IncidentId, std::uint64_t> held;
    for (const SimulatedAlert& alert : simulation.alerts) {
        if (alert.failure != failure) continue;
        ++verdict.alerts;
        if (alert.incident.is_set()) ++held[alert.incident];
    }
    verdict.incidents = held.size();
    for (const auto& [id, count] : held)
        if (count > verdict.in_main) verdict.main = id, verdict.in_main = count;
    for (const SimulatedIncident& incident : simulation.incidents) {
        if (incident.view.id != verdict.main) continue;
        verdict.strangers = incident.alerts.size() - verdict.in_main;
        verdict.has_candidates = !incident.view.roots.empty();
        for (std::size_t i = incident.view.roots.size(); i > 0; --i)
            if (names_failure(simulation, incident.view.roots[i - 1], failure)) verdict.root_rank = i;
    }
    return verdict;
}

std::string simulation_lines(simulator::StormOptions options, simulator::Estate estate) {
    simulator::Storm storm(std::move(options), std::move(estate));
    std::string out;
    for (Message message; storm.next(message);) simulator::append_replay_line(message, out);
    return out;
}

}  // namespace incidentd
