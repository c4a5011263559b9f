// A recorded stream through the engine, at its own times, and what came of it.
#pragma once

#include "bench/quality/dataset.hpp"
#include "bench/quality/score.hpp"
#include "correlator/rule_set.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace incidentd::quality {

struct RunResult {
    Prediction prediction;
    double seconds = 0;           // in the engine alone
    std::uint64_t rss_bytes = 0;  // of the process at the end
    std::uint64_t kept_out = 0;   // incidents that the opening gate never let through
    std::uint64_t updates = 0;    // changes of open incidents that sinks would be told of
};

// `share`: of the topology's links that are kept, chosen by a fixed hash.
std::shared_ptr<const Topology> topology_of(const Dataset& set, double share);

RunResult run_engine(const Dataset& set, std::shared_ptr<const RuleSet> rules);

}  // namespace incidentd::quality
