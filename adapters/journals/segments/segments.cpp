// Appending, reading and forgetting. Opening and recovery stand in recover.cpp.
#include "adapters/journals/segments/segments.hpp"

#include "adapters/journals/segments/compress.hpp"
#include "adapters/journals/segments/reader.hpp"
#include "adapters/journals/segments/snapshots.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

namespace incidentd {

using segments::entry_bytes;
using segments::io_error;
using segments::segment_header_bytes;

namespace {

constexpr std::size_t zeros_bytes = 64 * 1024;

std::uint64_t fresh_salt() {
    std::random_device source;
    return (std::uint64_t{source()} << 32) ^ source();
}

}  // namespace

SegmentJournal::SegmentJournal(SegmentOptions options) : options_(std::move(options)) {}
SegmentJournal::~SegmentJournal() = default;

std::string SegmentJournal::file_of(const Segment& segment) const {
    return options_.directory + "/" + segments::segment_name(segment.first);
}

Result<void> SegmentJournal::append(std::span<const JournalEntry> entries) {
    if (must_reopen_) return Error{ErrorCode::io, "the journal must be reopened after its failed sync"};
    if (entries.empty()) return {};
    std::uint64_t bytes = 0;
    Sequence due = last_;
    for (const JournalEntry& entry : entries) {
        ++due.value;
        if (entry.sequence != due)
            return Error{ErrorCode::invalid, "the journal expects sequence " + std::to_string(due.value) + ", not " +
                                                 std::to_string(entry.sequence.value)};
        if (entry.record.size() > segments::record_bytes_max)
            return Error{ErrorCode::too_large, "a journal record may have at most 1 GiB"};
        bytes += entry_bytes(entry.record.size());
    }
    if (!active_ || segments_.back().end + bytes > active_->capacity)
        if (auto rolled = roll(entries.front().sequence, bytes); !rolled) return rolled.error();
    if (auto cleared = clear_residue(); !cleared) return cleared.error();

    buffer_.clear();
    for (const JournalEntry& entry : entries) segments::encode_entry(entry, durable_, active_->header.salt, buffer_);
    Segment& segment = segments_.back();
    const auto written =
        segments::write_at(options_.calls, active_->file.get(), file_of(segment), segment.end, buffer_);
    if (!written) {
        active_->residue_end = segment.end + bytes;
        return written.error();
    }
    segment.end += bytes;
    segment.last = last_ = due;
    return {};
}

// What a failed write left behind could, after a shorter batch, be taken for entries: it must go first.
Result<void> SegmentJournal::clear_residue() {
    static const std::string zeros(zeros_bytes, '\0');
    const Segment& segment = segments_.back();
    for (std::uint64_t at = segment.end; at < active_->residue_end; at += zeros_bytes) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros_bytes, active_->residue_end - at));
        const auto cleared = segments::write_at(options_.calls, active_->file.get(), file_of(segment), at,
                                                std::string_view(zeros).substr(0, count));
        if (!cleared) return cleared.error();
    }
    active_->residue_end = 0;
    return {};
}

// Order matters: the old segment is durable before the new one exists, so only the newest can ever have a torn tail;
// and it keeps its reserved space until the new one exists, so a full disk still takes batches that fit.
Result<void> SegmentJournal::roll(Sequence first, std::uint64_t batch_bytes) {
    if (active_) {
        if (auto cleared = clear_residue(); !cleared) return cleared.error();
        if (auto synced = sync(); !synced) return synced.error();
    }
    const std::uint64_t capacity = std::max(options_.segment_bytes, segment_header_bytes + batch_bytes);
    const segments::SegmentHeader header{first, fresh_salt()};
    std::string bytes;
    segments::encode_segment_header(header, bytes);
    auto created =
        segments::create_whole(options_.calls, options_.directory, segments::segment_name(first), bytes, capacity);
    if (!created) return created.error();

    if (active_ && segments_.back().last < segments_.back().first) {
        segments_.pop_back();  // it held nothing and the new file took its name
    } else if (active_) {
        // Gives the reserved rest back. Zeros at the end of an older segment are harmless, so failing is too.
        (void)!::ftruncate(active_->file.get(), static_cast<off_t>(segments_.back().end));
    }
    segments_.push_back({first, {first.value - 1}, segment_header_bytes});
    active_ = Active{std::move(*created), header, capacity, 0};
    return {};
}

