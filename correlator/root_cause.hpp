// Which entity of an incident is the cause: blame flows from each failed entity to what it depends on and gathers where
// it can flow no further. Entities that sent no alert are candidates when enough of what depends on them failed; what
// fails habitually takes little blame from what fails seldom.
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
    // Of the `of` incidents before, those that it was in, both as they were when it joined this one.
    std::uint32_t earlier = 0, of = 0;

    // Whatever fails in a tenth of all incidents explains little of what fails seldom.
    bool is_habitual() const { return earlier >= 4 && earlier >= (of + 9) / 10; }
    bool is_rarer_than(const FailedEntity& other) const { return std::uint64_t{earlier} * 2 <= other.earlier; }
};

constexpr std::size_t root_candidates_max = 5;
constexpr std::size_t root_candidates_wanted = 3;

// The likeliest first; ties by entity number. Where fewer than three are to blame, what is silent next to them follows.
// Cost: O(links of the failed entities), `links_asked_max` of each.
std::vector<RootCandidate> rank_roots(const Estate& estate, std::span<const FailedEntity> failed);

}  // namespace incidentd
