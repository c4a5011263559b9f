// A source translates requests of a monitoring system into alerts, and says what its senders must be answered.
// Pure translation: no thread, socket or clock. Used by one thread at a time (the ingest thread).
#pragma once

#include "adapters/http_message.hpp"
#include "adapters/options.hpp"
#include "correlator/alert.hpp"
#include "correlator/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct SourceRoute {
    std::string_view method;
    std::string_view path;  // below the mount, exact; trailing slash optional
};

// Why something was not taken: the metric's label, so a closed set.
enum class RejectReason : std::uint8_t {
    malformed,      // does not parse, or misses a required part
    invalid_field,  // parses, but a value is not acceptable
    too_large,      // a bound of EventLimits or of the request
    invalid_utf8,
    media_type,
    unauthorized,
    not_found,
    method,
    empty,        // nothing in it where something is required
    overloaded,   // a limit of the daemon; worth trying again
    unavailable,  // the daemon cannot store at the moment
};
std::string_view to_string(RejectReason reason);

// One alert of a request that was not taken; the others were.
struct ItemError {
    std::size_t index = 0;  // in the request's order, from 0
    RejectReason reason = RejectReason::invalid_field;
    std::string message;
};

struct ParseOutcome {
    HttpReply reply;  // sent when the batch is durable, at once when it is empty
    std::vector<ItemError> rejected;
    std::optional<ItemError> refused;  // the request as a whole; the batch is then ignored
};

class Source {
public:
    virtual ~Source() = default;

    virtual std::vector<SourceRoute> routes() const = 0;

    // The secret the sender offers. Default: "Authorization: Bearer x" or the password of Basic; nullopt when none.
    // Also asked while the body is still on its way (and empty), unless the body is a form: only a form may carry it.
    virtual std::optional<std::string> credential(const HttpRequestView& request) const;

    // Appends the request's alerts to `out`. Never throws on any input; bounded by the input's size.
    virtual ParseOutcome parse(const HttpRequestView& request, Instant received_at, AlertBatch& out) = 0;

    // The answer to a request the daemon refuses. Default: JSON {"error": message} with 401, 404, 405, 413, 415, 400,
    // 429 or 503 and Retry-After. Override where the senders need another form or code.
    virtual HttpReply refuse(RejectReason reason, std::string_view message) const;
};

struct SourceSetup {
    std::string name;  // instance name, from the configuration
    const Options& options;
    EventLimits limits;
};

struct SourceSpec {
    std::string_view name;     // the type: "prometheus"
    std::string_view summary;  // one sentence
    std::string_view mount;    // default path prefix; "{name}" stands for the instance's name; may be ""
    std::vector<OptionSpec> options;
    std::string_view example;  // YAML of its options, valid as it stands
    // Problems with a `tree` option are added to `problems`; returns nullptr then.
    std::unique_ptr<Source> (*make)(const SourceSetup& setup, Problems& problems);
};

// Answers of the default refuse().
HttpReply json_error(int status, std::string_view message);
int default_status(RejectReason reason);
void add_refusal_headers(HttpReply& reply);  // Retry-After with 429 and 503, WWW-Authenticate with 401

// For parse(): the outcome that takes nothing, with the source's own refusal as the reply.
ParseOutcome refused(const Source& source, RejectReason reason, std::string message);

// What AlertBatch::add() said, as a reason.
RejectReason reject_reason(const Error& error);

// Adds the draft to `out`, or says why not in `rejected`.
void add_alert(AlertBatch& out, const AlertDraft& draft, const EventLimits& limits, std::size_t index,
               std::vector<ItemError>& rejected);

// {"status":"ok","accepted":2,"rejected":[{"index":1,"reason":"..."}]}; 422 and "error" when nothing was accepted and
// something was rejected. At most 100 rejections are listed, the others counted as "rejected_omitted".
HttpReply batch_reply(std::size_t accepted, const std::vector<ItemError>& rejected);

// More in one request: the request is refused as too_large, so that per-alert errors stay bounded.
inline constexpr std::size_t alerts_per_request_max = 100'000;

}  // namespace incidentd
