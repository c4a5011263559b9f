// Reads one segment file entry by entry, trusting nothing. Blocking.
#pragma once

#include "adapters/journal.hpp"
#include "adapters/journals/segments/format.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace incidentd::segments {

class SegmentReader {
public:
    // Reads [segment_header_bytes, end) of an open file, which must outlive the reader. `file` is for messages.
    SegmentReader(int descriptor, std::string file, const SegmentHeader& header, std::uint64_t end);

    struct Found {
        enum class Kind : std::uint8_t { entry, end, damaged };
        Kind kind = Kind::end;
        JournalEntry entry;   // borrows from the reader until its next call
        std::string problem;  // of damaged
    };
    // The next entry. `end`: a zero length, or no room for one. `damaged`: anything else; the reader does not move on.
    // Errors: io.
    Result<Found> next();

    std::uint64_t offset() const { return offset_; }  // where the next entry begins
    Sequence expected() const { return expected_; }   // and what its sequence must be

    // What stands behind offset(), where no more entry was found.
    struct Remainder {
        std::uint64_t bytes = 0;  // up to the last one that is not zero
        // Set when an intact entry there was written after the entry expected at offset() had been synced: then that
        // one is not a torn, unacknowledged write but damage to stored data.
        std::optional<std::uint64_t> proof_of_damage_at;
    };
    Result<Remainder> examine_remainder();

private:
    // At least `count` bytes at `offset`, fewer only at the end. The view lives until the next call.
    Result<std::string_view> bytes_at(std::uint64_t offset, std::size_t count);
    // The intact entry at `offset`, if there is one.
    Result<std::optional<DecodedEntry>> entry_at(std::uint64_t offset);

    const int descriptor_;
    const std::string file_;
    const SegmentHeader header_;
    const std::uint64_t end_;
    std::uint64_t offset_ = segment_header_bytes;
    Sequence expected_;
    std::string buffer_;
    std::uint64_t buffer_offset_ = 0;
};

}  // namespace incidentd::segments
