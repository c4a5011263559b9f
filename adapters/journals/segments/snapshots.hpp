// Snapshot files of a journal directory: each whole or not there, the newest two kept, and one more for a reader that
// is behind them. Blocking.
#pragma once

#include "adapters/journal.hpp"
#include "adapters/journals/segments/files.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::segments {

constexpr std::size_t snapshots_kept = 2;

// Sequences of the snapshot files there are, oldest first; their content is not looked at.
Result<std::vector<Sequence>> list_snapshots(const std::string& directory);

// `reader`: somebody who has read the journal up to there and will go on from the newest snapshot that knows no more;
// that one is kept. Errors: io; then the older ones are still there.
Result<void> save_snapshot(const FileCalls& calls, const std::string& directory, Sequence through, Instant at,
                           std::string_view bytes, Sequence reader = {UINT64_MAX});

// The newest of `snapshots` (oldest first) that stands for no more than `at_most`; 0: there is none.
Sequence newest_snapshot(const std::vector<Sequence>& snapshots, Sequence at_most);

// The newest that is intact. Errors: not_found when there is none at all; corrupt, naming each file, when none is
// intact.
Result<Journal::Snapshot> load_snapshot(const std::string& directory);

// That one. Errors: corrupt, io.
Result<Journal::Snapshot> load_snapshot(const std::string& directory, Sequence through);

// Renames a damaged one, so that it neither counts as one of the newest nor is looked at again.
Result<void> set_snapshot_aside(const std::string& directory, Sequence through);

}  // namespace incidentd::segments
