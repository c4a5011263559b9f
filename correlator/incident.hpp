// An incident as others see it: a value, copied out of the engine when it changes.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

enum class IncidentState : std::uint8_t {
    pending = 0,  // its rule's hold runs; nobody was told
    open = 1,
    resolved = 2,  // every alert stayed resolved for the quiet time; takes no more alerts
    dropped = 3,   // all alerts resolved within the hold: never opened, kept in the record
};

std::string_view to_string(IncidentState state);

struct AlertSummary {
    Fingerprint fingerprint;
    std::string source;
    std::string title;
    std::string text;  // the source's own words: plugin output, description
    Severity severity = Severity::unknown;
    bool firing = false;
    std::uint64_t count = 0;  // messages received, this one included
    Instant first_seen, last_seen;
    std::string url;
    std::vector<std::pair<std::string, std::string>> labels;
};

// An entity that may be the cause of an incident.
struct RootCandidate {
    std::string entity;
    std::uint32_t percent = 0;  // of the blame
    bool silent = false;        // sent no alert itself
    std::string reason;         // in words a person can check
    friend bool operator==(const RootCandidate&, const RootCandidate&) = default;
};

constexpr std::size_t likenesses_max = 3;      // of one incident
constexpr std::size_t ending_bytes_max = 300;  // of each text on what ended an incident; cut

// An earlier incident that one resembles, and what is known of its end.
struct Likeness {
    IncidentId incident;
    std::uint32_t percent = 0;  // of what failed in either that failed in both, as estimated
    bool same_cause = false;    // the likeliest root cause of both is the same
    Instant ended_at;
    Duration lasted;
    std::uint64_t times = 1;         // so many were just the same, this one the last
    std::uint64_t alerts = 0;        // that it had
    std::string said_by, said;       // the last that people said about it; empty: nobody did, its alerts just ended
    std::string ticket, ticket_url;  // of the first of its sinks that made one
    friend bool operator==(const Likeness&, const Likeness&) = default;
};
std::string ending_of(const Likeness& likeness);  // "ann said "grew the volume"", "its alert ended by itself"
std::string to_string(const Likeness& likeness, Instant now);  // "INC-12 (3 days ago, over after 14 minutes: ...)"

struct IncidentView {
    IncidentId id;
    std::string key;  // "incidentd-<instance>-<n>", written into every ticket
    IncidentState state = IncidentState::pending;
    std::string title;
    std::string rule;     // the correlation rule that formed it
    std::string because;  // why this incident exists, in words
    std::string service;  // what MTTR and MTBF are kept for
    std::string category;
    std::string assignment_group;
    Severity severity = Severity::unknown;       // worst firing now; the last one when none fires
    Severity peak_severity = Severity::unknown;  // never falls
    Impact impact = Impact::medium;
    Urgency urgency = Urgency::medium;
    Priority priority = Priority::p3;
    bool acknowledged = false;
    std::string acknowledged_by;
    Instant began_at;   // first alert received
    Instant opened_at;  // hold over, told to the sinks
    Instant acknowledged_at;
    Instant resolved_at;
    std::uint64_t alerts_total = 0;  // distinct fingerprints that ever joined
    std::uint64_t alerts_firing = 0;
    std::uint64_t messages_total = 0;  // alert messages received for it
    std::uint64_t revision = 0;        // grows with each change that sinks are told of
    std::vector<std::pair<std::string, std::string>> group_labels;
    std::vector<RootCandidate> roots;  // the likeliest first; only for rules of `op: topology`
    IncidentId merged_into;            // what goes on instead of this one; unset: not merged
    std::vector<Likeness> earlier;  // ended ones like this, the most similar first; as of its opening or a later look
};

}  // namespace incidentd
