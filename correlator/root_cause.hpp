// Which entity of an incident is the cause: blame flows from each failed entity to what it depends on and gathers where
// it can flow no further. Entities that sent no alert are candidates when enough of what depends on them failed.
#pragma once

#include "correlator/estate.hpp"
#include "correlator/incident.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace incidentd {

struct FailedEntity {
    Estate::Entity entity = Estate::none;
    Instant first;             // on the onset clock
    std::uint32_t checks = 0;  // distinct ones that fired
    Severity worst = Severity::info;
    bool only_silence = true;  // nothing but missing signals
    bool changed = false;      // a deployment or the like came with it
};

constexpr std::size_t root_candidates_max = 5;

// The likeliest first; ties by entity number. Cost: O(links of the failed entities), `links_asked_max` of each.
std::vector<RootCandidate> rank_roots(const Estate& estate, std::span<const FailedEntity> failed);

}  // namespace incidentd
