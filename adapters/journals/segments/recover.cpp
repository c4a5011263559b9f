// Opening: finds the segments, checks every entry, cuts a torn tail, and refuses when stored data is damaged.
#include "adapters/journals/segments/compress.hpp"
#include "adapters/journals/segments/reader.hpp"
#include "adapters/journals/segments/segments.hpp"
#include "adapters/journals/segments/snapshots.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace incidentd {

using segments::Descriptor;
using segments::io_error;
using segments::SegmentHeader;
using segments::SegmentReader;

namespace {

Error damage(const std::string& file, std::uint64_t offset, const std::string& what) {
    return {
        ErrorCode::corrupt,
        file + ": damaged at byte " + std::to_string(offset) + ": " + what +
            ". Nothing was changed. Restore the file from a backup; or, giving up every entry from there on, move it "
            "and all later segment and snapshot files out of the directory"};
}

// What a crash left half made, and the compressed form of a segment whose plain one is still there: it is made again.
Result<void> remove_leftovers(const std::string& directory, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_second_form = i > 0 && segments::is_compressed_name(names[i]) &&
                                    segments::segment_from_name(names[i]) == segments::segment_from_name(names[i - 1]);
        if (!names[i].ends_with(segments::temporary_suffix) && !is_second_form) continue;
        const std::string file = directory + "/" + names[i];
        if (::unlink(file.c_str()) != 0) return io_error("cannot remove", file, errno);
    }
    return {};
}

Result<SegmentHeader> read_header(int descriptor, const std::string& file, Sequence named) {
    std::string bytes;
    if (auto done = segments::read_at(descriptor, file, 0, segments::segment_header_bytes, bytes); !done)
        return done.error();
    auto header = segments::decode_segment_header(bytes);
    if (!header) return damage(file, 0, "the file " + header.error().message);
    if (header->first != named)
        return damage(file, 0, "the header says that it begins with entry " + std::to_string(header->first.value));
    return header;
}

}  // namespace

Result<std::unique_ptr<SegmentJournal>> open_segment_journal(const SegmentOptions& options) {
    std::unique_ptr<SegmentJournal> journal(new SegmentJournal(options));
    if (auto made = segments::make_directory(options.directory); !made) return made.error();
    auto lock = segments::lock_directory(options.directory);
    if (!lock) return lock.error();
    journal->lock_ = std::move(*lock);
    if (auto opened = journal->open({}); !opened) return opened.error();
    return journal;
}

Result<void> SegmentJournal::reopen() { return open(must_reopen_ ? std::optional(durable_) : std::nullopt); }

Result<void> SegmentJournal::open(std::optional<Sequence> keep_through) {
    const Sequence durable_before = durable_;
    segments_.clear();
    active_.reset();
    recovery_ = {};
    last_ = {};
    auto opened = open_segments(keep_through);
    if (opened) opened = check_against_snapshots();
    if (!opened) {
        must_reopen_ = true;  // half open: only another reopen() can help
        durable_ = durable_before;
        return opened;
    }
    recovery_.last = durable_ = last_;
    must_reopen_ = false;
    return {};
}

Result<void> SegmentJournal::open_segments(std::optional<Sequence> keep_through) {
    auto names = segments::list_directory(options_.directory);
    if (!names) return names.error();
    if (auto removed = remove_leftovers(options_.directory, *names); !removed) return removed.error();
    std::vector<Sequence> firsts;
    for (const std::string& name : *names)
        if (const auto first = segments::segment_from_name(name); first && (firsts.empty() || firsts.back() != *first))
            firsts.push_back(*first);
    const auto snapshots = segments::list_snapshots(options_.directory);
    if (!snapshots) return snapshots.error();
    const Sequence covered = snapshots->empty() ? Sequence{} : snapshots->back();
    for (std::size_t i = 0; i < firsts.size(); ++i) {
        // The last two are read in any case: the newest may be empty, and the end of the log is asked for.
        const bool is_covered = i + 2 < firsts.size() && firsts[i + 1].value - 1 <= covered.value;
        const auto opened = is_covered ? take_segment(firsts[i], firsts[i + 1])
                                       : open_segment(firsts[i], i + 1 == firsts.size(), keep_through);
        if (!opened) return opened.error();
    }
    return {};
}

// Of a segment that only a snapshot's failure would ask for, only the header is read: a start must not take the longer
// the more is kept. read() checks every entry anyway.
Result<void> SegmentJournal::take_segment(Sequence first, Sequence next) {
    const auto opened = segments::open_segment_file(options_.directory, first, segments::Extent::header);
    if (!opened) return opened.error();
    if (const auto header = read_header(opened->file.get(), opened->name, first); !header) return header.error();
    last_ = {next.value - 1};
    segments_.push_back({first, last_, UINT64_MAX});
    return {};
}

