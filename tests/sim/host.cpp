#include "tests/sim/host.hpp"

#include "adapters/sinks/test_kit.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/clock.hpp"
#include "daemon/recovery.hpp"
#include "rules/rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace incidentd::sinks::request_tracker {
const SinkSpec& spec();
}
namespace incidentd::sinks::webhook {
const SinkSpec& spec();
}

namespace incidentd::sim {
namespace {

constexpr std::size_t inbox_reserve = 64 * 1024;

constexpr std::array<std::string_view, 3> rule_files{"version: 1\n",
                                                     R"(version: 1
correlate:
  - {name: held, match: 'service="a"', by: [host], hold: 20s, within: 1m, close: {quiet: 30s, max_age: 10m}}
  - {name: few, match: 'service="b"', by: [service], close: {quiet: 0s, max_alerts: 2}, incident: {impact: high}}
route:
  - {match: 'rule="few"', to: [rt], update_every: 0s}
  - {to: [rt, hook], update_every: 30s}
)",
                                                     R"(version: 1
correlate:
  - {name: all, by: [], within: 5m, close: {quiet: 2m}, incident: {title: 'All of {{host}}'}}
)"};

LogOptions silent() {
    LogOptions options;
    options.write = [](std::string_view) {};
    options.now = [] { return Instant{1}; };
    return options;
}

class SimReply final : public Reply {
public:
    explicit SimReply(std::function<void(int)> sent) : sent_(std::move(sent)) {}
    void send(HttpReply reply) override { sent_(reply.status); }

private:
    std::function<void(int)> sent_;
};

}  // namespace

struct Equipment::Sinks {
    test_kit::MadeSink rt = test_kit::make_sink(sinks::request_tracker::spec(),
                                                "url: https://rt.example\ntoken: {env: T}\nqueue: Incidents\n");
    test_kit::MadeSink hook = test_kit::make_sink(sinks::webhook::spec(), "url: https://hook.example/in\n");
};

Equipment::Equipment()
    : log(silent()), metrics({"edge", "level"}, {"rt", "hook"}, "sim"), sinks_(std::make_unique<Sinks>()) {
    for (const std::string_view text : rule_files) {
        const RuleBundle bundle{{{"rules.yaml", std::string(text)}}, {"rt", "hook"}};
        Problems problems;
        rules_.push_back({bundle.hash(), bundle.serialise(), compile(bundle, problems)});
        if (rules_.back().compiled == nullptr) throw std::runtime_error(problems.text());
    }
}
Equipment::~Equipment() = default;
const Sink& Equipment::rt() const { return *sinks_->rt.sink; }
const Sink& Equipment::hook() const { return *sinks_->hook.sink; }

// All that a crash takes away.
struct Host::Life {
    Life(Host& host, Recovered recovered, std::uint64_t number_)
        : number(number_),
          last_time(recovered.last_at),
          engine_time(recovered.last_at),
          inbox(host.inbox_bytes_, inbox_reserve),
          disk(
              host.stage_, host.journal_, host.equipment_.log, host.equipment_.metrics, [&host] { host.set_step({0}); },
              [&host] { host.dying_ = true; }),
          worker(std::move(recovered.engine), recovered.last, recovered.last_at, disk, host.equipment_.metrics,
                 {"edge", "level"},
                 [&host](std::vector<ReleasedEffects>&& released) {
                     DispatcherOutput out;
                     for (ReleasedEffects& one : released) {
                         host.checks_.released(one);
                         for (Effect& effect : one.effects)
                             if (auto* due = std::get_if<ActionDue>(&effect.what))
                                 host.life_->dispatcher.submit(std::move(*due->action),
                                                               host.life_->egress_now(host.stage_), out);
                     }
                     host.perform(std::move(out));
                 }),
          dispatcher(policies(host), number_) {}

    static std::vector<SinkPolicy> policies(const Host& host) {
        std::vector<SinkPolicy> policies(2);
        policies[0].name = "rt";
        policies[0].sink = &host.equipment_.rt();
        policies[1].name = "hook";
        policies[1].sink = &host.equipment_.hook();
        for (SinkPolicy& policy : policies) {
            policy.in_flight_max = 2;
            policy.give_up_after = host.give_up_after_;
        }
        return policies;
    }

    // What the shard's and the egress thread do with their clocks.
    Instant engine_now(const Stage& stage) { return last_time = engine_time.at(stage.wall(), uptime(stage)); }
    Instant egress_now(const Stage& stage) {
        const Instant now = egress_time.at(stage.wall(), uptime(stage));
        dispatcher.clock_is_ahead(egress_time.ahead());
        return now;
    }
    static Duration uptime(const Stage& stage) { return stage.now - Instant{}; }

