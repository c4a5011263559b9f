// A sink turns one action into requests to a ticket system and the replies into a verdict. A session is a pure machine:
// no thread, socket or clock. The dispatcher performs its requests, and alone decides when to try again.
#pragma once

#include "adapters/http_message.hpp"
#include "adapters/options.hpp"
#include "correlator/action.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace incidentd {

constexpr Duration retry_after_max = hours(24);  // a longer wish is cut: an action must end within a day or so

struct SinkVerdict {
    enum class Kind : std::uint8_t { delivered, retry, rejected };
    Kind kind = Kind::retry;
    std::string reason;  // for people: log, dead letter
    std::string ticket;  // delivered: the ticket's id in that system
    std::string ticket_url;
    std::optional<Duration> retry_after;  // the system's own wish
    std::optional<Instant> retry_at;      // the same as a date, where only the clock of this machine can be asked
    bool unclear = false;                 // it may have taken effect: look up before doing it again
    bool system_failed = false;           // no answer or a 5xx: the system is sick, not this request
};

SinkVerdict delivered(std::string ticket, std::string url);
SinkVerdict retry(std::string reason, bool unclear);
SinkVerdict rejected(std::string reason);

using SinkStep = std::variant<HttpCall, SinkVerdict>;

// The request got no usable answer.
struct NoAnswer {
    bool may_have_arrived = true;  // false: refused before anything was sent
    std::string reason;
};

class SinkSession {
public:
    virtual ~SinkSession() = default;
    virtual SinkStep start() = 0;
    virtual SinkStep resume(const HttpAnswer& answer) = 0;
    // Default: retry, unclear if it may have arrived.
    virtual SinkStep resume(const NoAnswer& failure);
};

struct Attempt {
    unsigned number = 1;         // from 1
    bool look_up_first = false;  // an earlier attempt's end is unknown
    Instant now;                 // for signatures and time stamps
};

class Sink {
public:
    virtual ~Sink() = default;
    // `action` outlives the session.
    virtual std::unique_ptr<SinkSession> begin(const Action& action, const Attempt& attempt) const = 0;
};

struct SinkSetup {
    std::string name;  // instance name, from the configuration
    const Options& options;
    std::string external_url;  // of this daemon, for links; without trailing slash
    std::string user_agent;    // "incidentd/0.1.0"
};

struct SinkSpec {
    std::string_view name;  // the type: "request_tracker"
    std::string_view summary;
    std::vector<OptionSpec> options;
    std::string_view example;  // YAML of its options, valid as it stands
    std::unique_ptr<Sink> (*make)(const SinkSetup& setup, Problems& problems);
};

// What most systems mean: 2xx delivered is the session's business; 408, 425, 429 and 5xx are worth a retry (with
// Retry-After, in seconds or as a date), everything else is rejected.
SinkVerdict verdict_of_failure(const HttpAnswer& answer, std::string_view what);

// The page of the incident in this daemon's console; "" without an external URL. Sinks use it as a link and look-up
// key, so it is made here alone.
std::string incident_url(const IncidentView& incident, std::string_view external_url);

// At most `bytes_max` bytes of `text`, cut at a character's border and then marked "...".
std::string cut_text(std::string_view text, std::size_t bytes_max);

// A plain-text account of an action for a ticket's body or comment: what, since when, which alerts, what changed, link.
std::string render_text(const Action& action, std::string_view external_url);

}  // namespace incidentd