Result<void> SegmentJournal::sync() {
    if (must_reopen_) return Error{ErrorCode::io, "the journal must be reopened after its failed sync"};
    if (durable_ == last_) return {};
    if (options_.calls.sync_data(active_->file.get()) != 0) {
        must_reopen_ = true;
        return io_error("cannot sync", file_of(segments_.back()), errno);
    }
    durable_ = last_;
    return {};
}

Result<bool> SegmentJournal::read_segment(const Segment& segment, Sequence from,
                                          const std::function<bool(const JournalEntry&)>& visit) {
    const auto opened = segments::open_segment_file(options_.directory, segment.first, segments::Extent::whole);
    if (!opened) return opened.error();
    const std::string& file = opened->name;
    std::string bytes;
    if (auto done = segments::read_at(opened->file.get(), file, 0, segment_header_bytes, bytes); !done)
        return done.error();
    const auto header = segments::decode_segment_header(bytes);
    if (!header) return Error{ErrorCode::corrupt, file + " " + header.error().message};
    const auto size = segments::file_size(opened->file.get(), file);
    if (!size) return size.error();
    // Of a segment taken unread the end is not known: its last entry is.
    segments::SegmentReader reader(opened->file.get(), file, *header, std::min(segment.end, *size));
    while (reader.expected() <= segment.last) {
        const auto found = reader.next();
        if (!found) return found.error();
        if (found->kind != segments::SegmentReader::Found::Kind::entry)
            return Error{ErrorCode::corrupt, file + ": damaged at byte " + std::to_string(reader.offset()) +
                                                 ": entry " + std::to_string(reader.expected().value) +
                                                 " was there when the journal was opened. " + found->problem};
        if (found->entry.sequence >= from && !visit(found->entry)) return false;
    }
    return true;
}

Result<void> SegmentJournal::read(Sequence from, const std::function<bool(const JournalEntry&)>& visit) {
    from = std::max(from, Sequence{1});
    if (from > last_) return {};
    if (first() == Sequence{} || from < first())
        return Error{ErrorCode::not_found, "the journal no longer holds entry " + std::to_string(from.value) +
                                               "; its oldest is " + std::to_string(first().value)};
    for (const Segment& segment : segments_) {
        if (segment.last < from) continue;
        const auto more = read_segment(segment, from, visit);
        if (!more) return more.error();
        if (!*more) break;
    }
    return {};
}

Sequence SegmentJournal::first() const {
    if (segments_.empty() || segments_.front().last < segments_.front().first) return {};
    return segments_.front().first;
}

Result<void> SegmentJournal::save_snapshot(Sequence through, Instant at, std::string_view bytes) {
    if (through > durable_)
        return Error{ErrorCode::invalid, "a snapshot through entry " + std::to_string(through.value) +
                                             " would know more than the log, which is durable through " +
                                             std::to_string(durable_.value)};
    return segments::save_snapshot(options_.calls, options_.directory, through, at, bytes);
}

Result<Journal::Snapshot> SegmentJournal::load_snapshot() { return segments::load_snapshot(options_.directory); }

std::vector<Sequence> SegmentJournal::snapshots() const {
    const auto found = segments::list_snapshots(options_.directory);
    return found ? *found : std::vector<Sequence>{};
}

Result<Journal::Snapshot> SegmentJournal::load_snapshot_at(Sequence through) {
    return segments::load_snapshot(options_.directory, through);
}

Result<void> SegmentJournal::set_snapshot_aside(Sequence through) {
    return segments::set_snapshot_aside(options_.directory, through);
}

Result<void> SegmentJournal::truncate(Sequence through) {
    bool removed = false;
    while (segments_.size() > 1 && segments_.front().last <= through) {
        // In this order, which compress_segments() relies on.
        for (const std::string& name : {segments::segment_name(segments_.front().first),
                                        segments::compressed_segment_name(segments_.front().first)}) {
            const std::string file = options_.directory + "/" + name;
            if (::unlink(file.c_str()) != 0 && errno != ENOENT) return io_error("cannot remove", file, errno);
        }
        segments_.erase(segments_.begin());
        removed = true;
    }
    if (!removed) return {};
    return segments::sync_directory(options_.directory);
}

}  // namespace incidentd