Result<void> SegmentJournal::open_segment(Sequence first, bool is_newest, std::optional<Sequence> keep_through) {
    if (!segments_.empty() && first.value != last_.value + 1)
        return damage(file_of(segments_.back()), segments_.back().end,
                      "it ends with entry " + std::to_string(last_.value) + " but the next file begins with " +
                          std::to_string(first.value) + ": entries or a whole file are missing");
    auto found_file = segments::open_segment_file(options_.directory, first, segments::Extent::whole);
    if (!found_file) return found_file.error();
    const std::string file = found_file->name;
    if (is_newest && found_file->is_compressed)
        return damage(file, 0, "only a segment with another behind it is ever compressed: the later ones are missing");
    auto opened = is_newest ? segments::open_file(file, O_RDWR) : Result<Descriptor>(std::move(found_file->file));
    if (!opened) return opened.error();
    if (is_newest) {
        // What the cache shows may never have reached the disk if an earlier process ended after a failed sync.
        if (options_.calls.sync_data(opened->get()) != 0) return io_error("cannot sync", file, errno);
        ::posix_fadvise(opened->get(), 0, 0, POSIX_FADV_DONTNEED);
    }
    const auto size = segments::file_size(opened->get(), file);
    if (!size) return size.error();
    const auto header = read_header(opened->get(), file, first);
    if (!header) return header.error();

    SegmentReader reader(opened->get(), file, *header, *size);
    SegmentReader::Found found;
    bool is_kept = true;
    while (true) {
        is_kept = !keep_through || reader.expected() <= *keep_through;
        if (!is_kept) break;
        auto next = reader.next();
        if (!next) return next.error();
        found = std::move(*next);
        if (found.kind != SegmentReader::Found::Kind::entry) break;
        recovery_.last_at = found.entry.at;
    }
    last_ = {reader.expected().value - 1};
    segments_.push_back({first, last_, reader.offset()});
    const auto rest = reader.examine_remainder();
    if (!rest) return rest.error();
    if (found.problem.empty()) found.problem = "the entries end, but other data follows";
    if (!is_newest && rest->bytes > 0) return damage(file, reader.offset(), found.problem);
    if (!is_newest) return {};
    if (is_kept && rest->proof_of_damage_at)
        return damage(file, reader.offset(),
                      found.problem + "; the intact entry at byte " + std::to_string(*rest->proof_of_damage_at) +
                          " shows that it had been stored safely");
    if (rest->bytes > 0)
        recovery_.cut_reason = file + ": cut at byte " + std::to_string(reader.offset()) + ": " +
                               (is_kept ? found.problem + "; it had never been acknowledged"
                                        : "what follows was not covered by a successful sync");
    return end_segment(std::move(*opened), *header, *size, rest->bytes);
}

// Takes the newest segment into use, after removing what stands behind its last entry.
Result<void> SegmentJournal::end_segment(Descriptor file, const SegmentHeader& header, std::uint64_t capacity,
                                         std::uint64_t cut_bytes) {
    const Segment& segment = segments_.back();
    if (cut_bytes > 0) {
        if (::ftruncate(file.get(), static_cast<off_t>(segment.end)) != 0)
            return io_error("cannot cut", file_of(segment), errno);
        // Without room for the old size the next append begins another segment.
        const auto rest = static_cast<off_t>(capacity - segment.end);
        if (options_.calls.allocate(file.get(), static_cast<off_t>(segment.end), rest) != 0) capacity = segment.end;
        if (options_.calls.sync_data(file.get()) != 0) return io_error("cannot sync", file_of(segment), errno);
        recovery_.bytes_cut = cut_bytes;
    }
    active_ = Active{std::move(file), header, capacity, 0};
    return {};
}

// A snapshot is only written when its entries are durable, so a log that ends before it has lost some.
Result<void> SegmentJournal::check_against_snapshots() {
    const auto snapshots = segments::list_snapshots(options_.directory);
    if (!snapshots) return snapshots.error();
    if (snapshots->empty()) return {};
    if (segments_.empty()) {  // only snapshots were restored: go on from there
        auto snapshot = segments::load_snapshot(options_.directory);
        if (!snapshot) return snapshot.error();
        last_ = snapshot->through;
        recovery_.last_at = snapshot->at;
        return {};
    }
    if (snapshots->back() <= last_) return {};
    return Error{ErrorCode::corrupt,
                 options_.directory + "/" + segments::snapshot_name(snapshots->back()) + " stands for entries up to " +
                     std::to_string(snapshots->back().value) + ", but the segments end with entry " +
                     std::to_string(last_.value) + " (" + file_of(segments_.back()) + ", byte " +
                     std::to_string(segments_.back().end) +
                     "): stored entries are missing. Restore the segment files from a backup, or move all of them out "
                     "of the directory to go on from the snapshot alone"};
}

}  // namespace incidentd
