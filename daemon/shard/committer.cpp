#include "daemon/shard/committer.hpp"

#include "daemon/clock.hpp"

#include <cstdlib>
#include <utility>

namespace incidentd {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(monotonic_now() - start).count();
}

}  // namespace

Committer::Committer(Journal& journal, Log& log, Metrics& metrics, std::function<void()> wake, Durability durability)
    : journal_(journal),
      step_(journal, log, metrics),
      log_(log),
      metrics_(metrics),
      wake_(std::move(wake)),
      durability_(durability) {}

Committer::~Committer() { stop(); }

void Committer::start() {
    thread_ = std::thread([this] { run(); });
}

void Committer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Committer::submit(CommitBatch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_bytes_ < waiting_bytes_max || stopping_; });
    waiting_bytes_ += batch.bytes.size();
    waiting_.push_back(std::move(batch));
    lock.unlock();
    changed_.notify_all();
}

void Committer::forget(Sequence through) {
    {
        const std::lock_guard lock(mutex_);
        forget_through_ = through;
    }
    changed_.notify_all();
}

void Committer::run() {
    for (;;) {
        Sequence forget_through;
        std::vector<CommitBatch> batches = take(forget_through);
        const bool stopping = batches.empty() && unsynced_.empty() && forget_through.value == 0;
        if (stopping) return;
        commit_began_ = monotonic_now();
        if (!batches.empty() && !write(batches)) continue;
        if (durability_ == Durability::relaxed) CommitStep::answer(batches);
        const bool idle = batches.empty();
        keep_unsynced(std::move(batches));
        if (sync_is_due(idle)) sync();
        if (forget_through.value > 0) forget_now(forget_through);
    }
}

// What waits; waits for it, or until the next sync is due. Nothing at all: stopping.
std::vector<CommitBatch> Committer::take(Sequence& forget_through) {
    std::vector<CommitBatch> batches;
    {
        std::unique_lock lock(mutex_);
        const auto has_work = [this] { return !waiting_.empty() || forget_through_.value > 0 || stopping_; };
        if (unsynced_.empty())
            changed_.wait(lock, has_work);
        else
            changed_.wait_until(lock, last_sync_ + relaxed_sync_every, has_work);
        batches.swap(waiting_);
        waiting_bytes_ = 0;
        forget_through = std::exchange(forget_through_, {});
    }
    changed_.notify_all();
    return batches;
}

void Committer::keep_unsynced(std::vector<CommitBatch>&& batches) {
    for (CommitBatch& batch : batches) {
        bytes_written_.fetch_add(batch.bytes.size(), std::memory_order_relaxed);
        batch.bytes = {};
        unsynced_.push_back(std::move(batch));
    }
}

bool Committer::sync_is_due(bool idle) const {
    if (unsynced_.empty()) return false;
    return durability_ == Durability::synced || idle || monotonic_now() >= last_sync_ + relaxed_sync_every;
}

void Committer::sync() {
    last_sync_ = monotonic_now();
    if (const Result<void> synced = step_.finish(unsynced_); !synced) {
        // After a failed sync nobody knows what is on the disk. Ending here and reading the journal back is the only
        // way to know; nothing of it was acknowledged, unless durability is relaxed.
        log_.error("the journal could not be synced: stopping, so that a restart reads back what is really there",
                   {{"error", synced.error().message}});
        std::_Exit(EXIT_FAILURE);
    }
    unsynced_.clear();
    metrics_.commit_seconds(seconds_since(commit_began_));
    wake_();
}

void Committer::forget_now(Sequence through) {
    if (const Result<void> done = journal_.truncate(through); !done)
        log_.warning("old journal segments could not be removed", {{"error", done.error().message}});
}

// Tries until the disk takes the entries.
bool Committer::write(std::vector<CommitBatch>& batches) {
    while (!step_.write(batches)) {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, std::chrono::milliseconds(200), [this] { return stopping_; })) {
            log_.error("stopping while the journal refuses writes: unacknowledged alerts are given up",
                       {{"batches", batches.size()}});
            return false;
        }
    }
    return true;
}

}  // namespace incidentd
