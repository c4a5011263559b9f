#include "daemon/shard/shard.hpp"

#include "daemon/clock.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t items_per_step = 512;
constexpr std::chrono::milliseconds longest_wait{200};
constexpr std::chrono::seconds longest_stop{2};

// What the read model is told of the state holds up the engine: little at a time.
constexpr std::size_t told_at_once = 256;
constexpr std::chrono::milliseconds told_every{10};
constexpr std::chrono::seconds counts_told_every{3};  // less often: under load every alert moves all the time

}  // namespace

Shard::Shard(Inbox& inbox, Worker& worker, std::function<bool()> has_room)
    : inbox_(inbox), worker_(worker), has_room_(std::move(has_room)), time_(worker.now()) {}

Shard::~Shard() { stop(); }

void Shard::start() {
    publish();
    thread_ = std::thread([this] { run(); });
}

void Shard::stop() {
    inbox_.close();
    stopping_.store(true);
    inbox_.wake();
    if (thread_.joinable()) thread_.join();
}

void Shard::run() {
    std::vector<InboxItem> items;
    for (;;) {
        const bool stopping = stopping_.load();
        items.clear();
        inbox_.pop(items, items_per_step,
                   stopping ? std::chrono::milliseconds(1) : patience(time_.at(wall_clock_now(), uptime_now())));
        const bool nothing_left = items.empty();
        const Instant now = time_.at(wall_clock_now(), uptime_now());
        worker_.step(items, now, time_.ahead());
        tell_state();
        publish();
        steps_.fetch_add(1, std::memory_order_relaxed);
        if (stopping && nothing_left && worker_.idle()) break;
    }
    // Everything is durable by now. A read model that cannot be written gets it at the next start instead.
    for (auto give_up = monotonic_now() + longest_stop; monotonic_now() < give_up;) {
        if (!has_room_())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        else if (!worker_.tell_state(told_at_once, true))
            break;
    }
}

std::chrono::microseconds Shard::patience(Instant now) const {
    const std::chrono::milliseconds most = worker_.has_untold() ? told_every : longest_wait;
    const std::optional<Instant> due = worker_.next_due();
    if (!due) return most;
    return std::clamp<std::chrono::microseconds>(std::chrono::milliseconds((*due - now).ms),
                                                 std::chrono::microseconds(0), most);
}

void Shard::publish() {
    const EngineSizes now = worker_.engine().sizes();
    table_full_.store(now.alerts_held >= alerts_max_, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    sizes_ = now;
}

EngineSizes Shard::sizes() const {
    const std::lock_guard lock(mutex_);
    return sizes_;
}

void Shard::tell_state() {
    const auto now = monotonic_now();
    const bool counts = now - counts_told_at_ >= counts_told_every;
    if (now - told_at_ < told_every || !(counts || worker_.has_untold()) || !has_room_()) return;
    told_at_ = now;
    // Those that did not fit follow at the next occasion.
    if (!worker_.tell_state(told_at_once, counts) && counts) counts_told_at_ = now;
}

}  // namespace incidentd