    const std::uint64_t number;
    Instant last_time;  // the highest the worker was given
    SteadyTime engine_time, egress_time;
    Inbox inbox;
    Disk disk;
    Worker worker;
    Dispatcher dispatcher;
    bool step_set = false;
    std::optional<Instant> wake_at, tick_at;
    std::size_t reports_waiting = 0;
};

Host::Host(Stage& stage, Equipment& equipment)
    : stage_(stage),
      equipment_(equipment),
      to_rt_(stage, "rt", rt_),
      to_hook_(stage, "hook", hook_),
      checks_(stage, journal_),
      give_up_after_(stage.random.one_in(3) ? minutes(20) : hours(24)),
      inbox_bytes_(stage.random.one_in(4) ? 4096 : 1024 * 1024) {
    limits_.facts_per_update_max = 4;
    limits_.alerts_shown_in_ticket_max = 3;
    if (stage.random.one_in(4)) limits_.incidents_max = 3;
}
Host::~Host() = default;

template <class What>
void Host::in_this_life(Duration delay, What what) {
    stage_.after(delay, [this, number = life_->number, what = std::move(what)] {
        if (life_ != nullptr && life_->number == number) what();
    });
}

void Host::start() {
    checks_.begin_life(std::exchange(read_model_falls_back_, false));
    Result<Recovered> recovered = recover(journal_, limits_, equipment_.log);
    if (!recovered) throw Violation("recovery failed: " + recovered.error().message);
    checks_.all_acknowledged_are_durable();
    catch_up();
    std::vector<Action> owed = recovered->engine.pending_actions();
    const bool is_first = recovered->engine.instance().empty();
    const std::string rules_hash = recovered->rules_hash;
    const Sequence last = recovered->last, snapshot = recovered->snapshot;
    life_ = std::make_unique<Life>(*this, std::move(*recovered), ++lives_);
    stage_.say("the daemon starts behind entry " + std::to_string(last.value) + " with snapshot " +
               std::to_string(snapshot.value) + ", owes " + std::to_string(owed.size()) + " actions");
    check_tickets(false);
    if (is_first) push_input(Genesis{"0123456789ab", "sim"});
    if (rules_hash != equipment_.rules(rules_).hash) push_input(equipment_.rules(rules_));
    if (last.value > 0) push_input(Started{minutes(5)});
    DispatcherOutput out;
    for (Action& action : owed) life_->dispatcher.submit(std::move(action), life_->egress_now(stage_), out);
    perform(std::move(out));
}

// Power loss, or only the process: then all that was written stays.
void Host::crash() {
    dying_ = false;
    if (life_ == nullptr || !may_crash_) return;
    const std::uint64_t unsynced = journal_.last().value - journal_.durable().value;
    const std::size_t kept = stage_.random.one_in(3) ? unsynced : stage_.random.below(unsynced + 1);
    stage_.fault(kept < unsynced ? "crash with a torn tail" : "crash");
    life_.reset();
    journal_.crash(kept);
    const std::vector<Sequence> snapshots = journal_.snapshots();
    const bool older_will_do = journal_.first().value == 1 ||
                               (snapshots.size() > 1 && journal_.load_snapshot_at(snapshots[snapshots.size() - 2]));
    if (!snapshots.empty() && older_will_do && stage_.random.one_in(4)) {
        stage_.fault("newest snapshot damaged");
        journal_.damage_newest_snapshot();
    }
    read_model_falls_back_ = stage_.random.one_in(3);
    if (stage_.random.one_in(3)) {
        stage_.fault("clock step over a restart");
        stage_.skew = stage_.random.up_to(minutes(20)) - minutes(10);
    }
    const Duration down = stage_.random.one_in(5) ? stage_.random.up_to(minutes(15)) : stage_.random.up_to(seconds(9));
    stage_.after(down, [this] { start(); });
}

// As daemon/offline_engine.cpp does: from the newest good snapshot through at most `at_most`, never from the running
// engine.
Correlator Host::newest_engine(Sequence at_most, Sequence& base) {
    const std::vector<Sequence> there = journal_.snapshots();
    for (auto one = there.rbegin(); one != there.rend(); ++one) {
        if (*one > at_most) continue;
        const Result<Journal::Snapshot> newest = journal_.load_snapshot_at(*one);
        if (!newest) {
            (void)journal_.set_snapshot_aside(*one);
            continue;
        }
        Result<RestoredEngine> restored = EngineSnapshot::decode(newest->bytes, limits_, compile_journaled);
        if (!restored) throw Violation("a snapshot does not load: " + restored.error().message);
        base = newest->through;
        return std::move(restored->engine);
    }
    return Correlator(limits_);
}

