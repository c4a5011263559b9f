#include "daemon/read_model/projector.hpp"

#include "daemon/clock.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {

Projector::Projector(ReadModelWriter writer, Duration keep, Log& log)
    : writer_(std::move(writer)), keep_(keep), log_(log), reflects_(writer_.reflects().value) {}

Projector::~Projector() { stop(); }

Result<void> Projector::take_over(const Correlator& engine, Sequence through) {
    const Result<void> done = writer_.take_over(engine, through);
    if (done) reflects_.store(through.value, std::memory_order_relaxed);
    return done;
}

void Projector::start() {
    thread_ = std::thread([this] { run(); });
}

void Projector::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Projector::submit(std::vector<ReleasedEffects> released) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_effects_ < waiting_most || failing_ || stopping_; });
    if (waiting_effects_ >= waiting_most && failing_ && !std::exchange(behind_, true))
        log_.error("the read model could not be written for too long: it stays behind until the next start",
                   {{"do", "make room, then restart: it is brought up to date from the journal"}});
    if (behind_) return;
    for (ReleasedEffects& one : released) {
        waiting_effects_ += one.effects.size();
        waiting_.push_back(std::move(one));
    }
    lock.unlock();
    changed_.notify_all();
}

void Projector::advance(Sequence through) {
    std::vector<ReleasedEffects> nothing;
    nothing.push_back({through, {}});
    submit(std::move(nothing));
}

void Projector::refresh(Counts counts) {
    {
        const std::lock_guard lock(mutex_);
        if (counts_.alerts.size() + counts_.incidents.size() >= waiting_most) return;  // the next ones are newer
        counts_.alerts.insert(counts_.alerts.end(), counts.alerts.begin(), counts.alerts.end());
        counts_.incidents.insert(counts_.incidents.end(), counts.incidents.begin(), counts.incidents.end());
    }
    changed_.notify_all();
}

bool Projector::idle() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && counts_.empty();
}

void Projector::run() {
    std::vector<ReleasedEffects> released;
    Counts counts;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty() || !counts_.empty() || stopping_; });
            if (waiting_.empty() && counts_.empty()) return;
            released.swap(waiting_);
            counts = std::exchange(counts_, {});
            waiting_effects_ = 0;
        }
        changed_.notify_all();
        write(released, counts);
        released.clear();
        prune_now_and_then();
    }
}

// Tries until it is written: effects left out here would be missing until somebody rebuilds the read model.
void Projector::write(const std::vector<ReleasedEffects>& released, const Counts& counts) {
    for (;;) {
        const Result<void> written = transaction(released, counts);
        if (written) break;
        log_.error("the read model could not be written: incidents shown may be out of date, nothing is lost",
                   {{"error", written.error().message}});
        std::unique_lock lock(mutex_);
        failing_ = true;
        changed_.notify_all();
        if (changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) return;
    }
    {
        const std::lock_guard lock(mutex_);
        failing_ = false;
    }
    reflects_.store(writer_.reflects().value, std::memory_order_relaxed);
}

Result<void> Projector::transaction(const std::vector<ReleasedEffects>& released, const Counts& counts) {
    if (Result<void> begun = writer_.begin(); !begun) {
        writer_.rollback();
        return begun;
    }
    Sequence last = writer_.reflects();
    const Sequence before = last;
    for (const ReleasedEffects& one : released) {
        if (one.sequence <= before) continue;
        for (const Effect& effect : one.effects)
            if (Result<void> written = writer_.write(effect); !written) {
                writer_.rollback();
                return written;
            }
        last = std::max(last, one.sequence);
    }
    if (Result<void> written = writer_.refresh(counts); !written) {
        writer_.rollback();
        return written;
    }
    Result<void> done = writer_.commit(last);
    if (!done) writer_.rollback();
    return done;
}

void Projector::prune_now_and_then() {
    const Instant now = wall_clock_now();
    if (keep_.ms == 0 || now - last_prune_ < hours(1)) return;
    last_prune_ = now;
    if (const Result<void> pruned = writer_.prune(now - keep_); !pruned)
        log_.warning("old incidents could not be removed from the read model", {{"error", pruned.error().message}});
}

}  // namespace incidentd
