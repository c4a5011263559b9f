#include "adapters/journals/segments/offline.hpp"

#include "adapters/journals/segments/compress.hpp"
#include "adapters/journals/segments/files.hpp"
#include "adapters/journals/segments/format.hpp"
#include "adapters/journals/segments/reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace incidentd::segments {
namespace {

struct Range {
    Sequence from, through;
    bool stopped = false;
};

Result<void> read_segment(const std::string& directory, const SegmentFile& segment, Range& range,
                          const std::function<bool(const JournalEntry&)>& visit) {
    const auto opened = open_segment_file(directory, segment.first, Extent::whole);
    if (!opened) return opened.error();
    const std::string& file = opened->name;
    const auto size = file_size(opened->file.get(), file);
    if (!size) return size.error();
    std::string bytes;
    if (auto done = read_at(opened->file.get(), file, 0, segment_header_bytes, bytes); !done) return done.error();
    const auto header = decode_segment_header(bytes);
    if (!header) return Error{ErrorCode::corrupt, file + " " + header.error().message};
    SegmentReader reader(opened->file.get(), file, *header, *size);
    const Sequence last = std::min(segment.last, range.through);
    while (reader.expected() <= last) {
        const auto found = reader.next();
        if (!found) return found.error();
        if (found->kind != SegmentReader::Found::Kind::entry)
            return Error{ErrorCode::corrupt, file + ": damaged at byte " + std::to_string(reader.offset()) +
                                                 ": entry " + std::to_string(reader.expected().value) +
                                                 " is missing. " + found->problem};
        if (found->entry.sequence < range.from) continue;
        if (!visit(found->entry)) {
            range.stopped = true;
            return {};
        }
    }
    return {};
}

}  // namespace

Result<std::vector<SegmentFile>> list_segments(const std::string& directory) {
    auto names = list_directory(directory);
    if (!names) return names.error();
    std::vector<SegmentFile> found;
    for (const std::string& name : *names) {
        const auto first = segment_from_name(name);
        struct stat status {};
        if (!first || ::stat((directory + "/" + name).c_str(), &status) != 0) continue;
        // Both forms, by a crash between making one and removing the other: they say the same, the plain one comes
        // first.
        if (!found.empty() && found.back().first == *first) continue;
        if (!found.empty()) found.back().last = {first->value - 1};
        const auto written = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000;
        found.push_back({*first,
                         {UINT64_MAX},
                         static_cast<std::uint64_t>(status.st_blocks) * 512,
                         {written},
                         is_compressed_name(name)});
    }
    return found;
}

Result<void> read_entries(const std::string& directory, Sequence from, Sequence through,
                          const std::function<bool(const JournalEntry&)>& visit) {
    if (from > through) return {};
    const auto all = list_segments(directory);
    if (!all) return all.error();
    if (all->empty() || from < all->front().first)
        return Error{ErrorCode::not_found, "the journal no longer holds entry " + std::to_string(from.value)};
    Range range{from, through};
    for (const SegmentFile& segment : *all) {
        if (segment.last < from) continue;
        if (segment.first > through || range.stopped) break;
        if (auto done = read_segment(directory, segment, range, visit); !done) return done;
    }
    return {};
}

Sequence forgettable(const std::vector<SegmentFile>& segments, Sequence covered, const Retention& retention,
                     Instant now) {
    std::uint64_t bytes = 0;
    for (const SegmentFile& segment : segments) bytes += segment.bytes;
    Sequence through;
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        const SegmentFile& segment = segments[i];
        const bool is_old = segment.written + retention.keep <= now;
        if (segment.last > covered || (!is_old && bytes <= retention.keep_bytes)) break;
        bytes -= segment.bytes;
        through = segment.last;
    }
    return through;
}

std::uint64_t directory_bytes(const std::string& directory) {
    std::uint64_t bytes = 0;
    const auto names = list_directory(directory);
    if (!names) return 0;
    for (const std::string& name : *names) {
        struct stat status {};
        if (::stat((directory + "/" + name).c_str(), &status) == 0)
            bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return bytes;
}

}  // namespace incidentd::segments
