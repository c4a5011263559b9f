// Writes released effects into the read model, off the acknowledge path: a thread and a bounded queue.
#pragma once

#include "daemon/log.hpp"
#include "daemon/read_model/read_model.hpp"
#include "daemon/shard/worker.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace incidentd {

class Projector {
public:
    // `keep`: what is over for so long leaves the read model.
    Projector(ReadModelWriter writer, Duration keep, Log& log);
    ~Projector();  // stop()

    // Before start(): the read model becomes what `engine` holds, which stands for everything up to `through`.
    Result<void> take_over(const Correlator& engine, Sequence through);

    void start();
    void stop();  // writes what was submitted, then ends

    // Shard thread. Effects at or below reflects() are skipped. Blocks while `waiting_most` effects wait: the read
    // model may lag. But while it cannot be written at all it must not hold up the engine: then what comes is left out,
    // it stays behind for good, and the next start brings it up to date from the journal.
    void submit(std::vector<ReleasedEffects> released);
    // Any thread. Everything up to there was submitted, entries without effects included: reflects() gets there.
    void advance(Sequence through);
    void refresh(Counts counts);  // the newest; follows the effects submitted before it
    bool idle() const;            // nothing waits

    Sequence reflects() const { return {reflects_.load(std::memory_order_relaxed)}; }
    static constexpr std::size_t waiting_most = 200'000;

private:
    void run();
    void write(const std::vector<ReleasedEffects>& released, const Counts& counts);
    Result<void> transaction(const std::vector<ReleasedEffects>& released, const Counts& counts);
    void prune_now_and_then();

    ReadModelWriter writer_;
    const Duration keep_;
    Log& log_;
    std::atomic<std::uint64_t> reflects_;
    Instant last_prune_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<ReleasedEffects> waiting_;  // guarded by mutex_
    Counts counts_;                         // guarded by mutex_
    std::size_t waiting_effects_ = 0;       // guarded by mutex_
    bool failing_ = false;                  // guarded by mutex_; the last write did not work
    bool behind_ = false;                   // guarded by mutex_; something was left out, nothing may follow it
    bool stopping_ = false;                 // guarded by mutex_
    std::thread thread_;
};

}  // namespace incidentd
