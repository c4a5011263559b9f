// What the engine keeps in memory of each alert and incident. Private to correlator/.
#pragma once

#include "correlator/action.hpp"
#include "correlator/alert_words.hpp"
#include "correlator/incident.hpp"
#include "correlator/string_pool.hpp"
#include "correlator/time.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

// One a fingerprint, a million of them at once: what most alerts lack belongs into a table of its own.
struct AlertRecord {
    Fingerprint fingerprint;
    AlertWords words;
    std::uint64_t details_hash = 0;
    Instant starts_at, first_seen, last_seen, expires_at, resolved_at;
    Instant expiry_watch;  // the earliest alert_expires deadline that stands in the heap; absent: none
    IncidentId incident;
    std::uint32_t count = 0;  // of messages; stays at its highest value once there
    StringPool::Handle source = 0;
    StringPool::Handle key = 0;
    StringPool::Handle episode = 0;
    std::uint32_t generation = 0;  // of the slot: grows when the record is freed
    Severity severity = Severity::unknown;
    bool used = false;
    bool firing = false;
    bool suppressed = false;
    bool acknowledged = false;
    bool counted = false;  // its incident counts it as firing; false for one that began to fire while suppressed
    bool forget_set = false;
    bool resolved_by_message = false;
    bool ever_fired = false;
    bool touched = false;  // waits in the list of visit_touched_alerts()
    bool changed = false;  // waits in the list of visit_changed_alerts()

    void add_message() {
        if (count < UINT32_MAX) ++count;
    }
};
static_assert(sizeof(AlertRecord) <= 136, "memory per active alert: see docs/decisions/0006-memory-and-restart.md");

struct SinkRecord {
    std::string name;
    Duration update_every{0};
    std::uint64_t delivered_revision = 0;  // what the ticket really shows
    std::uint64_t told_revision = 0;       // later facts are still to be sent; ahead of the former after a lost update
    std::uint64_t outstanding_revision = 0;
    std::string ticket, ticket_url;
    Instant last_sent;
    ActionKind outstanding_kind = ActionKind::open_ticket;
    bool outstanding = false;
    bool created = false;      // the ticket exists
    bool settled = false;      // resolved there; nothing more is sent
    bool dead = false;         // a dead opening or resolution waits for an operator
    bool update_lost = false;  // the last update is a dead letter; later ones go on without its facts
    bool update_set = false;
};

struct IncidentFact {
    std::uint64_t revision = 0;
    Fact fact;
};

// Who acknowledged an incident: an operator, or somebody in a source for one of its alerts.
struct Acknowledgement {
    static constexpr std::uint32_t by_operator = UINT32_MAX;
    std::uint32_t slot = by_operator;
    std::string actor;
};

struct IncidentRecord {
    IncidentView view;
    Fingerprint group;  // hash of rule and group values
    Duration within{0}, quiet{0}, max_age{0};
    bool ack_sampled = false;              // its time to acknowledge was given
    std::optional<Urgency> urgency_fixed;  // of the rule; otherwise it follows the severity
    std::uint32_t max_alerts = 0;
    bool gathers_storm = false;  // of a storm rule
    Instant last_onset;
    Instant last_recovery;         // when its last firing alert ended; what time to resolve counts to
    bool touched = false;          // waits in the list of visit_touched_incidents()
    bool changed = false;          // its IncidentChanged waits for the end of the input or deadline under way
    std::uint32_t generation = 0;  // grows when a pending quiet or hold deadline no longer counts
    std::array<std::uint32_t, 5> firing_by_severity{};
    std::vector<std::uint32_t> alerts;              // slots, in the order of joining
    std::deque<IncidentFact> facts;                 // newest EngineLimits::facts_per_update_max
    std::vector<SinkRecord> sinks;                  // at most 32
    std::vector<Acknowledgement> acknowledgements;  // in the order given, at most one an alert and one of operators
    std::vector<std::pair<std::string, std::string>> route_labels;
};

}  // namespace incidentd
