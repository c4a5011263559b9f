// A failure played through the engine under somebody's rules: what would be told, and what they would make of it.
#pragma once

#include "daemon/replay/run.hpp"
#include "simulator/storm.hpp"

#include <memory>
#include <string>
#include <vector>

namespace incidentd {

struct SimulationRequest {
    simulator::StormOptions options;  // with what fails; keep_faults is set
    simulator::Estate estate;
    ReplayRules rules;
};

// One alert of the simulation: all messages of one check.
struct SimulatedAlert {
    std::string source, host, check, title, severity;
    std::uint32_t failure = simulator::no_incident;  // number of what it belongs to, from 1
    std::uint64_t messages = 0;
    Instant first;
    IncidentId incident;           // the last one that it was in; not set: none
    std::string verdict, because;  // of the decision that put it there, or of the last one
};

struct SimulatedTicketStep {
    Instant at;
    IncidentId incident;
    std::string sink;
    ActionKind kind = ActionKind::open_ticket;
};

struct SimulatedIncident {
    IncidentView view;
    std::vector<std::size_t> alerts;  // by number, in order of their first message
    std::vector<SimulatedTicketStep> tickets;
};

struct Simulation {
    std::unique_ptr<simulator::Storm> storm;  // the failures and their faults
    std::string rules;                        // how they are called
    Instant from, to;
    std::uint64_t messages = 0;
    std::vector<SimulatedAlert> alerts;        // in order of their first message
    std::vector<SimulatedIncident> incidents;  // that opened, by number
    std::vector<IncidentStep> steps;           // of incidents, in order
};

Simulation simulate(SimulationRequest request);

// What the failure came to: the incident that holds most of its alerts.
struct SimulatedVerdict {
    std::uint64_t alerts = 0;     // of the failure
    std::uint64_t in_main = 0;    // of these in `main`
    IncidentId main;              // not set: none opened
    std::uint64_t incidents = 0;  // that hold any of them
    std::uint64_t strangers = 0;  // other alerts in `main`
    std::size_t root_rank = 0;    // of the failed entity among the candidates of `main`, from 1; 0: it is not named
    bool has_candidates = false;  // `main` names any
};
SimulatedVerdict verdict_on(const Simulation& simulation, std::uint32_t failure);

// `rank`: from 1; whether this candidate is what failed.
bool names_failure(const Simulation& simulation, const RootCandidate& candidate, std::uint32_t failure);

// `listed`: alerts and entities shown of each list at most.
std::string simulation_text(const Simulation& simulation, std::size_t listed);
std::string simulation_json(const Simulation& simulation);
// The messages alone, a line each (simulator/lines.hpp).
std::string simulation_lines(simulator::StormOptions options, simulator::Estate estate);

}  // namespace incidentd
