// The thread that performs actions: dispatcher and HTTP client in one loop. A slow ticket system cannot stall intake.
#pragma once

#include "daemon/egress/dispatcher.hpp"
#include "daemon/egress/http_client.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace incidentd {

struct EgressOptions {
    HttpClientOptions http;
    std::optional<std::uint64_t> jitter_seed;            // absent: random, so that daemons do not retry in step
    std::function<void(const BreakerChanged&)> breaker;  // on the egress thread; may be empty
    Duration stop_grace = seconds(5);  // what is still in flight then is abandoned, and owed after the restart
};

class Egress {
public:
    // Both are called on the egress thread, in order. A report that is not accepted (false) is offered again until it
    // is.
    using Report = std::function<bool(const DeliveryReported&)>;
    // `seconds`: from the attempt's first request to its verdict.
    using Attempted = std::function<void(const AttemptEnded&, double seconds)>;

    // The sinks outlive this.
    Egress(std::vector<SinkPolicy> sinks, Report report, Attempted attempted, EgressOptions options = {});
    ~Egress();  // stop()

    void start();
    void submit(Action action);  // any thread, also before start()
    // Begins no further attempt, waits for those in flight as long as the grace time. Any thread; again does nothing.
    void stop();

    std::size_t waiting() const;  // actions not settled, about; any thread

private:
    struct Loop;     // owned by the egress thread between start() and stop()
    struct Mailbox;  // what other threads put in
    std::unique_ptr<Mailbox> mailbox_;
    std::unique_ptr<Loop> loop_;
    std::thread thread_;
};

}  // namespace incidentd
