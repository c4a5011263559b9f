// The bytes of segment files: see docs/journal-format.md. Pure: no file is touched here.
#pragma once

#include "adapters/journal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace incidentd::segments {

constexpr std::uint32_t format_version = 1;
constexpr std::size_t segment_header_bytes = 64;
constexpr std::size_t entry_header_bytes = 32;
constexpr std::size_t record_bytes_max = std::size_t{1} << 30;  // larger: append answers too_large

// Bytes an entry occupies: header, record, zeros up to the next multiple of 8.
constexpr std::size_t entry_bytes(std::size_t record_bytes) { return (entry_header_bytes + record_bytes + 7) / 8 * 8; }

struct SegmentHeader {
    Sequence first;  // of the first entry, present or to come
    std::uint64_t salt =
        0;  // begins every checksum of this segment: neither stale blocks nor alert text can pass for an entry
};

void encode_segment_header(const SegmentHeader& header, std::string& out);
// Errors: corrupt, in words without the file's name.
Result<SegmentHeader> decode_segment_header(std::string_view bytes);

// Appends one entry. `durable`: every entry up to it was synced when this one was written.
void encode_entry(const JournalEntry& entry, Sequence durable, std::uint64_t salt, std::string& out);

struct DecodedEntry {
    JournalEntry entry;  // borrows from the bytes
    Sequence durable;
};
// The length field of the entry at the front of `bytes` (at least 4): header and record without padding; 0: no entry.
std::uint32_t peek_entry_length(std::string_view bytes);
Sequence peek_entry_sequence(std::string_view bytes);  // at least entry_header_bytes
// `bytes` is exactly one padded entry. nullopt: the checksum does not match.
std::optional<DecodedEntry> decode_entry(std::string_view bytes, std::uint64_t salt);

// "segment-00000000000000000042.log" and back; nullopt for other names.
std::string segment_name(Sequence first);
std::string compressed_segment_name(Sequence first);  // the same and ".zst"
bool is_compressed_name(std::string_view name);
std::string snapshot_name(Sequence through);
std::optional<Sequence> segment_from_name(std::string_view name);  // in either form
std::optional<Sequence> snapshot_from_name(std::string_view name);

struct SnapshotHeader {
    Sequence through;
    Instant at;
};
void encode_snapshot(const SnapshotHeader& header, std::string_view bytes, std::string& out);
constexpr std::size_t snapshot_header_bytes = 64;
// The file's first bytes, and the snapshot behind them. Errors: corrupt, in words without the file's name.
Result<SnapshotHeader> check_snapshot(std::string_view header, std::string_view bytes);

}  // namespace incidentd::segments
