// The journal on a local disk: preallocated, checksummed, append-only segment files and snapshots in one directory.
// docs/journal-format.md describes the bytes. Used by one thread at a time; every call may block on the disk.
#pragma once

#include "adapters/journal.hpp"
#include "adapters/journals/segments/files.hpp"
#include "adapters/journals/segments/format.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

struct SegmentOptions {
    std::string directory;  // created when missing; its parent must exist
    std::uint64_t segment_bytes =
        64 * 1024 * 1024;  // reserved on the disk at once; a larger batch gets a larger segment
    segments::FileCalls calls = segments::system_calls();
};

class SegmentJournal final : public Journal {
public:
    ~SegmentJournal() override;

    const JournalRecovery& recovery() const override { return recovery_; }
    Result<void> append(std::span<const JournalEntry> entries) override;
    Result<void> sync() override;
    Result<void> read(Sequence from, const std::function<bool(const JournalEntry&)>& visit) override;
    Sequence first() const override;
    // `through` must be durable already: a snapshot may not know more than the log.
    Result<void> save_snapshot(Sequence through, Instant at, std::string_view bytes) override;
    Result<Snapshot> load_snapshot() override;
    std::vector<Sequence> snapshots() const override;
    Result<Snapshot> load_snapshot_at(Sequence through) override;
    Result<void> set_snapshot_aside(Sequence through) override;
    Result<void> truncate(Sequence through) override;

    // The way on after a failed sync(): cuts the log behind the last entry that a successful sync covered, because the
    // kernel may have dropped the pages of later ones while still showing them to readers, and checks everything anew.
    // Then recovery().last is that entry, and the caller appends again what it still holds. On error: try again later.
    Result<void> reopen();

private:
    friend Result<std::unique_ptr<SegmentJournal>> open_segment_journal(const SegmentOptions& options);

    struct Segment {
        Sequence first;
        Sequence last;          // first - 1 when it holds nothing
        std::uint64_t end = 0;  // offset behind the last entry; of one that was not read: the highest number there is
    };
    struct Active {  // the newest segment, open for writing
        segments::Descriptor file;
        segments::SegmentHeader header;
        std::uint64_t capacity = 0;
        std::uint64_t residue_end = 0;  // a failed write left bytes up to here, behind Segment::end; 0: none
    };

    explicit SegmentJournal(SegmentOptions options);
    Result<void> open(std::optional<Sequence> keep_through);
    Result<void> open_segments(std::optional<Sequence> keep_through);
    Result<void> take_segment(Sequence first, Sequence next);
    Result<void> open_segment(Sequence first, bool is_newest, std::optional<Sequence> keep_through);
    Result<void> end_segment(segments::Descriptor file, const segments::SegmentHeader& header, std::uint64_t capacity,
                             std::uint64_t cut_bytes);
    Result<void> check_against_snapshots();
    Result<void> roll(Sequence first, std::uint64_t batch_bytes);
    Result<void> clear_residue();
    Result<bool> read_segment(const Segment& segment, Sequence from,
                              const std::function<bool(const JournalEntry&)>& visit);
    std::string file_of(const Segment& segment) const;

    const SegmentOptions options_;
    segments::Descriptor lock_;
    std::vector<Segment> segments_;  // oldest first; the last one is active_'s
    std::optional<Active> active_;   // absent before the first append to an empty directory
    JournalRecovery recovery_;
    Sequence last_;     // appended
    Sequence durable_;  // synced
    bool must_reopen_ = false;
    std::string buffer_;  // the batch being written; keeps its memory
};

// Locks the directory, checks every entry, cuts a torn tail. Errors: unavailable (in use), corrupt (file, offset and
// what to do), io.
Result<std::unique_ptr<SegmentJournal>> open_segment_journal(const SegmentOptions& options);

}  // namespace incidentd
