// Incidents drawn at random with what the engine says of them, beside the truth: for a person to check each reason.
#pragma once

#include "bench/quality/run_engine.hpp"

#include <cstdint>
#include <string>

namespace incidentd::quality {

// `count` of the incidents that opened, drawn by `seed`.
std::string explain_incidents(const Dataset& set, const RunResult& run, std::size_t count, std::uint64_t seed);

}  // namespace incidentd::quality
