#include "daemon/app.hpp"

#include "correlator/snapshot.hpp"
#include "daemon/api/learned.hpp"
#include "daemon/clock.hpp"
#include "daemon/read_model/catch_up.hpp"
#include "daemon/token.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <filesystem>
#include <random>
#include <thread>
#include <tuple>

namespace incidentd {
namespace {

constexpr std::size_t inbox_reserve = 16 * 1024 * 1024;
constexpr Duration stop_grace = seconds(10);

std::string new_instance_name() {
    std::random_device device;
    return fmt::format("{:04x}{:08x}", device() & 0xFFFFU, device());
}

std::string journal_directory(const Config& config) { return config.state_directory + "/journal"; }

void forget_all_changes(Correlator& engine) {
    engine.forget_changes_before(Instant{INT64_MAX});
    engine.visit_touched_alerts(SIZE_MAX, [](const Correlator::AlertCount&) {});
    engine.visit_touched_incidents(SIZE_MAX, [](const IncidentView&) {});
}

HttpReply plain(int status, std::string body) { return {status, "text/plain; charset=utf-8", std::move(body), {}}; }

}  // namespace

App::App(Config config, Log& log, const ServiceManager& service)
    : config_(std::move(config)),
      log_(log),
      service_(service),
      started_(wall_clock_now()),
      metrics_(source_names(), sink_names(), INCIDENTD_VERSION, config_.metric_services_max),
      inbox_(config_.inbox_bytes_max, inbox_reserve, config_.sources.size()),
      memory_(config_.memory_bytes_max),
      alertmanager_(inbox_, sink_names(), started_),
      operator_(inbox_, [this] { return committer_->stalled(); }),
      silences_(inbox_, [this] { return committer_->stalled(); }),
      topology_(inbox_, [this] { return committer_->stalled(); }) {}

App::~App() { stop(); }

std::vector<std::string> App::source_names() const {
    std::vector<std::string> names;
    for (const SourceConfig& source : config_.sources) names.push_back(source.name);
    return names;
}

std::vector<std::string> App::sink_names() const {
    std::vector<std::string> names;
    for (const SinkConfig& sink : config_.sinks) names.push_back(sink.name);
    return names;
}

Result<void> App::start() {
    if (Result<void> adapters = make_adapters(); !adapters) return adapters;
    if (Result<void> storage = open_storage(); !storage) return storage;
    Result<Recovered> recovered = recover_state();
    if (!recovered) return recovered.error();
    std::vector<Action> owed = recovered->engine.pending_actions();
    const SnapshotProgress progress{recovered->snapshot, recovered->replayed_bytes, recovered->snapshot_at};
    start_engine(std::move(*recovered));
    make_snapshotter(progress);
    start_egress(std::move(owed));
    if (Result<void> serving = start_serving(); !serving) {
        stop();
        return serving;
    }
    watch_rules();
    wait_until_ready();
    projector_->start();  // these two may begin a process that takes a core for a while
    snapshotter_->start();
    metrics_.recovered(static_cast<double>((wall_clock_now() - started_).ms) / 1000);
    return {};
}

Result<void> App::open_storage() {
    std::error_code made;
    std::filesystem::create_directories(config_.state_directory, made);
    if (made)
        return Error(ErrorCode::io, "state directory " + config_.state_directory + ": " + made.message() +
                                        "; create it, or name another with state_directory or --state-directory");
    SegmentOptions options;
    options.directory = journal_directory(config_);
    options.segment_bytes = config_.segment_bytes;
    Result<std::unique_ptr<SegmentJournal>> journal = open_segment_journal(options);
    if (!journal) return journal.error();
    journal_ = std::move(*journal);
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(config_.state_directory));
    if (!writer) return writer.error();
    // A read model that knows more than the journal belongs to another journal: derive it anew.
    if (writer->reflects() > journal_->recovery().last) {
        log_.warning("the read model does not belong to this journal: it is rebuilt", {});
        writer = ReadModelWriter::rebuild(read_model_file(config_.state_directory));
        if (!writer) return writer.error();
    }
    projector_ = std::make_unique<Projector>(
        std::move(*writer), ProjectorLimits{config_.read_model_queue_bytes, config_.read_model_keep}, log_,
        CatchUpPort{[this](Sequence through) { return catch_up(through); }, [this] { catching_up_.end(); }});
    return {};
}

