// How inputs become durable, without thread or clock: the committer's thread and the simulation drive the same steps.
#pragma once

#include "adapters/journal.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics.hpp"
#include "daemon/shard/commit_port.hpp"

#include <atomic>
#include <vector>

namespace incidentd {

// One thread at a time, but for durable() and stalled(). All references outlive this.
class CommitStep {
public:
    CommitStep(Journal& journal, Log& log, Metrics& metrics);

    // Hands the entries to the journal. False: it refuses them (disk full). Their senders were told to send again, and
    // the same batches are to be offered again: the engine has applied them, so they may be late but never missing.
    bool write(std::vector<CommitBatch>& batches);

    // Makes durable what write() took; only then answers whoever waits. On error nobody knows what is on the disk, and
    // nothing was answered: end the process and read the journal back.
    Result<void> finish(std::vector<CommitBatch>& batches);

    // The two halves, for relaxed durability: what write() took survives the process, but not the machine.
    static void answer(std::vector<CommitBatch>& batches);
    Result<void> sync(std::vector<CommitBatch>& batches);

    Sequence durable() const { return {durable_.load(std::memory_order_acquire)}; }
    bool stalled() const { return stalled_.load(std::memory_order_relaxed); }

private:
    void stall(const Error& error, std::vector<CommitBatch>& batches);

    Journal& journal_;
    Log& log_;
    Metrics& metrics_;
    std::atomic<std::uint64_t> durable_;
    std::atomic<bool> stalled_{false};
};

}  // namespace incidentd
