// What the engine wants done in the world: values, each with its reason and an idempotency key.
#pragma once

#include "correlator/incident.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace incidentd {

enum class ActionKind : std::uint8_t { open_ticket = 0, update_ticket = 1, resolve_ticket = 2 };

std::string_view to_string(ActionKind kind);  // "open_ticket" ...

// Something that happened to an incident since the sink was last told, in words for its people.
struct Fact {
    Instant at;
    std::string text;
};

// Bring one sink's ticket of one incident up to `revision`. At most one action per (incident, sink) is outstanding: the
// next one follows its DeliveryReported, and then carries everything that happened meanwhile.
struct Action {
    ActionKind kind = ActionKind::open_ticket;
    std::string sink;
    std::string reason;                // "opened: first alert", "alerts joined", "all alerts resolved" ...
    std::string idempotency_key;       // "<incident key>/<revision>", constant over retries and restarts
    bool may_have_been_sent = false;   // handed out before a crash: look the ticket up before creating one
    std::string ticket;                // the sink's ticket; empty for open_ticket
    IncidentView incident;             // as of `incident.revision`
    std::vector<AlertSummary> alerts;  // worst first, at most EngineLimits::alerts_shown_in_ticket_max
    std::vector<Fact> facts;           // oldest first, at most EngineLimits::facts_per_update_max
    std::uint64_t facts_omitted = 0;   // older ones that did not fit
};

}  // namespace incidentd
