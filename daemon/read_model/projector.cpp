#include "daemon/read_model/projector.hpp"

#include "daemon/clock.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

// Between two transactions: what comes meanwhile goes into the next one, which costs little more for it, because each
// page it touches is written once. So the pause grows with the work: at most a quarter of the time is spent writing.
constexpr std::chrono::milliseconds pause_least{25}, pause_most{250};

std::chrono::steady_clock::duration pause_after(std::chrono::steady_clock::duration work) {
    return std::clamp<std::chrono::steady_clock::duration>(3 * work, pause_least, pause_most);
}

constexpr std::chrono::seconds patience{1};        // after a failure
constexpr std::chrono::seconds patience_most{60};  // after many at catching up, which costs more to try

// When every core is busy, intake comes first; this thread still gets a tenth, which is enough for packed history.
constexpr int niceness = 5;

}  // namespace

Projector::Projector(ReadModelWriter writer, const ProjectorLimits& limits, Log& log, CatchUpPort catch_up)
    : writer_(std::move(writer)),
      limits_(limits),
      log_(log),
      catch_up_(std::move(catch_up)),
      known_(writer_.reflects()),
      reflects_(known_.value),
      through_(known_) {}

Projector::~Projector() { stop(); }

// If `expected` cannot be written, what was expected before stands: such a file has nothing newer to show.
bool Projector::note_gap(Sequence through) {
    if (through <= known_) return false;
    gap_through_ = through;
    (void)writer_.expect(through);
    log_.info("the read model is behind: a process beside the daemon will bring it up to date",
              {{"reflects", known_.value}, {"through", through.value}});
    return true;
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
    if (catch_up_.end) catch_up_.end();
    if (thread_.joinable()) thread_.join();
}

void Projector::submit(std::vector<ReleasedEffects> released) {
    {
        const std::lock_guard lock(mutex_);
        for (ReleasedEffects& one : released) take(one);
    }
    changed_.notify_all();
}

void Projector::take(ReleasedEffects& one) {
    if (one.state != nullptr) {
        told_ += one.state->size();
        waiting_.add(std::move(one.state));
    }
    if (one.sequence <= known_) return;
    if (gap_through_.value > 0 || !has_room_for_effects()) {
        if (std::exchange(gap_through_, std::max(gap_through_, one.sequence)).value == 0)
            log_.warning("the read model cannot keep up: what happens from now on is read from the journal later",
                         {{"from", one.sequence.value}});
        return;
    }
    for (const Effect& effect : one.effects) waiting_.add(effect);
    through_ = std::max(through_, one.sequence);
}

bool Projector::has_room_for_effects() const { return waiting_.weight() + writing_ < limits_.queue_bytes; }

bool Projector::has_room() const {
    const std::lock_guard lock(mutex_);
    return told_ < told_most && has_room_for_effects() && !failing_ && !closing_ && gap_through_.value == 0;
}

void Projector::advance(Sequence through) {
    std::vector<ReleasedEffects> nothing;
    nothing.push_back({through, {}, {}});
    submit(std::move(nothing));
}

bool Projector::idle() const {
    const std::lock_guard lock(mutex_);
    return is_idle();
}

bool Projector::is_idle() const { return waiting_.empty() && writing_ == 0 && !closing_ && gap_through_.value == 0; }

bool Projector::is_catching_up() const {
    const std::lock_guard lock(mutex_);
    return closing_ || gap_through_.value > 0;
}

void Projector::wait_until_idle(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [this] { return is_idle(); });
}

void Projector::run() {
    pthread_setname_np(pthread_self(), "read model");
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
    for (;;) {
        ReadModelBatch batch;
        Sequence through, gap;
        {
            std::unique_lock lock(mutex_);
            const auto has_work = [this] {
                return !waiting_.empty() || through_ > reflects() || gap_through_.value > 0 || stopping_;
            };
            changed_.wait(lock, has_work);
            if (stopping_ && waiting_.empty() && through_ <= reflects()) return;
            std::swap(batch, waiting_);
            writing_ = batch.weight();
            through = through_;
            gap = gap_through_;
        }
        const auto began = monotonic_now();
        if (!write(batch, through)) return;
        const auto pause = pause_after(monotonic_now() - began);
        if (gap.value > 0 && !close_gap()) return;
        prune_now_and_then();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, pause, [this] { return stopping_; });
    }
}

// Tries until it is written: what is left out here would be missing until somebody rebuilds the read model. False:
// stopping.
bool Projector::write(const ReadModelBatch& batch, Sequence through) {
    while (true) {
        const Result<void> written = writer_.write(batch, through);
        if (written) break;
        log_.error("the read model could not be written: incidents shown may be out of date, nothing is lost",
                   {{"error", written.error().message}});
        if (!fail(patience)) return false;
    }
    std::size_t told = 0;
    for (const auto& state : batch.states()) told += state->size();
    reflects_.store(writer_.reflects().value, std::memory_order_relaxed);
    {
        const std::lock_guard lock(mutex_);
        failing_ = false;
        writing_ = 0;
        told_ -= told;
    }
    changed_.notify_all();
    return true;
}

// Waits a moment. False: stopping.
bool Projector::fail(std::chrono::seconds wait) {
    std::unique_lock lock(mutex_);
    failing_ = true;
    return !changed_.wait_for(lock, wait, [this] { return stopping_; });
}

// What comes from now on waits behind the gap; should that be too much again, there is another gap behind it.
// False: stopping, or nobody can close it.
bool Projector::close_gap() {
    Sequence through;
    {
        const std::lock_guard lock(mutex_);
        if (!catch_up_.run) return false;
        through = std::exchange(gap_through_, Sequence{});
        known_ = through_ = through;
        closing_ = true;
    }
    (void)writer_.expect(through);
    const auto start = monotonic_now();
    for (std::chrono::seconds wait = patience;; wait = std::min(2 * wait, patience_most)) {
        Result<void> done = catch_up_.run(through);
        if (done) done = writer_.look_again();
        if (done && writer_.reflects() >= through) break;
        if (is_stopping()) return false;
        log_.error("the read model could not catch up from the journal: incidents shown are out of date",
                   {{"error", done ? std::string("nothing was written") : done.error().message}});
        if (!fail(wait)) return false;
    }
    reflects_.store(writer_.reflects().value, std::memory_order_relaxed);
    log_.info(
        "the read model has caught up from the journal",
        {{"through", through.value}, {"seconds", std::chrono::duration<double>(monotonic_now() - start).count()}});
    {
        const std::lock_guard lock(mutex_);
        failing_ = closing_ = false;
    }
    changed_.notify_all();
    return true;
}

bool Projector::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

void Projector::prune_now_and_then() {
    const Instant now = wall_clock_now();
    if (limits_.keep.ms == 0 || now - last_prune_ < hours(1)) return;
    last_prune_ = now;
    if (const Result<void> pruned = writer_.prune(now - limits_.keep); !pruned)
        log_.warning("old incidents could not be removed from the read model", {{"error", pruned.error().message}});
}

}  // namespace incidentd
