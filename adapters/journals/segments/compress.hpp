// Closed segments that are only kept for replay, as zstd files. `zstd -d` gives back the .log file. Blocking.
#pragma once

#include "adapters/journals/segments/files.hpp"
#include "correlator/ids.hpp"

#include <cstdint>
#include <string>

namespace incidentd::segments {

struct Compressed {
    unsigned files = 0;
    std::uint64_t bytes_before = 0, bytes_after = 0;
};
// Compresses every segment but the newest that holds only entries up to `covered`. Beside the journal's owner, who may
// forget segments meanwhile; at most one process at a time. A crash or error leaves each segment whole in one form or
// the other; what was begun is removed. Errors: io (disk full ...), naming the file.
Result<Compressed> compress_segments(const FileCalls& calls, const std::string& directory, Sequence covered);

// A segment's file in whichever form it is there, as a descriptor whose offsets are those of the .log file.
struct OpenedSegment {
    Descriptor file;
    std::string name;  // the file's path, for messages
    bool is_compressed = false;
};
// Compressed ones are unpacked in memory: all of it, or the header alone. Errors: io, corrupt.
enum class Extent : std::uint8_t { whole, header };
Result<OpenedSegment> open_segment_file(const std::string& directory, Sequence first, Extent extent);

}  // namespace incidentd::segments
