// A recording through one or two rule sets in one pass.
#pragma once

#include "correlator/result.hpp"
#include "daemon/replay/recording.hpp"
#include "daemon/replay/run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace incidentd {

enum class Follow : std::uint8_t {
    nothing,
    onsets,    // messages that are more than a repetition in any of the runs
    messages,  // all
};

struct ReplaySpan {
    Instant from, to;
    std::uint64_t messages = 0;
    double seconds = 0;              // of the wall
    std::vector<std::string> names;  // of the followed messages' alerts, by number; with Follow::onsets alone
    std::vector<Instant> at;         // of the followed messages, by number
};

// Past so many followed messages nothing more is followed: their numbers are 32 bits and stay in memory.
constexpr std::uint64_t followed_max = 500'000'000;

Result<ReplaySpan> replay(Recording& recording, const std::vector<ReplayRun*>& runs, Follow follow);

}  // namespace incidentd