Result<void> App::catch_up(Sequence through) {
    std::vector<std::string> words = offline_words(
        "catch-up", {journal_directory(config_), through, config_.engine, static_cast<std::int64_t>(::getpid())});
    words.insert(words.end(), {"--read-model", read_model_file(config_.state_directory)});
    const Result<std::string> text = catching_up_.run(std::move(words));
    if (!text) return text.error();
    const Result<CaughtUp> outcome = parse_catch_up(*text);
    if (!outcome) return outcome.error();
    if (outcome->lost_through.value > 0)
        log_.warning(
            "the read model was behind all that is kept: it takes over the state of a snapshot; of incidents that were "
            "over by then it knows only what it knew",
            {{"read_model_reflected", outcome->lost_after.value}, {"snapshot_through", outcome->lost_through.value}});
    return {};
}

Result<Recovered> App::recover_state() {
    const auto start = monotonic_now();
    Result<Recovered> recovered = recover(*journal_, config_.engine, log_, projector_->told_through());
    if (!recovered) return recovered;
    // Whoever closes the gap tells all that changed up to here.
    if (projector_->note_gap(recovered->last)) forget_all_changes(recovered->engine);
    const EngineSizes sizes = recovered->engine.sizes();
    log_.info("state recovered from the journal",
              {{"entries", recovered->last.value},
               {"snapshot", recovered->snapshot.value},
               {"alerts_firing", sizes.alerts_firing},
               {"incidents_open", sizes.incidents_open},
               {"actions_owed", sizes.actions_outstanding},
               {"seconds", std::chrono::duration<double>(monotonic_now() - start).count()}});
    return recovered;
}

Result<void> App::make_adapters() {
    Problems problems;
    for (const SourceConfig& source : config_.sources) {
        const SourceSetup setup{source.name, source.options, config_.events};
        std::unique_ptr<Source> made = source.spec->make(setup, problems);
        if (made == nullptr) return Error(ErrorCode::invalid, "source " + source.name + ": " + problems.text());
        sources_.push_back(std::move(made));
    }
    for (const SinkConfig& sink : config_.sinks) {
        const SinkSetup setup{sink.name, sink.options, config_.external_url,
                              std::string("incidentd/") + INCIDENTD_VERSION};
        std::unique_ptr<Sink> made = sink.spec->make(setup, problems);
        if (made == nullptr) return Error(ErrorCode::invalid, "sink " + sink.name + ": " + problems.text());
        sinks_.push_back(std::move(made));
    }
    return {};
}

void App::start_engine(Recovered recovered) {
    committer_ = std::make_unique<Committer>(
        *journal_, log_, metrics_, [this] { inbox_.wake(); }, config_.durability);
    if (config_.durability == Durability::relaxed)
        log_.warning("durability is relaxed: senders are answered before their alerts are synced to the disk", {});
    push_first_inputs(recovered);
    worker_ =
        std::make_unique<Worker>(std::move(recovered.engine), recovered.last, recovered.last_at, *committer_, metrics_,
                                 source_names(), [this](std::vector<ReleasedEffects>&& r) { release(std::move(r)); });
    shard_ = std::make_unique<Shard>(inbox_, *worker_, [this] { return projector_->has_room(); });
    shard_->set_alerts_max(config_.engine.alerts_max);
}

void App::push_first_inputs(const Recovered& recovered) {
    if (recovered.engine.instance().empty()) push(Genesis{new_instance_name(), INCIDENTD_VERSION});
    rules_hash_ = config_.rules.hash();
    if (recovered.rules_hash != rules_hash_) {
        push(RulesActivated{rules_hash_, config_.rules.serialise(), config_.compiled_rules});
        log_.info("rules activated", {{"hash", rules_hash_}, {"rules", config_.compiled_rules->correlate.size()}});
    }
    if (recovered.last.value > 0 && config_.restart_grace.ms > 0) {
        push(Started{config_.restart_grace});
        log_.info("no alert expires for a while, so that sources can send again what they could not",
                  {{"grace", to_string(config_.restart_grace)}});
    }
    first_inputs_ = {recovered.last.value + inbox_.depth()};  // nobody else pushes yet
}

// Before they are durable the journal may not even have its first file, and no alert can be acknowledged.
bool App::ready() const { return ready_ && !committer_->stalled() && committer_->durable() >= first_inputs_; }

// For people: what is shown of incidents may lack something, which keeps nobody from sending alerts.
std::string App::read_model_note() const {
    if (!projector_->is_catching_up()) return {};
    return fmt::format("the read model catches up: it reflects entry {} of {}\n", projector_->reflects().value,
                       committer_->durable().value);
}

