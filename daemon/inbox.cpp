#include "daemon/inbox.hpp"

#include <concurrentqueue.h>
#include <lightweightsemaphore.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace incidentd {

namespace {

// What an item weighs besides its batch: roughly its own size plus a reply's.
constexpr std::size_t item_bytes = 512;

// Spinning longer than this would take a core from the threads that fill the queue.
constexpr int spins_before_sleep = 64;

struct Weight {
    std::size_t operator()(const AlertsItem& item) const { return item_bytes + item.batch.bytes(); }
    std::size_t operator()(const InputItem&) const { return item_bytes; }
    std::size_t operator()(const QueryItem&) const { return item_bytes; }
};

// Takes `weight` credits out of `most`. An item heavier than all credits passes when nothing else waits: it would
// otherwise be refused for ever.
bool take_credits(std::atomic<std::size_t>& used, std::size_t weight, std::size_t most) {
    std::size_t before = used.load(std::memory_order_relaxed);
    do {
        if (before != 0 && before + weight > most) return false;
    } while (!used.compare_exchange_weak(before, before + weight, std::memory_order_relaxed));
    return true;
}

}  // namespace

struct Inbox::Queue {
    moodycamel::ConcurrentQueue<InboxItem> items;
    // What pop() sleeps on. It looks before it sleeps, so a surplus only makes it look once in vain.
    moodycamel::LightweightSemaphore ready{0, spins_before_sleep};
};

Inbox::Inbox(std::size_t bytes_max, std::size_t reserved_bytes, std::size_t sources)
    : queue_(std::make_unique<Queue>()),
      bytes_max_(bytes_max),
      reserved_bytes_(reserved_bytes),
      by_source_(std::max<std::size_t>(sources, 1)) {}

Inbox::~Inbox() = default;

std::atomic<std::size_t>* Inbox::held_by(const InboxItem& item) {
    const auto* alerts = std::get_if<AlertsItem>(&item);
    return alerts != nullptr && alerts->source < by_source_.size() ? &by_source_[alerts->source] : nullptr;
}

// Two pushes at the same time may both pass: the bound that counts is that of all together.
bool Inbox::exceeds_share(const InboxItem& item, std::size_t weight) {
    if (by_source_.size() < 2 || bytes_.load() + weight <= bytes_max_ / 2) return false;
    const std::atomic<std::size_t>* held = held_by(item);
    return held != nullptr && held->load() > 0 && held->load() + weight > bytes_max_ / by_source_.size();
}

Inbox::Push Inbox::push(InboxItem& item, bool privileged, Wake wake) {
    // Counted before `closed_` is read: once closed and at depth zero, nothing can still be on its way in.
    items_.fetch_add(1);
    if (closed_.load()) {
        items_.fetch_sub(1);
        return Push::closed;
    }
    const std::size_t weight = std::visit(Weight{}, item);
    if (!privileged && exceeds_share(item, weight)) {
        items_.fetch_sub(1);
        return Push::over_share;
    }
    if (!take_credits(bytes_, weight, privileged ? bytes_max_ + reserved_bytes_ : bytes_max_)) {
        items_.fetch_sub(1);
        return Push::full;
    }
    if (std::atomic<std::size_t>* held = held_by(item)) held->fetch_add(weight);
    queue_->items.enqueue(std::move(item));
    if (wake == Wake::now) queue_->ready.signal();
    return Push::taken;
}

std::size_t Inbox::pop(std::vector<InboxItem>& out, std::size_t most, std::chrono::microseconds patience) {
    const std::size_t first = out.size();
    if (queue_->items.try_dequeue_bulk(std::back_inserter(out), most) == 0) {
        if (!queue_->ready.wait(std::max<std::int64_t>(patience.count(), 0))) return 0;
        queue_->items.try_dequeue_bulk(std::back_inserter(out), most);
    }
    const std::size_t taken = out.size() - first;
    if (taken == 0) return 0;
    queue_->ready.tryWaitMany(static_cast<std::make_signed_t<std::size_t>>(taken));
    std::size_t weight = 0;
    for (std::size_t i = first; i < out.size(); ++i) {
        const std::size_t one = std::visit(Weight{}, out[i]);
        if (std::atomic<std::size_t>* held = held_by(out[i])) held->fetch_sub(one);
        weight += one;
    }
    bytes_.fetch_sub(weight);
    items_.fetch_sub(taken);
    return taken;
}

void Inbox::wake() { queue_->ready.signal(); }

void Inbox::close() {
    closed_.store(true);
    wake();
}

std::size_t Inbox::depth() const { return items_.load(); }

std::size_t Inbox::bytes() const { return bytes_.load(); }

}  // namespace incidentd
