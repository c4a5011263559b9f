#include "daemon/metrics.hpp"

#include "daemon/clock.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace incidentd {

namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

constexpr std::string_view other = "other";
constexpr std::array<std::string_view, 5> overload_reasons{"rate", "inbox", "share", "memory", "table"};

// Work within the process, a sync of the disk, and a request to a ticket system.
const Buckets fast_buckets{1e-5, 2.5e-5, 1e-4, 2.5e-4, 1e-3, 2.5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1, 2.5, 10};
const Buckets commit_buckets{1e-4, 2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 16e-3, 32e-3, 64e-3, 0.125, 0.25, 0.5, 1, 5};
const Buckets delivery_buckets{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
// One minute to a week, and one minute to thirty days.
const Buckets resolve_buckets{60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200, 604800};
const Buckets between_buckets{60, 300, 900, 3600, 14400, 43200, 86400, 259200, 604800, 1209600, 2592000};

Family<Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histograms(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildHistogram().Name(name).Help(help).Register(registry);
}

Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Family<Gauge>& gauges(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry);
}

// The first `most` names keep their own series, later ones share one: label values come from alerts.
class BoundedNames {
public:
    explicit BoundedNames(std::size_t most) : most_(most) {}
    std::string of(const std::string& name) {
        if (name.empty()) return "none";
        const std::lock_guard lock(mutex_);
        if (names_.contains(name)) return name;
        if (names_.size() >= most_) return std::string(other);
        names_.insert(name);
        return name;
    }

private:
    const std::size_t most_;
    std::mutex mutex_;
    std::set<std::string> names_;
};

// A source or sink that is not configured can only be a slip of ours; it must not make a new series.
std::string known(const std::vector<std::string>& names, std::string_view name) {
    for (const auto& candidate : names) {
        if (candidate == name) return candidate;
    }
    return std::string(other);
}

// What alerts_received() may be told; everything else is "other".
// The first `common_outcomes` have series from the start.
constexpr std::size_t common_outcomes = 4;
constexpr std::array<std::string_view, verdict_count + 2> outcomes{
    "opened",           "joined",       "repeated",       "resolved", "rejoined", "suppressed",    "expired",
    "severity_changed", "acknowledged", "unacknowledged", "noted",    "stale",    "unknown_alert", "table_full",
    "merged",           "cleared",      "flapping",       "waiting",  "other"};

std::size_t outcome_index(std::string_view name) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i] == name) return i;
    }
    return outcomes.size() - 1;
}

// Exact codes are few but open-ended; the frequent ones have a slot, the rest goes through the family.
constexpr std::array<int, 6> frequent_statuses{200, 202, 204, 400, 401, 503};

// Counters of one source, looked up in the family only once: these are on the path of every request.
struct SourceCounters {
    std::array<std::atomic<Counter*>, outcomes.size()> received{};
    std::array<std::atomic<Counter*>, frequent_statuses.size()> requests{};
    Histogram* duration = nullptr;
};

}  // namespace

struct Metrics::Registry {
    std::vector<std::string> sources;
    std::vector<std::string> sinks;
    prometheus::Registry all;

