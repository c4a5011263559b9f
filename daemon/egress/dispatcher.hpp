// Decides which action is attempted when: order per incident, N in flight and a rate per sink, retry with backoff and
// jitter, a breaker for systems that are down, dead letters. A pure machine: time is passed in, requests and reports
// come out. egress.* gives it a thread and a socket.
#pragma once

#include "adapters/sink.hpp"
#include "correlator/action.hpp"
#include "correlator/input.hpp"
#include "correlator/time.hpp"
#include "daemon/egress/breaker.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

struct SinkPolicy {
    std::string name;
    const Sink* sink = nullptr;  // owned by the app, outlives the dispatcher
    std::uint32_t in_flight_max = 4;
    Duration retry_first = seconds(1);
    Duration retry_most = minutes(5);
    Duration give_up_after = hours(24);
    std::uint32_t breaker_failures = 5;  // in a row, without an answer or with a 5xx; 0: no breaker
    std::uint32_t rate_per_minute = 0;   // attempts begun; 0: no limit
    std::uint32_t rate_burst = 1;
};

using CallId = std::uint64_t;

// A request to perform now; answer with Dispatcher::answered() or failed().
struct CallDue {
    CallId id = 0;
    std::string sink;
    IncidentId incident;
    HttpCall call;
};

// For log and metrics: how one attempt ended.
struct AttemptEnded {
    std::string sink;
    IncidentId incident;
    ActionKind kind = ActionKind::open_ticket;
    unsigned attempt = 1;
    SinkVerdict verdict;
    std::optional<Instant> again_at;  // of a retry
};

// For log and metrics: what the breaker of a sink did.
struct BreakerChanged {
    std::string sink;
    BreakerState state = BreakerState::closed;
    unsigned failures = 0;         // in a row
    std::string reason;            // the last failure, when it opened
    std::optional<Instant> until;  // when it opened: the probe comes then
};

struct DispatcherOutput {
    std::vector<CallDue> calls;
    std::vector<DeliveryReported> reports;  // for the inbox, in order
    std::vector<AttemptEnded> attempts;
    std::vector<BreakerChanged> breakers;
};

class Dispatcher {
public:
    // `seed` of the jitter: the same seed and the same calls give the same outputs.
    Dispatcher(std::vector<SinkPolicy> sinks, std::uint64_t seed);
    ~Dispatcher();

    // From now on the `now` of every call is so far ahead of the wall clock, which is what others sign and date by.
    void clock_is_ahead(Duration by);

    // An action that is here already (same idempotency key) is taken once. For an unknown sink the report says so.
    void submit(Action action, Instant now, DispatcherOutput& out);
    void answered(CallId id, const HttpAnswer& answer, Instant now, DispatcherOutput& out);
    void failed(CallId id, const NoAnswer& failure, Instant now, DispatcherOutput& out);
    void tick(Instant now, DispatcherOutput& out);  // starts what is due
    std::optional<Instant> next_due() const;
    void drain();                 // from now on begins no attempt; those in flight go on
    std::size_t waiting() const;  // actions not settled, those in flight included

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace incidentd