// A disk that takes longer does not keep the daemon from serving what it can.
void App::wait_until_ready() const {
    const auto end = monotonic_now() + std::chrono::seconds(5);
    while (!ready() && !committer_->stalled() && monotonic_now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void App::push(Input input) {
    InboxItem item = InputItem{std::move(input), {}};
    if (inbox_.push(item, true) != Inbox::Push::taken)
        log_.error("the inbox refused an input of the daemon itself", {});
}

void App::start_egress(std::vector<Action> owed) {
    std::vector<SinkPolicy> policies;
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
        const SinkConfig& sink = config_.sinks[i];
        policies.push_back(SinkPolicy{sink.name, sinks_[i].get(), sink.in_flight_max, sink.retry_first, sink.retry_most,
                                      sink.give_up_after, sink.breaker_failures, sink.rate_per_minute,
                                      sink.rate_burst});
    }
    EgressOptions options;
    options.breaker = [this](const BreakerChanged& changed) { breaker_changed(changed); };
    egress_ = std::make_unique<Egress>(
        std::move(policies), [this](const DeliveryReported& r) { return report(r); },
        [this](const AttemptEnded& attempt, double seconds) { attempt_ended(attempt, seconds); }, std::move(options));
    egress_->start();
    for (Action& action : owed) egress_->submit(std::move(action));
    committer_->start();
    shard_->start();
}

bool App::report(const DeliveryReported& report) {
    InboxItem item = InputItem{report, {}};
    // Closed: the daemon stops, and after the restart the action is owed again.
    return inbox_.push(item, true) != Inbox::Push::full;
}

void App::breaker_changed(const BreakerChanged& changed) {
    metrics_.breaker(changed.sink, changed.state);
    switch (changed.state) {
        case BreakerState::open:
            return log_.warning("the sink does not work: deliveries to it wait, one at a time finds out when it does",
                                {{"sink", changed.sink},
                                 {"failures_in_a_row", changed.failures},
                                 {"reason", changed.reason},
                                 {"probe_at", to_rfc3339(changed.until.value_or(Instant{}))}});
        case BreakerState::half_open:
            return log_.info("one delivery probes whether the sink works again", {{"sink", changed.sink}});
        case BreakerState::closed:
            return log_.info("the sink works again: deliveries go on", {{"sink", changed.sink}});
    }
}

void App::attempt_ended(const AttemptEnded& attempt, double seconds) {
    const std::string incident = to_string(attempt.incident);
    switch (attempt.verdict.kind) {
        case SinkVerdict::Kind::delivered:
            metrics_.delivery(attempt.sink, "delivered", seconds);
            return log_.info("delivered", {{"incident", incident},
                                           {"sink", attempt.sink},
                                           {"action", to_string(attempt.kind)},
                                           {"ticket", attempt.verdict.ticket},
                                           {"attempt", attempt.attempt}});
        case SinkVerdict::Kind::retry:
            metrics_.delivery(attempt.sink, "retried", seconds);
            return log_.warning("delivery failed, trying again",
                                {{"incident", incident},
                                 {"sink", attempt.sink},
                                 {"action", to_string(attempt.kind)},
                                 {"attempt", attempt.attempt},
                                 {"reason", attempt.verdict.reason},
                                 {"again_at", to_rfc3339(attempt.again_at.value_or(Instant{}))}});
        case SinkVerdict::Kind::rejected:
            metrics_.delivery(attempt.sink, "rejected", seconds);
            return log_.error("delivery failed for good: a dead letter", {{"incident", incident},
                                                                          {"sink", attempt.sink},
                                                                          {"action", to_string(attempt.kind)},
                                                                          {"attempt", attempt.attempt},
                                                                          {"reason", attempt.verdict.reason}});
    }
}

void App::release(std::vector<ReleasedEffects>&& released) {
    for (const ReleasedEffects& one : released)
        for (const Effect& effect : one.effects) {
            metrics_.effect(effect);
            if (const auto* due = std::get_if<ActionDue>(&effect.what)) egress_->submit(*due->action);
            note(effect);
        }
    projector_->submit(std::move(released));
}

void App::note(const Effect& effect) {
    if (const auto* opened = std::get_if<IncidentOpened>(&effect.what))
        log_.info("incident opened", {{"incident", to_string(opened->incident)},
                                      {"category", opened->category},
                                      {"priority", to_string(opened->priority)}});
    if (const auto* resolved = std::get_if<IncidentResolved>(&effect.what))
        log_.info("incident resolved", {{"incident", to_string(resolved->incident)},
                                        {"category", resolved->category},
                                        {"priority", to_string(resolved->priority)}});
}

// Sockets handed over by systemd come first. They may be bound wider than the configuration says, so the rule against
// open doors is asked again with where they really are.
Result<std::vector<HttpListener>> App::choose_listeners() {
    std::vector<HttpListener> listeners;
    for (std::size_t i = 0; i < service_.sockets().size(); ++i) {
        const int socket = service_.sockets()[i];
        if (i == config_.listen.size()) config_.listen.emplace_back();
        if (const auto bound = bound_to(socket)) std::tie(config_.listen[i].address, config_.listen[i].port) = *bound;
        listeners.push_back({config_.listen[i], socket});
    }
    Problems problems;
    check_exposure(config_, problems);
    if (!problems.empty()) return Error(ErrorCode::invalid, problems.text());
    for (std::size_t i = listeners.size(); i < config_.listen.size(); ++i) listeners.push_back({config_.listen[i], -1});
    return listeners;
}

Result<void> App::start_serving() {
    GatewaySetup setup;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        const SourceConfig& source = config_.sources[i];
        const RateLimit rate = source.alerts_per_second == 0
                                   ? RateLimit()
                                   : RateLimit(std::uint64_t{source.alerts_per_second} * 60, source.alerts_burst);
        setup.sources.push_back({source.name, source.mount, sources_[i].get(), source.tokens, rate});
    }
    setup.api_tokens = config_.api_tokens;
    setup.table_full = [this] { return shard_->table_full(); };
    setup.memory_full = [this] { return memory_.over(); };
    setup.stalled = [this] { return committer_->stalled(); };
    gateway_ = std::make_unique<Gateway>(std::move(setup), inbox_, metrics_, log_);
    add_routes();
    metrics_.on_scrape([this] { return sample(); });
    log_.on_suppressed([this](std::uint64_t lines) { metrics_.log_suppressed(lines); });
    Result<std::vector<HttpListener>> listeners = choose_listeners();
    if (!listeners) return listeners.error();
    server_ = std::make_unique<HttpServer>(std::move(*listeners), config_.http, *gateway_, metrics_, log_);
    if (Result<void> started = server_->start(); !started) return started;
    ready_.store(true);
    const std::vector<std::uint16_t> ports = server_->ports();
    for (std::size_t i = 0; i < ports.size(); ++i)
        log_.info("listening", {{"address", config_.listen[i].address},
                                {"port", ports[i]},
                                {"tls", !config_.listen[i].tls_certificate.empty()}});
    return {};
}

