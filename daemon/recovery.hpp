// From the journal back to the state of before: every entry is applied again with its own time; nothing is sent.
#pragma once

#include "adapters/journal.hpp"
#include "correlator/correlator.hpp"
#include "daemon/log.hpp"
#include "daemon/shard/worker.hpp"

#include <functional>

namespace incidentd {

struct Recovered {
    Correlator engine;
    Sequence last;
    Instant last_at;
    std::string rules_hash;  // of the last RulesActivated
};

// `effects` gets what each entry leads to, for the read model to catch up with; it decides what it already has.
// Errors: corrupt or io, with the place and what to do.
Result<Recovered> recover(Journal& journal, EngineLimits limits, Log& log,
                          const std::function<void(ReleasedEffects&&)>& effects);

}  // namespace incidentd