    Family<Counter>& received =
        counters(all, "incidentd_alerts_received_total", "Alert messages taken, by source and by what became of them.");
    Family<Counter>& rejected = counters(all, "incidentd_alerts_rejected_total",
                                         "Single alerts of a request that were not taken, by source and reason.");
    Family<Counter>& requests = counters(all, "incidentd_requests_total",
                                         "Requests of monitoring systems answered, by source and HTTP status.");
    Family<Counter>& refused = counters(all, "incidentd_requests_refused_total",
                                        "Requests of monitoring systems refused as a whole, by source and reason.");
    Family<Histogram>& request_duration =
        histograms(all, "incidentd_request_duration_seconds",
                   "Time from the request's last byte to its answer, which waits until the alerts are durable.");
    Family<Counter>& decisions =
        counters(all, "incidentd_alert_decisions_total",
                 "Decisions of the engine about alerts that were more than a repetition, by verdict.");
    Family<Counter>& opened =
        counters(all, "incidentd_incidents_opened_total", "Incidents opened, by category and priority.");
    Family<Counter>& recurred =
        counters(all, "incidentd_incidents_recurred_total",
                 "Incidents opened that were like one that had ended, by category and priority.");
    Family<Counter>& resolved =
        counters(all, "incidentd_incidents_resolved_total", "Incidents resolved, by category and priority.");
    Family<Histogram>& resolve = histograms(
        all, "incidentd_time_to_resolve_seconds",
        "Time from an incident's opening to the end of its last alert (MTTR is sum over count); the quiet time "
        "after it does not count. Clock: the instant incidentd received the alerts.");
    Family<Histogram>& acknowledge =
        histograms(all, "incidentd_time_to_acknowledge_seconds",
                   "Time from an incident's opening to its acknowledgement (MTTA is sum over count). Clock: the "
                   "instant incidentd received the alerts.");
    Family<Histogram>& between =
        histograms(all, "incidentd_time_between_failures_seconds",
                   "Time from the opening of a service's incident to the opening of its next one (MTBF is sum over "
                   "count); what recovered within its hold is no failure. Clock: the instant incidentd received the "
                   "alerts.");
    Histogram& apply =
        histograms(all, "incidentd_engine_apply_seconds", "Time the engine takes for one input.").Add({}, fast_buckets);
    Histogram& commit =
        histograms(all, "incidentd_journal_commit_seconds", "Time of one write and sync of the journal.")
            .Add({}, commit_buckets);
    Counter& commits =
        counters(all, "incidentd_journal_commits_total", "Writes and syncs of the journal that succeeded.").Add({});
    Counter& entries = counters(all, "incidentd_journal_entries_total", "Entries made durable in the journal.").Add({});
    Counter& commit_failures =
        counters(all, "incidentd_journal_commit_failures_total", "Writes or syncs of the journal that failed.").Add({});
    Family<Counter>& deliveries =
        counters(all, "incidentd_deliveries_total",
                 "Attempts to bring a ticket up to date, by sink and result: delivered, retried or rejected.");
    Family<Histogram>& delivery_duration = histograms(all, "incidentd_delivery_duration_seconds",
                                                      "Time of one attempt to bring a ticket up to date, by sink.");
    Family<Gauge>& breakers = BuildGauge()
                                  .Name("incidentd_sink_breaker_state")
                                  .Help(
                                      "Whether deliveries are attempted, by sink: 0 closed (all), 1 half-open (one "
                                      "probe), 2 open (none, the system failed too often in a row).")
                                  .Register(all);
    Family<Counter>& overload_refused =
        counters(all, "incidentd_overload_refused_total",
                 "Requests refused because of a bound, by reason: rate (the source's own), inbox (full), share (of one "
                 "source in the inbox), memory, table (of alerts). Recoveries are never among them.");
    Family<Counter>& connections_refused =
        counters(all, "incidentd_connections_refused_total",
                 "Connections closed by us, by reason: limit, tls, timeout, malformed.");
    Family<Counter>& reloads =
        counters(all, "incidentd_config_reloads_total", "Reloads of the configuration, by result: success or failure.");
    Counter& log_lines =
        counters(all, "incidentd_log_lines_suppressed_total", "Log lines held back because they repeated too often.")
            .Add({});

    Counter& snapshot_failures =
        counters(all, "incidentd_snapshot_failures_total", "Snapshots of the engine's state that could not be written.")
            .Add({});
    Gauge& snapshot_at = gauge(all, "incidentd_snapshot_last_success_timestamp_seconds",
                               "When this process last wrote a snapshot; 0: not yet.");
    Gauge& snapshot_duration =
        gauge(all, "incidentd_snapshot_duration_seconds", "How long the last snapshot took, beside the daemon.");
    Gauge& snapshot_bytes = gauge(all, "incidentd_snapshot_bytes", "Size of the last snapshot.");
    Gauge& recovery = gauge(all, "incidentd_recovery_seconds", "Time from the start of the process to readiness.");
    Gauge& journal_bytes =
        gauge(all, "incidentd_journal_bytes", "What journal and snapshots take on the disk, reserved space included.");

