// The shard's thread: waits at the inbox or for the next deadline, and lets the worker do one step after the other.
#pragma once

#include "daemon/inbox.hpp"
#include "daemon/log.hpp"
#include "daemon/shard/worker.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace incidentd {

class Shard {
public:
    // `has_room`: whether the read model has written what it was told of the state; asked on the shard's thread.
    // References outlive this.
    Shard(Inbox& inbox, Worker& worker, std::function<bool()> has_room);
    ~Shard();  // stop()

    void start();
    void stop();  // handles what is in the closed inbox, waits for what it owes the committer, then ends

    // Any thread: for gauges and the watchdog.
    EngineSizes sizes() const;
    std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }  // grows at least every 200 ms
    bool table_full() const { return table_full_.load(std::memory_order_relaxed); }
    void set_alerts_max(std::uint64_t most) { alerts_max_ = most; }  // before start()

private:
    void run();
    void publish();
    void tell_state();
    std::chrono::microseconds patience(Instant now) const;

    Inbox& inbox_;
    Worker& worker_;
    const std::function<bool()> has_room_;
    std::uint64_t alerts_max_ = UINT64_MAX;
    std::chrono::steady_clock::time_point told_at_, counts_told_at_;

    mutable std::mutex mutex_;
    EngineSizes sizes_;  // guarded by mutex_
    std::atomic<std::uint64_t> steps_{0};
    std::atomic<bool> table_full_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace incidentd
