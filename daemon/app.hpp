// The composition root: every part of the daemon, made in start order and destroyed in reverse.
#pragma once

#include "adapters/journals/segments/segments.hpp"
#include "daemon/api/alertmanager.hpp"
#include "daemon/api/operator.hpp"
#include "daemon/api/silences.hpp"
#include "daemon/api/topology.hpp"
#include "daemon/child_process.hpp"
#include "daemon/config.hpp"
#include "daemon/egress/egress.hpp"
#include "daemon/inbox.hpp"
#include "daemon/ingest/gateway.hpp"
#include "daemon/ingest/http_server.hpp"
#include "daemon/log.hpp"
#include "daemon/memory_guard.hpp"
#include "daemon/metrics.hpp"
#include "daemon/read_model/projector.hpp"
#include "daemon/recovery.hpp"
#include "daemon/reload_requests.hpp"
#include "daemon/rule_watch.hpp"
#include "daemon/service.hpp"
#include "daemon/shard/committer.hpp"
#include "daemon/shard/shard.hpp"
#include "daemon/shard/worker.hpp"
#include "daemon/snapshotter.hpp"
#include "rules/changes.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

// Belongs to the main thread, which alone calls its functions.
class App {
public:
    App(Config config, Log& log, const ServiceManager& service);
    ~App();

    // Recovers the state, then serves. On error nothing runs.
    Result<void> start();
    // Takes no more requests, answers those under way, makes everything durable, then ends. Nothing acknowledged is
    // lost.
    void stop();
    // Reads the configuration again: rules, certificates, log level. What needs a restart is named in the log. A broken
    // configuration changes nothing. Answers those who asked for it over the API.
    void reload();

    // For the watchdog: false when the shard's thread makes no steps any more.
    bool alive();
    const Config& config() const { return config_; }

private:
    Result<void> open_storage();
    Result<Recovered> recover_state();
    Result<void> catch_up(Sequence through);  // read model's thread
    Result<void> make_adapters();
    void start_engine(Recovered recovered);
    void push_first_inputs(const Recovered& recovered);
    bool ready() const;
    std::string read_model_note() const;
    void wait_until_ready() const;
    void start_egress(std::vector<Action> owed);
    Result<void> start_serving();
    void make_snapshotter(const SnapshotProgress& progress);
    void last_snapshot();
    Result<RuleChanges> take_configuration(Problems& problems);
    void reloaded(const RuleChanges& changes);
    void watch_rules();
    Result<std::vector<HttpListener>> choose_listeners();
    void add_routes();
    void release(std::vector<ReleasedEffects>&& released);
    void note(const Effect& effect);
    bool report(const DeliveryReported& report);
    void breaker_changed(const BreakerChanged& changed);
    void attempt_ended(const AttemptEnded& attempt, double seconds);
    void push(Input input);
    MetricsSample sample() const;
    std::vector<std::string> source_names() const;
    std::vector<std::string> sink_names() const;

    Config config_;
    Log& log_;
    const ServiceManager& service_;
    const Instant started_;
    std::string rules_hash_;

    Metrics metrics_;
    std::unique_ptr<SegmentJournal> journal_;
    ChildProcess catching_up_{"the process that catches up"};
    std::unique_ptr<Projector> projector_;
    Inbox inbox_;
    MemoryGuard memory_;
    std::unique_ptr<Committer> committer_;
    std::unique_ptr<Worker> worker_;
    std::unique_ptr<Shard> shard_;
    std::vector<std::unique_ptr<Source>> sources_;  // in the configuration's order, as are the sinks
    std::vector<std::unique_ptr<Sink>> sinks_;
    std::unique_ptr<Egress> egress_;
    std::unique_ptr<Snapshotter> snapshotter_;
    AlertmanagerApi alertmanager_;
    OperatorApi operator_;
    SilenceApi silences_;
    TopologyApi topology_;
    std::unique_ptr<Gateway> gateway_;
    std::unique_ptr<HttpServer> server_;
    ReloadRequests reload_requests_;
    std::unique_ptr<RuleWatch> rule_watch_;  // null: nobody wants it
    std::vector<std::string> watched_;       // its patterns
    Sequence first_inputs_;                  // the last entry that the start itself journals
    std::atomic<bool> ready_{false};
    std::uint64_t steps_seen_ = 0;
};

}  // namespace incidentd