MetricsSample App::sample() const {
    MetricsSample out;
    out.engine = shard_->sizes();
    out.inbox_items = inbox_.depth();
    out.inbox_bytes = inbox_.bytes();
    out.egress_waiting = egress_->waiting();
    out.connections = server_->connections();
    out.memory_bytes = resident_memory();
    out.journal_bytes = snapshotter_->journal_bytes();
    out.journal_sequence = committer_->durable().value;
    out.read_model_sequence = projector_->idle() ? out.journal_sequence : projector_->reflects().value;
    return out;
}

bool App::alive() {
    const std::uint64_t steps = shard_->steps();
    const bool moved = steps != steps_seen_;
    steps_seen_ = steps;
    return moved;
}

void App::stop() {
    ready_.store(false);
    rule_watch_.reset();
    reload_requests_.close();
    if (snapshotter_ != nullptr) snapshotter_->stop();
    if (server_ != nullptr) server_->stop(stop_grace);
    if (egress_ != nullptr) egress_->stop();
    if (shard_ != nullptr) shard_->stop();
    if (committer_ != nullptr) committer_->stop();
    if (projector_ != nullptr && worker_ != nullptr) {
        projector_->advance(worker_->released());
        projector_->wait_until_idle(std::chrono::milliseconds(stop_grace.ms));
    }
    if (projector_ != nullptr) projector_->stop();
    last_snapshot();
}

void App::make_snapshotter(const SnapshotProgress& progress) {
    SnapshotSettings settings{journal_directory(config_),
                              config_.snapshot_every_bytes,
                              config_.snapshot_age,
                              {config_.journal_keep, config_.journal_keep_bytes},
                              config_.engine};
    SnapshotPorts ports{[this] { return committer_->durable(); },
                        [this] {
                            projector_->advance(worker_->released());
                            return projector_->reflects();
                        },
                        [this] { return committer_->bytes_written(); },
                        [this](Sequence through) { committer_->forget(through); }};
    snapshotter_ = std::make_unique<Snapshotter>(std::move(settings), std::move(ports), progress, log_, metrics_);
}

