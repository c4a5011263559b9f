#include "tests/sim/disk.hpp"

#include <utility>

namespace incidentd::sim {

Disk::Disk(Stage& stage, MemoryJournal& journal, Log& log, Metrics& metrics, std::function<void()> durable,
           std::function<void()> broken)
    : stage_(stage),
      journal_(journal),
      step_(journal, log, metrics),
      durable_(std::move(durable)),
      broken_(std::move(broken)) {}

void Disk::later(Duration delay, void (Disk::*what)()) {
    stage_.after(delay, [this, what, alive = alive_] {
        if (*alive) (this->*what)();
    });
}

void Disk::submit(CommitBatch batch) {
    waiting_.push_back(std::move(batch));
    if (!std::exchange(busy_, true)) later({0}, &Disk::begin);
}

void Disk::begin() {
    under_way_.swap(waiting_);
    waiting_.clear();
    write();
}

void Disk::write() {
    if (!stage_.calm && stage_.random.one_in(300)) {
        stage_.fault("disk full");
        full_until_ = stage_.now + stage_.random.up_to(minutes(3));
    }
    if (!stage_.calm && stage_.now < full_until_) journal_.fail_appends(1);
    if (!step_.write(under_way_)) return later(milliseconds(200), &Disk::write);
    Duration turn = stage_.random.up_to(milliseconds(15));
    if (!stage_.calm && stage_.random.one_in(40)) {
        stage_.fault("slow sync");
        turn = stage_.random.up_to(seconds(8));
    }
    later(turn, &Disk::finish);
}

void Disk::finish() {
    if (!stage_.calm && stage_.random.one_in(600)) {
        stage_.fault("failed sync");
        journal_.fail_syncs(1);
    }
    if (!step_.finish(under_way_)) return broken_();
    under_way_.clear();
    busy_ = !waiting_.empty();
    if (busy_) later({0}, &Disk::begin);
    durable_();
}

}  // namespace incidentd::sim