    Gauge& reload_successful = gauge(all, "incidentd_config_last_reload_successful",
                                     "1 while the last reload, or else the start, took the configuration; 0 after one "
                                     "was refused.");
    Gauge& reloaded_at = gauge(all, "incidentd_config_last_reload_success_timestamp_seconds",
                               "When the configuration was last read without a problem.");
    Gauge& active = gauge(all, "incidentd_alerts_active", "Alerts firing now.");
    Family<Gauge>& suppressed =
        gauges(all, "incidentd_alerts_suppressed", "Alerts firing now that open nothing, under each reason they have.");
    Family<Gauge>& silences = gauges(all, "incidentd_silences",
                                     "Silences and maintenance windows by state; those of rules are never expired.");
    Gauge& flapping = gauge(all, "incidentd_alerts_flapping", "Alerts that change too often now.");
    Gauge& storms = gauge(all, "incidentd_storms", "Storms going on now.");
    Gauge& held = gauge(all, "incidentd_alerts_held", "Alerts in memory, resolved ones included.");
    Gauge& open = gauge(all, "incidentd_incidents_open", "Incidents open now.");
    Gauge& pending = gauge(all, "incidentd_incidents_pending", "Incidents that wait for their rule's hold or gate.");
    Gauge& outstanding =
        gauge(all, "incidentd_actions_outstanding", "Actions the engine handed out and has no report of.");
    Gauge& inbox_items = gauge(all, "incidentd_inbox_items", "Requests waiting for the engine.");
    Gauge& inbox_bytes = gauge(all, "incidentd_inbox_bytes", "Size of the alerts waiting for the engine.");
    Gauge& waiting = gauge(all, "incidentd_deliveries_waiting", "Ticket changes not yet delivered or given up.");
    Gauge& connections = gauge(all, "incidentd_connections", "HTTP connections open now.");
    Gauge& memory = gauge(all, "incidentd_memory_bytes", "Resident memory of the process; limits.memory bounds it.");
    Gauge& sequence = gauge(all, "incidentd_journal_sequence", "Number of the newest durable journal entry.");
    Gauge& lag = gauge(all, "incidentd_read_model_lag_entries", "Journal entries the read model has not taken in yet.");

    BoundedNames services;
    BoundedNames categories;
    std::vector<SourceCounters> by_source;
    std::mutex scrape_mutex;  // guards `sample` and orders scrapes
    std::function<MetricsSample()> sample;
    prometheus::TextSerializer serializer;

    explicit Registry(std::size_t names_max) : services(names_max), categories(names_max) {}

    std::string source_name(std::uint32_t source) const {
        return source < sources.size() ? sources[source] : std::string(other);
    }
    Counter& request_counter(std::uint32_t source, int status) {
        return requests.Add({{"source", source_name(source)}, {"code", std::to_string(status)}});
    }
    void set_gauges(const MetricsSample& now);
    void start_series(std::string_view version);
};

// Series that can be known beforehand begin at 0, so that a first failure is an increase that rate() can see.
void Metrics::Registry::start_series(std::string_view version) {
    BuildGauge()
        .Name("incidentd_build_info")
        .Help("Always 1; the label tells the version.")
        .Register(all)
        .Add({{"version", std::string(version)}})
        .Set(1);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        by_source[i].duration = &request_duration.Add({{"source", sources[i]}}, fast_buckets);
        for (std::size_t o = 0; o < common_outcomes; ++o) {
            by_source[i].received[o] = &received.Add({{"source", sources[i]}, {"outcome", std::string(outcomes[o])}});
        }
    }
    for (const auto& sink : sinks) {
        for (const char* result : {"delivered", "retried", "rejected"}) {
            deliveries.Add({{"sink", sink}, {"result", result}});
        }
        breakers.Add({{"sink", sink}}).Set(0);
    }
    for (const char* reason : {"limit", "tls", "timeout", "malformed"}) connections_refused.Add({{"reason", reason}});
    for (const std::string_view reason : overload_reasons) overload_refused.Add({{"reason", std::string(reason)}});
    reload_successful.Set(1);
    for (const char* result : {"success", "failure"}) reloads.Add({{"result", result}});
}

