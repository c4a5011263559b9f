// A stream through the engine with nothing kept beside it: what the engine costs, and whether that grows.
#pragma once

#include "bench/quality/dataset.hpp"
#include "correlator/correlator.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace incidentd::quality {

// Of one part of the stream; all parts have about as many messages.
struct AloneStep {
    std::uint64_t messages = 0;  // in this part
    double seconds = 0;          // the engine's own, in this part; see cpu_clock.hpp
    double slowest = 0;          // message, in seconds
    std::int64_t bytes = 0;      // allocated for the engine, at the part's end
    EngineSizes sizes;           // likewise
};

constexpr std::size_t alone_steps = 10;

// `digest`, if given: of all effects and of the engine's state after each part. Two builds that decide alike, down to
// the last word of a reason, give the same. The digest takes memory, so that `bytes` is of no use beside it.
void run_engine_alone(const Dataset& set, std::shared_ptr<const RuleSet> rules,
                      const std::function<void(const AloneStep&)>& tell, std::uint64_t* digest = nullptr);

}  // namespace incidentd::quality
