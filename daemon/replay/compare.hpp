// Two replays of the same recording: which incidents are the same, and where their alerts went otherwise.
#pragma once

#include "daemon/replay/replay.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace incidentd {

struct Regrouped {
    IncidentId incident;
    std::vector<std::pair<IncidentId, std::uint64_t>> parts;  // of the other side, with their alerts; largest first
};

struct MovedAlert {
    std::uint32_t number = 0;  // of the followed message
    IncidentId before, after;  // not set: in none
};

struct Difference {
    std::uint64_t alerts = 0;                                // compared
    std::uint64_t same = 0;                                  // incidents with exactly the same alerts on both sides
    std::vector<std::pair<IncidentId, IncidentId>> changed;  // same alerts, another priority, rule, title or sinks
    std::vector<IncidentId> only_before, only_after;         // whose alerts are in no incident of the other side
    std::vector<Regrouped> merged;                           // after <- several before
    std::vector<Regrouped> split;                            // before -> several after
    std::uint64_t moved = 0;
    std::vector<MovedAlert> moved_examples;  // the first moved_shown_max
};

constexpr std::size_t moved_shown_max = 20;

// Both runs followed the same messages (Follow::onsets) and are finished.
Difference compare(const ReplayRun& before, const ReplayRun& after);

}  // namespace incidentd