void Metrics::Registry::set_gauges(const MetricsSample& now) {
    const auto set = [](Gauge& to, std::uint64_t value) { to.Set(static_cast<double>(value)); };
    set(active, now.engine.alerts_firing);
    const std::pair<const char*, std::uint64_t> reasons[] = {{"source", now.engine.suppressed_by_source},
                                                             {"silence", now.engine.suppressed_by_silence},
                                                             {"maintenance", now.engine.suppressed_by_maintenance},
                                                             {"inhibition", now.engine.suppressed_by_inhibition}};
    for (const auto& [reason, alerts] : reasons) suppressed.Add({{"reason", reason}}).Set(static_cast<double>(alerts));
    for (std::size_t i = 0; i < silence_state_count; ++i)
        silences.Add({{"state", std::string(to_string(static_cast<SilenceState>(i)))}})
            .Set(static_cast<double>(now.engine.silences[i]));
    set(flapping, now.engine.alerts_flapping);
    set(storms, now.engine.storms);
    set(held, now.engine.alerts_held);
    set(open, now.engine.incidents_open);
    set(pending, now.engine.incidents_pending);
    set(outstanding, now.engine.actions_outstanding);
    set(inbox_items, now.inbox_items);
    set(inbox_bytes, now.inbox_bytes);
    set(waiting, now.egress_waiting);
    set(connections, now.connections);
    set(memory, now.memory_bytes);
    set(sequence, now.journal_sequence);
    set(journal_bytes, now.journal_bytes);
    set(lag, now.journal_sequence > now.read_model_sequence ? now.journal_sequence - now.read_model_sequence : 0);
}

Metrics::Metrics(const std::vector<std::string>& sources, const std::vector<std::string>& sinks,
                 std::string_view version, std::size_t services_max)
    : registry_(std::make_unique<Registry>(services_max)) {
    registry_->sources = sources;
    registry_->sinks = sinks;
    registry_->by_source = std::vector<SourceCounters>(sources.size());
    registry_->start_series(version);
}

Metrics::~Metrics() = default;

void Metrics::request_done(std::uint32_t source, int status, double elapsed_seconds) {
    if (source >= registry_->by_source.size()) {
        registry_->request_counter(source, status).Increment();
        return;
    }
    SourceCounters& own = registry_->by_source[source];
    own.duration->Observe(elapsed_seconds);
    for (std::size_t i = 0; i < frequent_statuses.size(); ++i) {
        if (frequent_statuses[i] != status) continue;
        Counter* counter = own.requests[i].load(std::memory_order_acquire);
        if (counter == nullptr) {
            counter = &registry_->request_counter(source, status);
            own.requests[i].store(counter, std::memory_order_release);
        }
        counter->Increment();
        return;
    }
    registry_->request_counter(source, status).Increment();
}

void Metrics::request_refused(std::uint32_t source, RejectReason reason) {
    registry_->refused.Add({{"source", registry_->source_name(source)}, {"reason", std::string(to_string(reason))}})
        .Increment();
}

void Metrics::overload_refused(std::string_view reason) {
    const bool is_known = std::find(overload_reasons.begin(), overload_reasons.end(), reason) != overload_reasons.end();
    registry_->overload_refused.Add({{"reason", std::string(is_known ? reason : other)}}).Increment();
}

void Metrics::alert_rejected(std::uint32_t source, RejectReason reason) {
    registry_->rejected.Add({{"source", registry_->source_name(source)}, {"reason", std::string(to_string(reason))}})
        .Increment();
}

