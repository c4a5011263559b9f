// Brings the read model up to date from the journal, beside the running daemon: what came too fast to be written is
// derived once more. Runs in a process of its own (`incidentd catch-up`); the daemon leaves the file alone meanwhile.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/limits.hpp"
#include "correlator/result.hpp"

#include <cstdint>
#include <string>

namespace incidentd {

struct CatchUpJob {
    std::string journal;  // directory
    std::string file;     // of the read model
    Sequence through;     // durable
    EngineLimits limits;  // the daemon's
    std::int64_t parent = 0;
};

// Afterwards the read model shows the state as of `through`, and what led to it. Errors: corrupt, io, invalid.
Result<void> catch_up(const CatchUpJob& job);

// What `incidentd catch-up` does: steps back, ends with its parent, catches up, prints one line for
// parse_catch_up(). Returns the exit code.
int run_catch_up(const CatchUpJob& job);
Result<void> parse_catch_up(const std::string& text);

}  // namespace incidentd
