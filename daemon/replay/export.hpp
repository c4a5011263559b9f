// A replay as three tables for programs that judge it: which incident each message was in, what each incident's first
// suspect is, and when incidents opened, changed and closed.
#pragma once

#include "correlator/result.hpp"
#include "daemon/replay/replay.hpp"

#include <string>

namespace incidentd {

// Writes into `directory`, which is made if need be:
//   pred.tsv    number of the message (from 0), tab, incident or "-"; one head line
//   roots.tsv   incident, tab, milliseconds since 1970, tab, "@entity" by falling suspicion, with commas, a line for
//   each
//               new ranking; where no rule ranks root causes, one line with the number of the first message
//   events.tsv  milliseconds since 1970, tab, open|update|close|merge, tab, incident; a merged one's messages
//               are those of what goes on instead
// The run followed all messages (Follow::messages). Errors: io.
Result<void> export_replay(const ReplayRun& run, const ReplaySpan& span, const std::string& directory);

}  // namespace incidentd
