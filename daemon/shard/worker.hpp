// The shard's step: order and time are decided here, inputs go to the committer, the engine applies them meanwhile, and
// what follows from them is released once they are durable. One thread; time is passed in.
#pragma once

#include "correlator/correlator.hpp"
#include "daemon/inbox.hpp"
#include "daemon/metrics.hpp"
#include "daemon/shard/commit_port.hpp"
#include "daemon/shard/released.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

class Worker {
public:
    // `release` is called on the shard's thread, in order of sequence, only for durable inputs.
    Worker(Correlator engine, Sequence last, Instant last_at, CommitPort& commits, Metrics& metrics,
           std::vector<std::string> sources, std::function<void(std::vector<ReleasedEffects>&&)> release);

    // Takes `items` (left empty) as of `now`, fires what is due, releases what became durable.
    void step(std::vector<InboxItem>& items, Instant now);

    // Lets go, once it is durable, what the read model is to know of alerts that changed since it was last told, at
    // most `most` of them. `counts`: also how often alerts were repeated. Returns false when nothing of that is left.
    bool tell_state(std::size_t most, bool counts);
    bool has_untold() const { return engine_.has_changed_alerts(); }

    // When step() has something to do without items; nullopt: never.
    std::optional<Instant> next_due() const { return engine_.next_deadline(); }
    bool idle() const { return awaiting_.empty(); }  // everything was released

    Correlator& engine() { return engine_; }
    Sequence last() const { return last_; }
    // Any thread. The effects of everything up to here were released.
    Sequence released() const { return {released_.load(std::memory_order_acquire)}; }

private:
    void take(AlertsItem& item, CommitBatch& batch);
    void take(InputItem& item, CommitBatch& batch);
    void record(const Input& input, CommitBatch& batch);
    void apply(const Input& input, Sequence sequence);
    void fire_due(CommitBatch& batch);
    void count(const AlertsItem& item);
    void release_durable();

    Correlator engine_;
    Sequence last_;
    Instant now_;
    CommitPort& commits_;
    Metrics& metrics_;
    const std::vector<std::string> sources_;
    const std::function<void(std::vector<ReleasedEffects>&&)> release_;
    std::deque<ReleasedEffects> awaiting_;
    std::atomic<std::uint64_t> released_{0};
};

}  // namespace incidentd
