// A replay as three tables for programs that judge it: which incident each message was in, what each incident's
// suspects are, and when incidents opened, changed, closed and were merged into others.
#pragma once

#include "correlator/result.hpp"
#include "daemon/replay/replay.hpp"

#include <string>

namespace incidentd {

// Writes into `directory`, which is made if need be:
//   pred.tsv    number of the message (from 0), tab, incident or "-"; one head line
//   roots.tsv   incident, tab, milliseconds since 1970, tab, suspects by falling suspicion, with commas: the entities
//   that
//               the incident named from then on, each behind "@", or the number of its first message where it names
//               none
//   events.tsv  milliseconds since 1970, tab, open|update|close|merge, tab, incident
// The run followed all messages (Follow::messages). Errors: io.
Result<void> export_replay(const ReplayRun& run, const ReplaySpan& span, const std::string& directory);

}  // namespace incidentd
