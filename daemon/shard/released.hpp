// What the shard lets go once the inputs behind it are durable: effects, and the latest state of what changed.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/effect.hpp"
#include "correlator/ids.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace incidentd {

// For the read model. Told when there is time for it, so what changes often is told seldom: no history, no copy of what
// nobody came to read.
struct StateUpdate {
    std::vector<AlertRow> alerts;
    std::vector<Correlator::AlertCount> counts;
    std::vector<IncidentView> incidents;
    std::optional<Instant> told_through;  // set: whatever had changed before that instant was told, by this one at last
    std::size_t size() const { return alerts.size() + counts.size() + incidents.size(); }
};

struct ReleasedEffects {
    Sequence sequence;
    Effects effects;                             // of this input, in order
    std::unique_ptr<const StateUpdate> state{};  // as of it; null: none
};

}  // namespace incidentd
