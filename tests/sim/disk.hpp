// A disk under the journal that is slow, full, or dies in the middle of a write. Drives the production commit step.
#pragma once

#include "adapters/journals/memory/memory.hpp"
#include "daemon/shard/commit_step.hpp"
#include "tests/sim/stage.hpp"

#include <memory>
#include <vector>

namespace incidentd::sim {

class Disk final : public CommitPort {
public:
    // `durable`: after each commit. `broken`: a sync failed, the process has to end. The journal survives this.
    Disk(Stage& stage, MemoryJournal& journal, Log& log, Metrics& metrics, std::function<void()> durable,
         std::function<void()> broken);
    ~Disk() override { *alive_ = false; }

    void submit(CommitBatch batch) override;
    Sequence durable() const override { return step_.durable(); }
    bool stalled() const { return step_.stalled(); }

private:
    void begin();
    void write();
    void finish();
    void later(Duration delay, void (Disk::*what)());

    Stage& stage_;
    MemoryJournal& journal_;
    CommitStep step_;
    const std::function<void()> durable_, broken_;
    std::vector<CommitBatch> waiting_, under_way_;
    bool busy_ = false;
    Instant full_until_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with what stands on the agenda
};

}  // namespace incidentd::sim
