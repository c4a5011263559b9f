// Brings the read model up to date from the journal, beside the running daemon: after a start, and when more came than
// could be written. Runs in a process of its own (`incidentd catch-up`); the daemon leaves the file alone meanwhile.
#pragma once

#include "correlator/result.hpp"
#include "daemon/offline_engine.hpp"

#include <string>

namespace incidentd {

struct CatchUpJob {
    OfflineJob offline;
    std::string file;  // of the read model
};

// Afterwards the read model shows the state as of job.offline.through, and what led to it. When the journal no longer
// holds all that is missing, it takes over the state of the newest snapshot, and the timelines of incidents say so.
// Errors: corrupt, io, invalid.
struct CaughtUp {
    Sequence lost_after, lost_through;  // entries between these nobody can read any more; 0: nothing is missing
};
Result<CaughtUp> catch_up(const CatchUpJob& job);

// What `incidentd catch-up` does: steps back, ends with its parent, catches up, prints one line for
// parse_catch_up(). Returns the exit code.
int run_catch_up(const CatchUpJob& job);
Result<CaughtUp> parse_catch_up(const std::string& text);

}  // namespace incidentd
