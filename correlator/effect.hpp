// What apply() gives back: decisions and changes as values, in order. The shell performs, stores or counts them.
#pragma once

#include "correlator/action.hpp"
#include "correlator/boxed.hpp"
#include "correlator/incident.hpp"
#include "correlator/labels.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace incidentd {

// What became of one alert message that was more than a repetition.
enum class Verdict : std::uint8_t {
    opened = 0,      // began an incident
    joined = 1,      // joined an incident that was there
    rejoined = 2,    // fired again within its incident
    suppressed = 3,  // kept and counted, but opens nothing: silenced by its source or a silence, or inhibited
    resolved = 4,    // the source says it is over
    expired = 5,     // the source's promised refresh did not come
    severity_changed = 6,
    acknowledged = 7,
    unacknowledged = 8,
    noted = 9,
    stale = 10,          // a late repetition of a problem already resolved; changes nothing
    unknown_alert = 11,  // a recovery, acknowledgement or note without a problem
    table_full = 12,     // EngineLimits::alerts_max reached; kept in the journal only
    merged = 13,         // by a dedup rule one of several messages that are the same alert
    cleared = 14,        // by a pair rule the end of other alerts, and none itself
    flapping = 15,       // changes too often, or stopped doing so; its incident stays as it is meanwhile
    waiting = 16,        // of a rule that asks for more than one alert: opens nothing yet
};
constexpr std::size_t verdict_count = 17;

std::string_view to_string(Verdict verdict);  // "joined" ...

// Stored with the alert and shown by `incidentd explain`.
struct AlertDecided {
    Fingerprint alert;
    Verdict verdict = Verdict::opened;
    IncidentId incident;  // 0: none
    std::string rule;     // empty: no rule was asked
    std::string because;  // the reason in words a person can check
};

// Why an alert that fires is not told as others are. The first four suppress it: it opens nothing.
enum class SuppressionKind : std::uint8_t {
    source = 0,       // its source says so
    silence = 1,      // of the API or of the rules
    maintenance = 2,  // a maintenance window
    inhibition = 3,   // another alert fires that explains it
    flapping = 4,     // its incident counts it as firing until it is quiet
    storm = 5,        // it came in a storm, whose incident has it
};
std::string_view to_string(SuppressionKind kind);
struct SuppressionReason {
    SuppressionKind kind = SuppressionKind::source;
    std::string by;  // a silence's id, or a rule's name; empty: the source itself
    Instant since;
    friend bool operator==(const SuppressionReason&, const SuppressionReason&) = default;
};

// An alert as the read model keeps it. No effect: what is told of alerts is their latest state, when there is time for
// it (Correlator::visit_changed_alerts).
struct AlertRow {
    Fingerprint fingerprint;
    std::uint64_t alertmanager_fingerprint = 0;
    std::string source, key, title, text, url;
    OwnedLabels labels, annotations;
    Severity severity = Severity::unknown;
    bool firing = false;
    bool suppressed = false;
    std::vector<SuppressionReason> reasons;  // in the order of their kinds; of one that does not fire: its source's
    bool acknowledged = false;
    std::uint64_t count = 0;
    Instant starts_at, first_seen, last_seen, resolved_at;
    IncidentId incident;
};

// Boxed: the few large ones would make every effect as large. At most once an incident for each input and each deadline
// that fired: as it is in the end.
struct IncidentChanged {
    Boxed<IncidentView> incident;
};
struct TimelineAdded {
    IncidentId incident;
    std::string kind;
    std::string text;
};
struct ActionDue {
    Boxed<Action> action;
};
// Where one sink stands with one incident.
enum class DeliveryState : std::uint8_t { due = 0, delivered = 1, dead = 2, dropped = 3 };
std::string_view to_string(DeliveryState state);
struct DeliveryChanged {
    IncidentId incident;
    std::string sink;
    ActionKind kind = ActionKind::open_ticket;
    DeliveryState state = DeliveryState::due;
    std::uint64_t revision = 0;
    std::string ticket, ticket_url, detail;
};

// Clock of all three: receipt time, the instant incidentd learned of it. Seconds would lose nothing; kept in ms.
enum class Kpi : std::uint8_t {
    time_to_acknowledge = 0,    // opened_at -> acknowledged_at
    time_to_resolve = 1,        // opened_at -> the last alert's end; the quiet time after it was not an outage
    time_between_failures = 2,  // opened_at -> opened_at of the service's next incident; dropped ones never failed
};
struct KpiSampled {
    Kpi kpi = Kpi::time_to_resolve;
    std::string service;
    Priority priority = Priority::p3;
    Duration value;
};
struct IncidentOpened {
    std::string category;
    Priority priority = Priority::p3;
    IncidentId incident;
};
struct IncidentResolved {
    std::string category;
    Priority priority = Priority::p3;
    IncidentId incident;
};

// An open incident was found to be like one that ended earlier: once an incident.
struct IncidentRecurred {
    std::string category;
    Priority priority = Priority::p3;
    IncidentId incident;
};

struct Effect {
    Instant at;  // the input's time, or the deadline's that fired
    std::variant<AlertDecided, IncidentChanged, TimelineAdded, ActionDue, DeliveryChanged, KpiSampled, IncidentOpened,
                 IncidentResolved, IncidentRecurred>
        what;
};

using Effects = std::vector<Effect>;

// One line of text per effect with every field; two equal effects give equal bytes. For tests, digests and replay
// diffs.
std::string describe(const Effect& effect);
std::string describe(const AlertRow& row);

}  // namespace incidentd
