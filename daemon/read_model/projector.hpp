// Writes what the shard released into the read model, off the acknowledge path: a thread and a bounded queue.
#pragma once

#include "daemon/log.hpp"
#include "daemon/read_model/batch.hpp"
#include "daemon/read_model/read_model.hpp"
#include "daemon/shard/released.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace incidentd {

struct ProjectorLimits {
    std::size_t queue_bytes = 64 * 1024 * 1024;  // of effects that wait; more are left out
    Duration keep{0};                            // what is over for so long leaves the read model; 0: nothing does
};

class Projector {
public:
    // Brings the file up to date from the journal, through an entry that is durable, while nobody else writes it.
    // Called on the projector's thread.
    using CatchUp = std::function<Result<void>(Sequence through)>;

    // Without `catch_up` only the next start closes a gap.
    Projector(ReadModelWriter writer, const ProjectorLimits& limits, Log& log, CatchUp catch_up = {});
    ~Projector();  // stop()

    // Before start(): the read model becomes what `engine` holds, which stands for everything up to `through`.
    Result<void> take_over(const Correlator& engine, Sequence through);

    void start();
    void stop();  // writes what was submitted, then ends

    // Shard thread. Never waits, and never holds more than its limit: effects that come while so much waits are left
    // out, and read from the journal again later (`catch_up`). Effects at or below reflects() are skipped.
    void submit(std::vector<ReleasedEffects> released);
    // For recovery, where nobody waits for the engine: waits for room first, unless the file cannot be written.
    void submit_patiently(std::vector<ReleasedEffects> released);
    // Shard thread. False while enough of the state is told: then no ReleasedEffects may carry more of it.
    bool has_room() const;
    // Any thread. Everything up to there was submitted, entries without effects included: reflects() gets there.
    void advance(Sequence through);
    bool idle() const;  // nothing waits

    Sequence reflects() const { return {reflects_.load(std::memory_order_relaxed)}; }
    Instant told_through() const { return writer_.told_through(); }  // before start()
    static constexpr std::size_t told_most = 1'000;                  // alerts and incidents

private:
    void run();
    void take(ReleasedEffects& one);    // mutex_ held
    bool has_room_for_effects() const;  // mutex_ held
    bool write(const ReadModelBatch& batch, Sequence through);
    bool close_gap();
    bool fail(std::chrono::seconds wait);
    void prune_now_and_then();

    ReadModelWriter writer_;
    const ProjectorLimits limits_;
    Log& log_;
    const CatchUp catch_up_;
    Instant last_prune_;
    Sequence known_;  // guarded by mutex_; effects up to there are written, or will be by catch_up_
    std::atomic<std::uint64_t> reflects_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    ReadModelBatch waiting_;   // guarded by mutex_
    Sequence through_;         // guarded by mutex_; of the effects in waiting_ and before
    std::size_t writing_ = 0;  // guarded by mutex_; weight of what is being written
    std::size_t told_ = 0;     // guarded by mutex_; alerts and incidents waiting or being written
    Sequence gap_through_;     // guarded by mutex_; set: effects behind through_ up to there were left out
    bool closing_ = false;     // guarded by mutex_; catch_up_ is under way
    bool failing_ = false;     // guarded by mutex_; the last write did not work
    bool stopping_ = false;    // guarded by mutex_
    std::thread thread_;
};

}  // namespace incidentd
