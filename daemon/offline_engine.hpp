// The engine as the journal's files give it, for processes beside the daemon: they read what it writes and share
// nothing else with it. Blocking.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/ids.hpp"
#include "correlator/limits.hpp"
#include "correlator/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace incidentd {

struct OfflineJob {
    std::string directory;    // the journal's
    Sequence through;         // durable: nobody cuts what is read
    EngineLimits limits;      // the daemon's
    std::int64_t parent = 0;  // the daemon's process
};

// The command line of a child that does such a job: `incidentd VERB --journal ...` (daemon/cli.cpp reads it).
std::vector<std::string> offline_words(const std::string& verb, const OfflineJob& job);

struct OfflineEngine {
    Correlator engine;
    Sequence through;  // what it stands for; 0: nothing, before the journal's beginning
    Instant at;        // of that entry
};

// From the newest good snapshot through at most `at_most`, or an empty engine; what is damaged is set aside, so that it
// does not count as one of those that are kept.
OfflineEngine newest_engine(const OfflineJob& job, Sequence at_most);

// Applies the entries behind it through job.through. `effects` gets what comes of each entry behind `told`; up to
// there, and without `effects`, nothing is made of them, which is many times faster. Errors: corrupt, invalid, io,
// not_found (the journal begins later), or what `effects` returned.
using EntryEffects = std::function<Result<void>(Sequence, const Effects&)>;
Result<void> replay(const OfflineJob& job, OfflineEngine& base, Sequence told = {}, const EntryEffects& effects = {});

}  // namespace incidentd
