// Has snapshots built beside the daemon when enough was journaled, and lets the journal forget what no longer counts.
// A thread that sleeps; the work is done by a child process (daemon/snapshot_build.hpp).
#pragma once

#include "adapters/journals/segments/files.hpp"
#include "adapters/journals/segments/offline.hpp"
#include "daemon/child_process.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics.hpp"
#include "daemon/snapshot_build.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace incidentd {

struct SnapshotSettings {
    std::string directory;          // the journal's
    std::uint64_t every_bytes = 0;  // of records behind the newest one: then another is due
    Duration age{0};                // of the newest one: then too, if anything was journaled behind it
    segments::Retention retention;
    EngineLimits limits;
    std::string program = "/proc/self/exe";  // the same file, even after an upgrade has replaced it
};

// Thread-safe.
struct SnapshotPorts {
    std::function<Sequence()> durable;             // a snapshot may stand for everything up to here
    std::function<Sequence()> read_model;          // what it reflects: it must find a way on from there
    std::function<std::uint64_t()> bytes_written;  // of records, since the start
    std::function<void(Sequence)> forget;          // whole segments up to there
};

// Where the start left off.
struct SnapshotProgress {
    Sequence newest;                // snapshot that was loaded; 0: none
    std::uint64_t bytes_since = 0;  // of records behind it
    Instant at{};                   // of its last entry
};

class Snapshotter {
public:
    Snapshotter(SnapshotSettings settings, SnapshotPorts ports, SnapshotProgress progress, Log& log, Metrics& metrics);
    ~Snapshotter();  // stop()

    void start();
    void stop();  // ends a child under way; what it built so far is dropped

    std::uint64_t journal_bytes() const { return journal_bytes_.load(std::memory_order_relaxed); }  // on the disk

private:
    void run();
    bool is_due() const;
    void build();
    void finish(const Result<BuiltSnapshot>& outcome, Sequence through);
    Result<BuiltSnapshot> run_child(Sequence through);
    std::vector<std::string> command(Sequence through) const;
    Sequence way_on_of_read_model() const;
    void forget_some();

    const SnapshotSettings settings_;
    const SnapshotPorts ports_;
    Log& log_;
    Metrics& metrics_;
    SnapshotProgress progress_;
    ChildProcess child_;
    std::uint64_t written_before_ = 0;  // bytes_written() when the newest snapshot's `through` was asked for
    Sequence covered_;                  // by two good snapshots: what may be forgotten
    std::chrono::steady_clock::time_point not_before_;
    std::atomic<std::uint64_t> journal_bytes_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace incidentd
