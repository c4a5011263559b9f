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

struct CatchUpPort {
    // Brings the file up to date from the journal, through an entry that is durable, while nobody else writes it.
    // Called on the projector's thread.
    std::function<Result<void>(Sequence through)> run{};
    // Any thread: run() ends soon, and from now on does nothing.
    std::function<void()> end{};
};

class Projector {
public:
    // Without a `catch_up` nobody closes a gap before the next start.
    Projector(ReadModelWriter writer, const ProjectorLimits& limits, Log& log, CatchUpPort catch_up = {});
    ~Projector();  // stop()

    // Before start() and submit(). `through`: the journal's last entry. What lies between reflects() and it is read
    // from the journal once the thread runs. False: the file reflects all of it.
    bool note_gap(Sequence through);
    void start();
    // Writes what was submitted and ends; a gap that is being closed stays for the next start.
    void stop();
    // Shard thread. Never waits, and never holds more than its limit: effects that come while so much waits are left
    // out, and read from the journal again later (`catch_up`). Effects at or below reflects() are skipped.
    void submit(std::vector<ReleasedEffects> released);
    // Shard thread. False while enough of the state is told: then no ReleasedEffects may carry more of it.
    bool has_room() const;
    // Any thread. Everything up to there was submitted, entries without effects included: reflects() gets there.
    void advance(Sequence through);
    bool idle() const;            // nothing waits
    bool is_catching_up() const;  // any thread: something is, or will be, read from the journal
    void wait_until_idle(std::chrono::milliseconds most);

    Sequence reflects() const { return {reflects_.load(std::memory_order_relaxed)}; }
    Instant told_through() const { return writer_.told_through(); }  // before start()
    static constexpr std::size_t told_most = 1'000;                  // alerts and incidents

private:
    void run();
    void take(ReleasedEffects& one);    // mutex_ held
    bool has_room_for_effects() const;  // mutex_ held
    bool write(const ReadModelBatch& batch, Sequence through);
    bool is_idle() const;  // mutex_ held
    bool close_gap();
    bool fail(std::chrono::seconds wait);
    bool is_stopping() const;
    void prune_now_and_then();

    ReadModelWriter writer_;
    const ProjectorLimits limits_;
    Log& log_;
    const CatchUpPort catch_up_;
    Instant last_prune_;
    Sequence known_;  // guarded by mutex_; effects up to there are written, or will be by catch_up_.run
    std::atomic<std::uint64_t> reflects_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    ReadModelBatch waiting_;   // guarded by mutex_
    Sequence through_;         // guarded by mutex_; of the effects in waiting_ and before
    std::size_t writing_ = 0;  // guarded by mutex_; weight of what is being written
    std::size_t told_ = 0;     // guarded by mutex_; alerts and incidents waiting or being written
    Sequence gap_through_;     // guarded by mutex_; set: effects behind through_ up to there were left out
    bool closing_ = false;     // guarded by mutex_; catch_up_.run is under way
    bool failing_ = false;     // guarded by mutex_; the last write did not work
    bool stopping_ = false;    // guarded by mutex_
    std::thread thread_;
};

}  // namespace incidentd
