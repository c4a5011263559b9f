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

Committer::Committer(Journal& journal, Log& log, Metrics& metrics, std::function<void()> wake)
    : journal_(journal), step_(journal, log, metrics), log_(log), metrics_(metrics), wake_(std::move(wake)) {}

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
    std::vector<CommitBatch> batches;
    for (;;) {
        Sequence forget_through;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty() || forget_through_.value > 0 || stopping_; });
            if (waiting_.empty() && forget_through_.value == 0) return;
            batches.swap(waiting_);
            waiting_bytes_ = 0;
            forget_through = std::exchange(forget_through_, {});
        }
        changed_.notify_all();
        commit(batches);
        batches.clear();
        if (forget_through.value > 0) forget_now(forget_through);
    }
}

void Committer::forget_now(Sequence through) {
    if (const Result<void> done = journal_.truncate(through); !done)
        log_.warning("old journal segments could not be removed", {{"error", done.error().message}});
}

void Committer::commit(std::vector<CommitBatch>& batches) {
    if (batches.empty()) return;
    const auto start = monotonic_now();
    if (!write(batches)) return;
    std::uint64_t bytes = 0;
    for (const CommitBatch& batch : batches) bytes += batch.bytes.size();
    if (const Result<void> synced = step_.finish(batches); !synced) {
        // After a failed sync nobody knows what is on the disk. Ending here and reading the journal back is the only
        // way to know; nothing of it was acknowledged.
        log_.error("the journal could not be synced: stopping, so that a restart reads back what is really there",
                   {{"error", synced.error().message}});
        std::_Exit(EXIT_FAILURE);
    }
    metrics_.commit_seconds(seconds_since(start));
    bytes_written_.fetch_add(bytes, std::memory_order_relaxed);
    wake_();
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
