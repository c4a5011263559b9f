// Builds the next snapshot beside the running daemon: the newest one, the journal's entries since, the same pure
// engine. Runs in a process of its own (`incidentd build-snapshot`), so that neither its work nor its memory nor a
// crash of it touches the daemon. See docs/decisions/0005-snapshots.md.
#pragma once

#include "adapters/journals/segments/compress.hpp"
#include "correlator/ids.hpp"
#include "correlator/result.hpp"
#include "daemon/offline_engine.hpp"

#include <cstdint>
#include <string>

namespace incidentd {

struct SnapshotJob {
    OfflineJob offline;
    Sequence read_model;  // what it reflects: the newest snapshot that knows no more is kept for it to catch up from
};

struct BuiltSnapshot {
    Sequence base;                    // the snapshot it was built from, read back whole; 0: the journal's beginning
    std::uint64_t bytes = 0;          // of the new one
    double seconds = 0;               // that it took
    segments::Compressed compressed;  // old segments, afterwards
    std::string not_compressed;       // why the rest of them stays as it is; empty: nothing went wrong
};

// Then compresses the segments that two snapshots stand for: the base, which was read back whole, and the new one.
// Errors: corrupt, io, invalid.
Result<BuiltSnapshot> build_snapshot(const SnapshotJob& job);

// What `incidentd build-snapshot` does: steps back behind everything else on the machine, ends with its parent, builds
// and prints one line for parse_outcome(). Returns the exit code.
int run_snapshot_builder(const SnapshotJob& job);
std::string outcome_text(const Result<BuiltSnapshot>& outcome);
Result<BuiltSnapshot> parse_outcome(const std::string& text);

}  // namespace incidentd
