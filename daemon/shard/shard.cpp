#include "daemon/shard/shard.hpp"

#include "daemon/clock.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t items_per_step = 512;
constexpr std::size_t counts_per_refresh = 20'000;  // the rest follows a second later
constexpr std::chrono::milliseconds longest_wait{200};

}  // namespace

Shard::Shard(Inbox& inbox, Worker& worker, std::function<void(Counts)> refresh)
    : inbox_(inbox), worker_(worker), refresh_(std::move(refresh)), time_(worker.now()) {}

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
        refresh_counts(now);
        publish();
        steps_.fetch_add(1, std::memory_order_relaxed);
        if (stopping && nothing_left && worker_.idle()) break;
    }
    last_refresh_ = Instant{};
    refresh_counts(wall_clock_now());
}

std::chrono::microseconds Shard::patience(Instant now) const {
    const std::optional<Instant> due = worker_.next_due();
    if (!due) return longest_wait;
    return std::clamp<std::chrono::microseconds>(std::chrono::milliseconds((*due - now).ms),
                                                 std::chrono::microseconds(0), longest_wait);
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

void Shard::refresh_counts(Instant now) {
    if (now - last_refresh_ < seconds(1) && now >= last_refresh_) return;
    last_refresh_ = now;
    Counts counts;
    worker_.engine().visit_touched(counts_per_refresh, [&counts](const AlertRow& row) {
        counts.alerts.push_back({row.fingerprint, row.count, row.last_seen});
    });
    worker_.engine().visit_touched_incidents([&counts](const IncidentView& view) {
        counts.incidents.push_back({view.id, view.messages_total});
    });
    if (!counts.empty()) refresh_(std::move(counts));
}

}  // namespace incidentd
