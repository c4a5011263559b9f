#include "adapters/journals/segments/format.hpp"

#include "adapters/journals/segments/crc32c.hpp"

#include <charconv>
#include <cstring>

namespace incidentd::segments {
namespace {

constexpr std::string_view segment_magic = "INCDSEG\n";
constexpr std::string_view snapshot_magic = "INCDSNP\n";
constexpr std::size_t checksum_at = 12;  // in both file headers, after magic and version
constexpr std::size_t after_checksum = 16;

template <class Number>
void store(std::string& out, Number value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

template <class Number>
void store_at(std::string& out, std::size_t offset, Number value) {
    std::memcpy(out.data() + offset, &value, sizeof value);
}

template <class Number>
Number load(std::string_view bytes, std::size_t offset) {
    Number value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

// Covers the length and everything behind the checksum, padding included.
std::uint32_t entry_checksum(std::string_view entry, std::uint64_t salt) {
    char salted[sizeof salt];
    std::memcpy(salted, &salt, sizeof salt);
    std::uint32_t crc = crc32c(0, {salted, sizeof salted});
    crc = crc32c(crc, entry.substr(0, 4));
    return crc32c(crc, entry.substr(8));
}

Result<void> check_file_header(std::string_view bytes, std::string_view magic, std::size_t header_bytes) {
    if (bytes.size() < header_bytes) return Error{ErrorCode::corrupt, "is shorter than its header"};
    if (bytes.substr(0, magic.size()) != magic)
        return Error{ErrorCode::corrupt, "does not begin with the expected mark"};
    const auto version = load<std::uint32_t>(bytes, magic.size());
    if (version != format_version)
        return Error{ErrorCode::corrupt, "has format version " + std::to_string(version) +
                                             ", this program reads version " + std::to_string(format_version)};
    return {};
}

std::string numbered_name(std::string_view prefix, Sequence number, std::string_view suffix) {
    const std::string digits = std::to_string(number.value);
    return std::string(prefix) + std::string(20 - digits.size(), '0') + digits + std::string(suffix);
}

std::optional<Sequence> number_from_name(std::string_view name, std::string_view prefix, std::string_view suffix) {
    if (name.size() != prefix.size() + 20 + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix))
        return std::nullopt;
    const std::string_view digits = name.substr(prefix.size(), 20);
    Sequence number;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number.value);
    if (error != std::errc{} || end != digits.end()) return std::nullopt;
    return number;
}

constexpr std::string_view compressed_suffix = ".log.zst";

}  // namespace

void encode_segment_header(const SegmentHeader& header, std::string& out) {
    const std::size_t begin = out.size();
    out += segment_magic;
    store(out, format_version);
    store(out, std::uint32_t{0});
    store(out, header.first.value);
    store(out, header.salt);
    out.resize(begin + segment_header_bytes);
    store_at(out, begin + checksum_at, crc32c(0, std::string_view(out).substr(begin + after_checksum)));
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
    if (auto checked = check_file_header(bytes, segment_magic, segment_header_bytes); !checked) return checked.error();
    const std::string_view rest = bytes.substr(after_checksum, segment_header_bytes - after_checksum);
    if (crc32c(0, rest) != load<std::uint32_t>(bytes, checksum_at))
        return Error{ErrorCode::corrupt, "has a header whose checksum does not match"};
    return SegmentHeader{{load<std::uint64_t>(bytes, 16)}, load<std::uint64_t>(bytes, 24)};
}

void encode_entry(const JournalEntry& entry, Sequence durable, std::uint64_t salt, std::string& out) {
    const std::size_t begin = out.size();
    store(out, static_cast<std::uint32_t>(entry_header_bytes + entry.record.size()));
    store(out, std::uint32_t{0});
    store(out, entry.sequence.value);
    store(out, entry.at.ms);
    store(out, durable.value);
    out += entry.record;
    out.resize(begin + entry_bytes(entry.record.size()));
    store_at(out, begin + 4, entry_checksum(std::string_view(out).substr(begin), salt));
}

std::uint32_t peek_entry_length(std::string_view bytes) { return load<std::uint32_t>(bytes, 0); }

Sequence peek_entry_sequence(std::string_view bytes) { return {load<std::uint64_t>(bytes, 8)}; }

std::optional<DecodedEntry> decode_entry(std::string_view bytes, std::uint64_t salt) {
    if (entry_checksum(bytes, salt) != load<std::uint32_t>(bytes, 4)) return std::nullopt;
    DecodedEntry decoded;
    decoded.entry.sequence = peek_entry_sequence(bytes);
    decoded.entry.at = {load<std::int64_t>(bytes, 16)};
    decoded.durable = {load<std::uint64_t>(bytes, 24)};
    decoded.entry.record = bytes.substr(entry_header_bytes, peek_entry_length(bytes) - entry_header_bytes);
    return decoded;
}

std::string segment_name(Sequence first) { return numbered_name("segment-", first, ".log"); }
std::string snapshot_name(Sequence through) { return numbered_name("snapshot-", through, ".snap"); }
std::string compressed_segment_name(Sequence first) { return numbered_name("segment-", first, compressed_suffix); }
bool is_compressed_name(std::string_view name) {
    return number_from_name(name, "segment-", compressed_suffix).has_value();
}
std::optional<Sequence> segment_from_name(std::string_view name) {
    if (const auto plain = number_from_name(name, "segment-", ".log")) return plain;
    return number_from_name(name, "segment-", compressed_suffix);
}
std::optional<Sequence> snapshot_from_name(std::string_view name) {
    return number_from_name(name, "snapshot-", ".snap");
}

void encode_snapshot(const SnapshotHeader& header, std::string_view bytes, std::string& out) {
    const std::size_t begin = out.size();
    out += snapshot_magic;
    store(out, format_version);
    store(out, std::uint32_t{0});
    store(out, header.through.value);
    store(out, header.at.ms);
    store(out, std::uint64_t{bytes.size()});
    out.resize(begin + snapshot_header_bytes);
    out += bytes;
    store_at(out, begin + checksum_at, crc32c(0, std::string_view(out).substr(begin + after_checksum)));
}

Result<SnapshotHeader> check_snapshot(std::string_view header, std::string_view bytes) {
    if (auto checked = check_file_header(header, snapshot_magic, snapshot_header_bytes); !checked)
        return checked.error();
    if (bytes.size() != load<std::uint64_t>(header, 32))
        return Error{ErrorCode::corrupt, "has not the length its header says"};
    if (crc32c(crc32c(0, header.substr(after_checksum)), bytes) != load<std::uint32_t>(header, checksum_at))
        return Error{ErrorCode::corrupt, "has a checksum that does not match"};
    return SnapshotHeader{{load<std::uint64_t>(header, 16)}, {load<std::int64_t>(header, 24)}};
}

}  // namespace incidentd::segments
