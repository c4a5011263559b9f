// Everything Prometheus may know of us. Thread-safe throughout: prometheus-cpp's counters are atomic.
// Sources and sinks are known by their configured names; strangers are counted under "other".
#pragma once

#include "adapters/source.hpp"
#include "correlator/correlator.hpp"
#include "correlator/effect.hpp"
#include "daemon/egress/breaker.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// Sizes read at scrape time.
struct MetricsSample {
    EngineSizes engine;
    std::uint64_t inbox_items = 0;
    std::uint64_t inbox_bytes = 0;
    std::uint64_t egress_waiting = 0;  // actions not yet settled
    std::uint64_t connections = 0;
    std::uint64_t memory_bytes = 0;  // resident
    std::uint64_t journal_sequence = 0;
    std::uint64_t journal_bytes = 0;  // on the disk, snapshots included
    std::uint64_t read_model_sequence = 0;
};

class Metrics {
public:
    // `services_max`: services and categories beyond are counted under "other".
    Metrics(const std::vector<std::string>& sources, const std::vector<std::string>& sinks, std::string_view version,
            std::size_t services_max = 200);
    ~Metrics();

    // Ingest.
    void request_done(std::uint32_t source, int status, double seconds);
    void request_refused(std::uint32_t source, RejectReason reason);  // a whole request
    void overload_refused(std::string_view reason);                   // closed set: overload_reasons in metrics.cpp
    void alert_rejected(std::uint32_t source, RejectReason reason);   // one alert of a request
    void connection_refused(std::string_view reason);  // closed set: "limit", "tls", "timeout", "malformed"

    // Shard. Outcomes: "repeated" or the verdict's name; anything else is counted under "other".
    void alerts_received(std::string_view source, std::string_view outcome, std::uint64_t count);
    void engine_seconds(double seconds);  // one apply()
    void commit_seconds(double seconds);  // one write + sync
    void commit_entries(std::uint64_t entries);
    void commit_failed();
    void effect(const Effect& effect);  // incidents by category and priority, KPIs by service; labels bounded

    // Egress. Results: "delivered", "retried", "rejected".
    void delivery(std::string_view sink, std::string_view result, double seconds);
    void breaker(std::string_view sink, BreakerState state);

    void recovered(double seconds);  // from the start of the process to readiness
    void snapshot_written(double seconds, std::uint64_t bytes);
    void snapshot_failed();

    void config_reload(bool ok);
    void log_suppressed(std::uint64_t lines);

    void on_scrape(std::function<MetricsSample()> sample);  // set once, before serving
    std::string text();                                     // exposition format 0.0.4

private:
    struct Registry;
    std::unique_ptr<Registry> registry_;
};

}  // namespace incidentd
