// The closed vocabularies of alerts and incidents, and their one spelling in config, metrics, API and UI.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace incidentd {

// Ordered: a larger value is worse. `unknown` ranks between info and warning, as Nagios's UNKNOWN does for its users.
enum class Severity : std::uint8_t { info = 0, unknown = 1, warning = 2, error = 3, critical = 4 };

// What one message says of its alert.
enum class EventKind : std::uint8_t {
    firing = 0,
    resolved = 1,
    acknowledged = 2,  // a person took it in the monitoring system
    unacknowledged = 3,
    suppressed = 4,  // the source itself silences it (downtime, flapping); `text` says why
    unsuppressed = 5,
    note = 6,  // a comment; changes nothing
};

enum class Impact : std::uint8_t { low = 0, medium = 1, high = 2 };
enum class Urgency : std::uint8_t { low = 0, medium = 1, high = 2, critical = 3 };
enum class Priority : std::uint8_t { p1 = 1, p2 = 2, p3 = 3, p4 = 4, p5 = 5 };

std::string_view to_string(Severity s);   // "critical" ...
std::string_view to_string(EventKind k);  // "firing" ...
std::string_view to_string(Impact i);
std::string_view to_string(Urgency u);
std::string_view to_string(Priority p);  // "P1" ...

// Exact lower-case names (priorities: "P1".."P5"); anything else is nullopt.
std::optional<Severity> severity_from(std::string_view text);
std::optional<Impact> impact_from(std::string_view text);
std::optional<Urgency> urgency_from(std::string_view text);
std::optional<Priority> priority_from(std::string_view text);

// Severity words the monitoring world uses (page, major, minor, emerg, P1, sev2 ...), any case; nullopt when unheard
// of.
std::optional<Severity> severity_from_convention(std::string_view text);

}  // namespace incidentd
