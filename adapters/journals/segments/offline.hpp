// A journal directory seen by a process that does not own it, while its owner goes on writing: nothing is locked or
// changed but what the name says. Blocking.
#pragma once

#include "adapters/journal.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace incidentd::segments {

// Calls `visit` for each entry from `from` to `through`, in order, until it returns false. `through` must be durable.
// Errors: corrupt (with file and offset), not_found when `from` is older than what is kept, io.
Result<void> read_entries(const std::string& directory, Sequence from, Sequence through,
                          const std::function<bool(const JournalEntry&)>& visit);

struct SegmentFile {
    Sequence first;
    Sequence last;            // of the newest one: unknown, the highest number there is
    std::uint64_t bytes = 0;  // on the disk
    Instant written;          // last change
    bool is_compressed = false;
};
Result<std::vector<SegmentFile>> list_segments(const std::string& directory);  // oldest first

struct Retention {
    Duration keep;                 // whole segments last written so long ago may go
    std::uint64_t keep_bytes = 0;  // and the oldest ones while all segments together are larger
};
// Through which entry whole segments may go at `now`: at most `covered`, never the newest segment; 0: none.
Sequence forgettable(const std::vector<SegmentFile>& segments, Sequence covered, const Retention& retention,
                     Instant now);

// Bytes of all files in the directory, on the disk.
std::uint64_t directory_bytes(const std::string& directory);

}  // namespace incidentd::segments