// The entries behind `base` through `through`; `effects` gets what comes of them.
Instant Host::replay(Correlator& engine, Sequence base, Sequence through,
                     const std::function<void(ReleasedEffects&&)>& effects) {
    DecodeScratch scratch;
    Instant at;
    if (base >= through) return at;
    const Result<void> read = journal_.read({base.value + 1}, [&](const JournalEntry& entry) {
        if (entry.sequence > through) return false;
        Result<Input> input = journaled_input(entry, scratch);
        if (!input) throw Violation("a record does not decode: " + input.error().message);
        ReleasedEffects made{entry.sequence, {}, {}};
        engine.apply(*input, entry.at, made.effects);
        effects(std::move(made));
        at = entry.at;
        return true;
    });
    if (!read) throw Violation("the journal cannot be read again: " + read.error().message);
    return at;
}

// As daemon/read_model/catch_up.cpp does. That the way on is always there is a promise of those who remove snapshots
// and segments.
void Host::catch_up() {
    Sequence base;
    Correlator engine = newest_engine(checks_.reflects(), base);
    replay(engine, base, journal_.last(), [this](ReleasedEffects&& effects) { checks_.caught_up(effects); });
    checks_.advance(journal_.last());
}

// As daemon/snapshot_build.cpp does: up to an entry that is durable, which the read model need not know yet.
void Host::save_snapshot() {
    checks_.advance(life_->worker.released());
    const Sequence through = journal_.durable();
    const std::vector<Sequence> there = journal_.snapshots();
    if (through.value == 0 || (!there.empty() && there.back() >= through)) return;
    Sequence base;
    Correlator engine = newest_engine(through, base);
    const Instant at = replay(engine, base, through, [](ReleasedEffects&&) {});
    std::string bytes;
    EngineSnapshot::encode(engine, "sim", bytes);
    const Sequence reader = std::min(checks_.kept_reflects(), checks_.reflects());
    if (const Result<void> saved = journal_.save_snapshot(through, at, bytes, reader); !saved)
        throw Violation("a snapshot cannot be saved: " + saved.error().message);
    stage_.fault("snapshot written");
    forget_some(base, reader);
}

// Only what two snapshots stand for, and what the read model does not need to catch up from.
void Host::forget_some(Sequence covered, Sequence reader) {
    Sequence way_on;
    for (const Sequence through : journal_.snapshots())
        if (through <= reader) way_on = through;
    covered = std::min(covered, way_on);
    if (covered.value == 0 || !stage_.random.one_in(2)) return;
    stage_.fault("journal truncated");
    checks_.truncated(covered);
    (void)journal_.truncate(covered);
}

void Host::receive(AlertBatch batch, const std::string& message, bool has_recovery, Answered answered) {
    if (life_ == nullptr) return stage_.after(milliseconds(1), [answered] { answered(false); });
    AlertsItem item{0, std::move(batch), {}, nullptr, {}};
    item.reply = std::make_unique<SimReply>([this, message, answered](int status) {
        if (status >= 200 && status < 300) checks_.acknowledged(message);
        const bool is_lost = !stage_.calm && stage_.random.one_in(25);
        if (is_lost) return stage_.fault("acknowledgement lost on its way");
        stage_.after(milliseconds(3), [answered, status] { answered(status == 200); });
    });
    InboxItem boxed = std::move(item);
    const Inbox::Push pushed = life_->disk.stalled() ? Inbox::Push::full : life_->inbox.push(boxed, has_recovery);
    if (pushed != Inbox::Push::taken) {
        stage_.fault("request refused");
        return stage_.after(milliseconds(1), [answered] { answered(false); });
    }
    if (life_->inbox.bytes() > inbox_bytes_ + inbox_reserve) throw Violation("the inbox holds more than its bound");
    set_step(stage_.random.up_to(milliseconds(20)));
}

void Host::push_input(Input input) {
    InboxItem item = InputItem{std::move(input), {}};
    if (life_->inbox.push(item, true) != Inbox::Push::taken) throw Violation("an input of the daemon was refused");
    set_step({0});
}

void Host::command(OperatorCommand command) {
    if (life_ != nullptr) push_input(std::move(command));
}

void Host::reload_rules() {
    rules_ = stage_.random.below(rule_files.size());
    stage_.say("rules " + std::to_string(rules_) + " are loaded");
    if (life_ != nullptr) push_input(equipment_.rules(rules_));
}