void Metrics::connection_refused(std::string_view reason) {
    registry_->connections_refused.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::alerts_received(std::string_view source, std::string_view outcome, std::uint64_t count) {
    const std::size_t slot = outcome_index(outcome);
    for (std::size_t i = 0; i < registry_->sources.size(); ++i) {
        if (registry_->sources[i] != source) continue;
        auto& cached = registry_->by_source[i].received[slot];
        Counter* counter = cached.load(std::memory_order_acquire);
        if (counter == nullptr) {
            counter =
                &registry_->received.Add({{"source", registry_->sources[i]}, {"outcome", std::string(outcomes[slot])}});
            cached.store(counter, std::memory_order_release);
        }
        counter->Increment(static_cast<double>(count));
        return;
    }
    registry_->received.Add({{"source", std::string(other)}, {"outcome", std::string(outcomes[slot])}})
        .Increment(static_cast<double>(count));
}

void Metrics::engine_seconds(double elapsed_seconds) { registry_->apply.Observe(elapsed_seconds); }

void Metrics::commit_seconds(double elapsed_seconds) {
    registry_->commit.Observe(elapsed_seconds);
    registry_->commits.Increment();
}

void Metrics::commit_entries(std::uint64_t entries) { registry_->entries.Increment(static_cast<double>(entries)); }

void Metrics::commit_failed() { registry_->commit_failures.Increment(); }

namespace {

struct CountEffect {
    Family<Counter>& decisions;
    Family<Counter>& opened;
    Family<Counter>& recurred;
    Family<Counter>& resolved;
    Family<Histogram>& resolve;
    Family<Histogram>& acknowledge;
    Family<Histogram>& between;
    BoundedNames& services;
    BoundedNames& categories;

    void operator()(const AlertDecided& e) const {
        decisions.Add({{"verdict", std::string(to_string(e.verdict))}}).Increment();
    }
    void operator()(const IncidentOpened& e) const { count(opened, e.category, e.priority); }
    void operator()(const IncidentRecurred& e) const { count(recurred, e.category, e.priority); }
    void operator()(const IncidentResolved& e) const { count(resolved, e.category, e.priority); }
    void operator()(const KpiSampled& e) const {
        prometheus::Labels labels{{"service", services.of(e.service)}};
        if (e.kpi != Kpi::time_between_failures) labels["priority"] = to_string(e.priority);
        const double value = static_cast<double>(e.value.ms) / 1000;
        switch (e.kpi) {
            case Kpi::time_to_acknowledge:
                acknowledge.Add(labels, resolve_buckets).Observe(value);
                return;
            case Kpi::time_to_resolve:
                resolve.Add(labels, resolve_buckets).Observe(value);
                return;
            case Kpi::time_between_failures:
                between.Add(labels, between_buckets).Observe(value);
                return;
        }
    }
    template <class T>
    void operator()(const T&) const {}

    void count(Family<Counter>& family, const std::string& category, Priority priority) const {
        family.Add({{"category", categories.of(category)}, {"priority", std::string(to_string(priority))}}).Increment();
    }
};

}  // namespace

void Metrics::effect(const Effect& effect) {
    Registry& r = *registry_;
    std::visit(CountEffect{r.decisions, r.opened, r.recurred, r.resolved, r.resolve, r.acknowledge, r.between,
                           r.services, r.categories},
               effect.what);
}

void Metrics::delivery(std::string_view sink, std::string_view result, double elapsed_seconds) {
    const std::string name = known(registry_->sinks, sink);
    registry_->deliveries.Add({{"sink", name}, {"result", std::string(result)}}).Increment();
    registry_->delivery_duration.Add({{"sink", name}}, delivery_buckets).Observe(elapsed_seconds);
}

void Metrics::breaker(std::string_view sink, BreakerState state) {
    registry_->breakers.Add({{"sink", known(registry_->sinks, sink)}}).Set(static_cast<double>(state));
}

void Metrics::recovered(double elapsed_seconds) { registry_->recovery.Set(elapsed_seconds); }

void Metrics::snapshot_written(double elapsed_seconds, std::uint64_t bytes) {
    registry_->snapshot_at.Set(static_cast<double>(wall_clock_now().ms) / 1000);
    registry_->snapshot_duration.Set(elapsed_seconds);
    registry_->snapshot_bytes.Set(static_cast<double>(bytes));
}

void Metrics::snapshot_failed() { registry_->snapshot_failures.Increment(); }

void Metrics::config_reload(bool ok) {
    registry_->reloads.Add({{"result", ok ? "success" : "failure"}}).Increment();
    registry_->reload_successful.Set(ok ? 1 : 0);
    if (ok) registry_->reloaded_at.Set(static_cast<double>(wall_clock_now().ms) / 1000);
}

void Metrics::log_suppressed(std::uint64_t lines) { registry_->log_lines.Increment(static_cast<double>(lines)); }

void Metrics::on_scrape(std::function<MetricsSample()> sample) {
    const std::lock_guard lock(registry_->scrape_mutex);
    registry_->sample = std::move(sample);
}

std::string Metrics::text() {
    const std::lock_guard lock(registry_->scrape_mutex);
    if (registry_->sample) registry_->set_gauges(registry_->sample());
    return registry_->serializer.Serialize(registry_->all.Collect());
}

}  // namespace incidentd
