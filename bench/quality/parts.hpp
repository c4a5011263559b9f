// What an onset costs, by part: the judgement alone (Association::place, with the text of its reason), the ranking of
// root causes, and the rest of the engine (records, effects, their text).
#pragma once

#include "bench/quality/dataset.hpp"
#include "bench/quality/run_engine.hpp"

#include <memory>

namespace incidentd::quality {

struct OnsetParts {
    PartCost placing, ranking;
};

// Places the onsets that `run` (explained) found, each in the order and at the time of its message, in an association
// of its own. Incidents close when nothing joined them for an hour.
OnsetParts measure_parts(const Dataset& set, const RunResult& run, std::shared_ptr<const Topology> topology);

}  // namespace incidentd::quality
