// Makes inputs durable: a thread that sleeps in fdatasync. The next write and sync starts when the last one ends and
// takes all that waits (natural group commit), while the shard parses and applies what comes next. See
// docs/decisions/0007-intake.md.
#pragma once

#include "adapters/journal.hpp"
#include "correlator/ids.hpp"
#include "daemon/durability.hpp"
#include "daemon/inbox.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics.hpp"
#include "daemon/shard/commit_port.hpp"
#include "daemon/shard/commit_step.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace incidentd {

class Committer final : public CommitPort {
public:
    // `wake` is called after each commit, so that the shard releases what waited for it. All references outlive this.
    Committer(Journal& journal, Log& log, Metrics& metrics, std::function<void()> wake,
              Durability durability = Durability::synced);
    ~Committer() override;  // stop()

    void start();
    void stop();  // commits what was submitted, then ends the thread

    // Shard thread. Blocks while more than `waiting_bytes_max` wait for the disk.
    void submit(CommitBatch batch) override;
    Sequence durable() const override { return step_.durable(); }

    // Any thread. Whole segments up to `through` are forgotten soon, between two commits; what it costs, a commit
    // waits.
    void forget(Sequence through);
    std::uint64_t bytes_written() const {
        return bytes_written_.load(std::memory_order_relaxed);
    }  // records, since start

    // True while the journal refuses writes (disk full): requests are then answered 503 at the door.
    bool stalled() const { return step_.stalled(); }

    static constexpr std::size_t waiting_bytes_max = 64 * 1024 * 1024;
    static constexpr std::chrono::milliseconds relaxed_sync_every{50};  // what follows from an input waits so long then

private:
    void run();
    void forget_now(Sequence through);
    std::vector<CommitBatch> take(Sequence& forget_through);
    bool write(std::vector<CommitBatch>& batches);
    void keep_unsynced(std::vector<CommitBatch>&& batches);
    bool sync_is_due(bool idle) const;
    void sync();

    Journal& journal_;
    CommitStep step_;
    Log& log_;
    Metrics& metrics_;
    const std::function<void()> wake_;
    const Durability durability_;

    std::vector<CommitBatch> unsynced_;                     // commit thread; written, without their bytes
    std::chrono::steady_clock::time_point last_sync_{};     // commit thread
    std::chrono::steady_clock::time_point commit_began_{};  // commit thread
    std::atomic<std::uint64_t> bytes_written_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<CommitBatch> waiting_;  // guarded by mutex_
    std::size_t waiting_bytes_ = 0;     // guarded by mutex_
    Sequence forget_through_;           // guarded by mutex_; 0: nothing to forget
    bool stopping_ = false;             // guarded by mutex_
    std::thread thread_;
};

}  // namespace incidentd
