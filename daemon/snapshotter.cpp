#include "daemon/snapshotter.hpp"

#include "adapters/journals/segments/snapshots.hpp"
#include "daemon/clock.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

constexpr std::chrono::seconds look_every{1};
constexpr std::chrono::seconds patience_after_failure{60};

}  // namespace

Snapshotter::Snapshotter(SnapshotSettings settings, SnapshotPorts ports, SnapshotProgress progress, Log& log,
                         Metrics& metrics)
    : settings_(std::move(settings)),
      ports_(std::move(ports)),
      log_(log),
      metrics_(metrics),
      progress_(progress),
      child_("the process that builds snapshots", settings_.program),
      not_before_(monotonic_now()) {
    if (progress_.newest.value == 0) progress_.at = wall_clock_now();
}

Snapshotter::~Snapshotter() { stop(); }

void Snapshotter::start() {
    thread_ = std::thread([this] { run(); });
}

void Snapshotter::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    child_.end();
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Snapshotter::run() {
    for (;;) {
        journal_bytes_.store(segments::directory_bytes(settings_.directory), std::memory_order_relaxed);
        if (is_due()) build();
        forget_some();
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, look_every, [this] { return stopping_; })) return;
    }
}

bool Snapshotter::is_due() const {
    const std::uint64_t since = progress_.bytes_since + ports_.bytes_written() - written_before_;
    const bool is_enough = since >= settings_.every_bytes || wall_clock_now() - progress_.at >= settings_.age;
    return is_enough && monotonic_now() >= not_before_ && ports_.durable() > progress_.newest;
}

void Snapshotter::build() {
    const std::uint64_t written = ports_.bytes_written();
    const Sequence through = ports_.durable();
    const Instant at = wall_clock_now();
    const Result<BuiltSnapshot> outcome = run_child(through);
    if (outcome) {
        progress_ = {through, 0, at};
        written_before_ = written;
    } else {
        not_before_ = monotonic_now() + patience_after_failure;
    }
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ && !outcome) return;  // we ended it ourselves
    }
    finish(outcome, through);
}

void Snapshotter::finish(const Result<BuiltSnapshot>& outcome, Sequence through) {
    if (!outcome) {
        metrics_.snapshot_failed();
        log_.warning("no snapshot was written: a restart replays more, and old segments stay",
                     {{"through", through.value}, {"error", outcome.error().message}});
        return;
    }
    // The base was read back whole just now, so it and the new one are two that stand for everything up to it.
    covered_ = outcome->base;
    metrics_.snapshot_written(outcome->seconds, outcome->bytes);
    log_.info("snapshot written", {{"through", through.value},
                                   {"base", outcome->base.value},
                                   {"bytes", outcome->bytes},
                                   {"seconds", outcome->seconds}});
    if (const segments::Compressed& packed = outcome->compressed; packed.files > 0)
        log_.info("old journal segments were compressed",
                  {{"segments", packed.files}, {"bytes", packed.bytes_before}, {"bytes_now", packed.bytes_after}});
    if (!outcome->not_compressed.empty())
        log_.warning("old journal segments stay uncompressed for now", {{"error", outcome->not_compressed}});
}

std::vector<std::string> Snapshotter::command(Sequence through) const {
    std::vector<std::string> words = offline_words(
        "build-snapshot", {settings_.directory, through, settings_.limits, static_cast<std::int64_t>(::getpid())});
    words.insert(words.end(), {"--read-model-reflects", std::to_string(ports_.read_model().value)});
    return words;
}

Result<BuiltSnapshot> Snapshotter::run_child(Sequence through) {
    const Result<std::string> text = child_.run(command(through));
    return text ? parse_outcome(*text) : text.error();
}

// The snapshot from which the read model can be brought up to date, should that be needed.
Sequence Snapshotter::way_on_of_read_model() const {
    const auto snapshots = segments::list_snapshots(settings_.directory);
    return snapshots ? segments::newest_snapshot(*snapshots, ports_.read_model()) : Sequence{};
}

// One segment at a time: removing a file may take a moment, and a commit waits for it.
void Snapshotter::forget_some() {
    if (covered_.value == 0) return;
    const auto segments = segments::list_segments(settings_.directory);
    if (!segments) return;
    const Sequence covered = std::min(covered_, way_on_of_read_model());
    const Sequence through = forgettable(*segments, covered, settings_.retention, wall_clock_now());
    if (through.value == 0) return;
    log_.info("a journal segment is forgotten: two snapshots stand for it and it is beyond what is kept",
              {{"first", segments->front().first.value}, {"last", segments->front().last.value}});
    ports_.forget(segments->front().last);
}

}  // namespace incidentd