void Host::set_step(Duration delay) {
    if (life_ == nullptr || std::exchange(life_->step_set, true)) return;
    in_this_life(delay, [this] { step(); });
}

void Host::step() {
    life_->step_set = false;
    std::vector<InboxItem> items;
    life_->inbox.pop(items, 1 + stage_.random.below(4), std::chrono::microseconds(0));
    const Instant now = life_->engine_now(stage_);
    life_->worker.step(items, now, life_->engine_time.ahead());
    checks_.engine(life_->worker.engine(), limits_);
    if (life_->inbox.depth() > 0) return set_step(milliseconds(1));
    const std::optional<Instant> due = life_->worker.next_due();
    if (!due || life_->wake_at == due) return;
    life_->wake_at = due;
    const Duration wait = std::clamp(*due - now, milliseconds(1), minutes(10));
    in_this_life(wait, [this] {
        life_->wake_at.reset();
        set_step({0});
    });
}

void Host::offer(DeliveryReported report) {
    ++life_->reports_waiting;
    in_this_life(stage_.random.up_to(milliseconds(5)), [this, report = std::move(report)] {
        --life_->reports_waiting;
        push_input(report);
    });
}

void Host::perform(DispatcherOutput&& out) {
    for (AttemptEnded& ended : out.attempts)
        stage_.say(ended.sink + " " + to_string(ended.incident) + " " + std::string(to_string(ended.kind)) +
                   " attempt " + std::to_string(ended.attempt) + ": " +
                   (ended.verdict.kind == SinkVerdict::Kind::delivered ? "delivered, ticket " + ended.verdict.ticket
                                                                       : ended.verdict.reason));
    for (DeliveryReported& report : out.reports) offer(std::move(report));
    for (const CallDue& due : out.calls) {
        stage_.say("call to " + due.sink + " for " + to_string(due.incident) + ": " + due.call.method + " " +
                   due.call.url);
        Network& network = due.sink == "rt" ? to_rt_ : to_hook_;
        network.send(due.call, [this, id = due.id, number = life_->number](const Network::Outcome& outcome) {
            if (life_ == nullptr || life_->number != number) return;
            DispatcherOutput next;
            if (const auto* answer = std::get_if<HttpAnswer>(&outcome))
                life_->dispatcher.answered(id, *answer, life_->egress_now(stage_), next);
            else
                life_->dispatcher.failed(id, std::get<NoAnswer>(outcome), life_->egress_now(stage_), next);
            perform(std::move(next));
        });
    }
    set_tick();
}

void Host::set_tick() {
    const std::optional<Instant> due = life_->dispatcher.next_due();
    if (!due) return;
    const Duration wait = std::clamp(*due - life_->egress_now(stage_), milliseconds(1), minutes(10));
    const Instant at = stage_.now + wait;
    if (life_->tick_at && *life_->tick_at <= at) return;
    life_->tick_at = at;
    in_this_life(wait, [this] {
        if (life_->tick_at != stage_.now) return;  // an earlier one took its place
        life_->tick_at.reset();
        DispatcherOutput out;
        life_->dispatcher.tick(life_->egress_now(stage_), out);
        perform(std::move(out));
    });
}

const Correlator* Host::engine() const { return life_ == nullptr ? nullptr : &life_->worker.engine(); }

bool Host::is_idle() const {
    return life_ != nullptr && life_->worker.idle() && life_->inbox.depth() == 0 && life_->reports_waiting == 0 &&
           life_->dispatcher.waiting() == 0;
}

void Host::check() {
    if (dying_) return crash();
    if (life_ != nullptr && !stage_.calm && stage_.random.one_in(150)) return crash();
    if (!stage_.calm && stage_.random.one_in(200)) check_replay();
    if (life_ != nullptr && stage_.random.one_in(250)) {
        save_snapshot();
        // What the snapshot is worth shows when nothing else reached the disk behind it.
        if (!stage_.calm && stage_.random.one_in(4)) return crash();
    }
    if (life_ != nullptr && stage_.random.one_in(60)) checks_.keep_read_model();
}

void Host::check_replay() {
    if (life_ == nullptr || !life_->worker.idle() || journal_.last() != life_->worker.last()) return;
    if (journal_.last().value == 0) return;
    checks_.replay_equals(life_->worker.engine(), life_->last_time, limits_, equipment_.log);
}

void Host::check_tickets(bool settled) {
    checks_.tickets(rt_, "rt", settled);
    checks_.tickets(hook_, "hook", settled);
}

}  // namespace incidentd::sim
