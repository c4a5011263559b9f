#include "adapters/journals/segments/reader.hpp"

#include "adapters/journals/segments/files.hpp"

#include <algorithm>
#include <utility>

namespace incidentd::segments {
namespace {

constexpr std::size_t read_ahead_bytes = 256 * 1024;

}  // namespace

SegmentReader::SegmentReader(int descriptor, std::string file, const SegmentHeader& header, std::uint64_t end)
    : descriptor_(descriptor), file_(std::move(file)), header_(header), end_(end), expected_(header.first) {}

Result<std::string_view> SegmentReader::bytes_at(std::uint64_t offset, std::size_t count) {
    const std::uint64_t left = end_ - std::min(offset, end_);
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, left));
    if (offset < buffer_offset_ || offset + count > buffer_offset_ + buffer_.size()) {
        buffer_.clear();
        buffer_offset_ = offset;
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(count, read_ahead_bytes), left));
        if (auto done = read_at(descriptor_, file_, offset, most, buffer_); !done) return done.error();
        count = std::min(count, buffer_.size());
    }
    return std::string_view(buffer_).substr(static_cast<std::size_t>(offset - buffer_offset_), count);
}

Result<std::optional<DecodedEntry>> SegmentReader::entry_at(std::uint64_t offset) {
    auto front = bytes_at(offset, entry_header_bytes);
    if (!front) return front.error();
    if (front->size() < entry_header_bytes) return std::optional<DecodedEntry>{};
    const std::uint32_t length = peek_entry_length(*front);
    if (length < entry_header_bytes || length - entry_header_bytes > record_bytes_max)
        return std::optional<DecodedEntry>{};
    const std::size_t padded = entry_bytes(length - entry_header_bytes);
    if (padded > end_ - offset) return std::optional<DecodedEntry>{};
    auto whole = bytes_at(offset, padded);
    if (!whole) return whole.error();
    if (whole->size() < padded) return std::optional<DecodedEntry>{};
    return decode_entry(*whole, header_.salt);
}

Result<SegmentReader::Found> SegmentReader::next() {
    auto front = bytes_at(offset_, entry_header_bytes);
    if (!front) return front.error();
    Found found;
    if (front->size() < entry_header_bytes || peek_entry_length(*front) == 0) return found;
    auto decoded = entry_at(offset_);
    if (!decoded) return decoded.error();
    found.kind = Found::Kind::damaged;
    if (!*decoded) {
        found.problem = "the entry's checksum or length does not hold";
        return found;
    }
    const JournalEntry& entry = (*decoded)->entry;
    if (entry.sequence != expected_) {
        found.problem = "the entry has sequence " + std::to_string(entry.sequence.value) + " where " +
                        std::to_string(expected_.value) + " was due";
        return found;
    }
    offset_ += entry_bytes(entry.record.size());
    ++expected_.value;
    found.kind = Found::Kind::entry;
    found.entry = entry;
    return found;
}

Result<SegmentReader::Remainder> SegmentReader::examine_remainder() {
    Remainder remainder;
    for (std::uint64_t at = offset_; at < end_;) {
        auto bytes = bytes_at(at, read_ahead_bytes);
        if (!bytes) return bytes.error();
        if (bytes->empty()) break;
        const std::size_t last = bytes->find_last_not_of('\0');
        if (last != std::string_view::npos) remainder.bytes = at + last + 1 - offset_;
        at += bytes->size();
    }
    const std::uint64_t stop = offset_ + remainder.bytes;
    for (std::uint64_t at = offset_; at < stop; at += 8) {
        auto front = bytes_at(at, entry_header_bytes);
        if (!front) return front.error();
        // Only an entry with a later sequence says anything; asking first spares most checksums.
        if (front->size() < entry_header_bytes || peek_entry_sequence(*front) <= expected_) continue;
        auto decoded = entry_at(at);
        if (!decoded) return decoded.error();
        if (*decoded && (*decoded)->durable >= expected_) {
            remainder.proof_of_damage_at = at;
            return remainder;
        }
    }
    return remainder;
}

}  // namespace incidentd::segments