// All threads have ended, so the engine itself can be written down: the next start has nothing to replay.
void App::last_snapshot() {
    const auto snapshotter = std::move(snapshotter_);
    if (snapshotter == nullptr) return;  // stopped before, or never started
    const Sequence through = worker_->last();
    const std::vector<Sequence> there = journal_->snapshots();
    const bool is_whole = through == committer_->durable() && through == projector_->reflects();
    if (!is_whole || (!there.empty() && there.back() == through)) return;
    const auto start = monotonic_now();
    std::string bytes;
    EngineSnapshot::encode(worker_->engine(), INCIDENTD_VERSION, bytes);
    const Result<void> saved = journal_->save_snapshot(through, worker_->engine().now(), bytes);
    const double took = std::chrono::duration<double>(monotonic_now() - start).count();
    if (saved)
        log_.info("snapshot written", {{"through", through.value}, {"bytes", bytes.size()}, {"seconds", took}});
    else
        log_.warning("no snapshot was written: the next start replays more", {{"error", saved.error().message}});
}

void App::add_routes() {
    const auto add = [this](const char* path, RouteAuth auth,
                            std::function<void(const HttpRequestView&, ReplyPtr)> handle) {
        gateway_->add_route({"GET", path, false, auth, std::move(handle)});
    };
    add("/-/healthy", RouteAuth::open, [](const HttpRequestView&, ReplyPtr reply) { reply->send(plain(200, "OK\n")); });
    add("/-/ready", RouteAuth::open, [this](const HttpRequestView&, ReplyPtr reply) {
        reply->send(ready() ? plain(200, "OK\n" + read_model_note()) : plain(503, "not ready\n"));
    });
    add("/metrics", RouteAuth::api, [this](const HttpRequestView&, ReplyPtr reply) {
        reply->send({200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text(), {}});
    });
    gateway_->add_route({"POST", "/-/reload", false, RouteAuth::api,
                         [this](const HttpRequestView&, ReplyPtr reply) { reload_requests_.add(std::move(reply)); }});
    using Answer = void (AlertmanagerApi::*)(const HttpRequestView&, ReplyPtr) const;
    const std::pair<const char*, Answer> alertmanager[] = {{"/api/v2/alerts", &AlertmanagerApi::alerts},
                                                           {"/api/v2/alerts/groups", &AlertmanagerApi::groups},
                                                           {"/api/v2/status", &AlertmanagerApi::status},
                                                           {"/api/v2/receivers", &AlertmanagerApi::receivers}};
    for (const auto& [path, answer] : alertmanager)
        add(path, RouteAuth::api, [this, answer = answer](const HttpRequestView& request, ReplyPtr reply) {
            (alertmanager_.*answer)(request, std::move(reply));
        });
    using Silences = void (SilenceApi::*)(const HttpRequestView&, ReplyPtr) const;
    const std::tuple<const char*, const char*, Silences> silences[] = {
        {"GET", "/api/v2/silences", &SilenceApi::list},
        {"POST", "/api/v2/silences", &SilenceApi::post},
        {"GET", "/api/v2/silence", &SilenceApi::get},
        {"DELETE", "/api/v2/silence", &SilenceApi::expire}};
    for (const auto& [method, path, answer] : silences)
        gateway_->add_route({method, path, std::string_view(path) == "/api/v2/silence", RouteAuth::api,
                             [this, answer = answer](const HttpRequestView& request, ReplyPtr reply) {
                                 (silences_.*answer)(request, std::move(reply));
                             }});
    add("/api/v1/learned", RouteAuth::api,
        [this](const HttpRequestView& request, ReplyPtr reply) { answer_learned(inbox_, request, std::move(reply)); });
    using Dependencies = void (TopologyApi::*)(const HttpRequestView&, ReplyPtr) const;
    const std::pair<const char*, Dependencies> topology[] = {
        {"GET", &TopologyApi::get}, {"PUT", &TopologyApi::put}, {"PATCH", &TopologyApi::patch}};
    for (const auto& [method, answer] : topology)
        gateway_->add_route({method, "/api/v1/topology", true, RouteAuth::api,
                             [this, answer = answer](const HttpRequestView& request, ReplyPtr reply) {
                                 (topology_.*answer)(request, std::move(reply));
                             }});
    using Command = void (OperatorApi::*)(const HttpRequestView&, ReplyPtr) const;
    const std::pair<const char*, Command> commands[] = {{"/api/v1/incidents", &OperatorApi::incidents},
                                                        {"/api/v1/deliveries", &OperatorApi::deliveries}};
    for (const auto& [path, answer] : commands)
        gateway_->add_route({"POST", path, true, RouteAuth::api,
                             [this, answer = answer](const HttpRequestView& request, ReplyPtr reply) {
                                 (operator_.*answer)(request, std::move(reply));
                             }});
}

}  // namespace incidentd
