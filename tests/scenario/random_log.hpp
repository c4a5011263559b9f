// Random input logs: few alerts from several sources, in every state and order, with reports, commands, rules,
// topologies, restarts.
#pragma once

#include "correlator/input.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace incidentd::scenario {

// An entry as the journal keeps it: what is borrowed lives in `batch`.
struct Entry {
    Instant at;
    Input input;
    std::unique_ptr<AlertBatch> batch;
};

// What the daemon would compile the journaled text of a rules entry to.
std::shared_ptr<const RuleSet> rules_from(const RulesActivated& entry);

class RandomLog {
public:
    explicit RandomLog(std::uint64_t seed) : random_(seed) {}

    // The next entry, at or after the last one. `outstanding`: what the engine waits for reports of.
    Entry next(const std::vector<Action>& outstanding);
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    Instant now() const { return now_; }

private:
    Duration pause();
    Entry alerts();
    DeliveryReported report(const std::vector<Action>& outstanding);
    OperatorCommand command();
    Input silence();
    RulesActivated rules();

    std::mt19937_64 random_;
    Instant now_{1'767'225'600'000};
    std::uint64_t entries_ = 0;
    std::uint64_t silences_ = 0;
};

}  // namespace incidentd::scenario
