// A journal in memory for tests and simulation, with the failures a disk can show. Used by one thread at a time.
#pragma once

#include "adapters/journal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace incidentd {

class MemoryJournal final : public Journal {
public:
    const JournalRecovery& recovery() const override { return recovery_; }
    Result<void> append(std::span<const JournalEntry> entries) override;
    Result<void> sync() override;
    Result<void> read(Sequence from, const std::function<bool(const JournalEntry&)>& visit) override;
    Sequence first() const override;
    Result<void> save_snapshot(Sequence through, Instant at, std::string_view bytes) override;
    Result<Snapshot> load_snapshot() override;
    std::vector<Sequence> snapshots() const override;
    Result<Snapshot> load_snapshot_at(Sequence through) override;
    Result<void> set_snapshot_aside(Sequence through) override;
    Result<void> truncate(Sequence through) override;

    // Keeps one more, if need be: the newest that `reader`, who will go on from it, has read already.
    Result<void> save_snapshot(Sequence through, Instant at, std::string_view bytes, Sequence reader);

    // As SegmentJournal::reopen(): after a failed sync everything behind the last successful one is gone.
    Result<void> reopen();

    // The next calls that fail with io, the nearest first.
    void fail_appends(unsigned count) { appends_to_fail_ = count; }
    void fail_syncs(unsigned count) { syncs_to_fail_ = count; }
    // Power loss: of what was not synced, only the first `kept` entries reached the disk. Leaves the journal as a new
    // process would find it, recovery() included.
    void crash(std::size_t kept = 0);
    // The newest snapshot is there and its checksum does not hold.
    void damage_newest_snapshot();

    Sequence last() const { return last_; }
    Sequence durable() const { return durable_; }
    std::uint64_t syncs() const { return syncs_; }  // that reached the disk

private:
    struct Stored {
        Sequence sequence;
        Instant at;
        std::string record;
    };
    void keep_through(Sequence last);

    std::vector<Stored> entries_;  // oldest first, without a gap
    struct StoredSnapshot {
        Snapshot snapshot;
        bool is_damaged = false;
    };
    std::vector<StoredSnapshot> snapshots_;  // oldest first, at most three
    JournalRecovery recovery_;
    Sequence last_;
    Sequence durable_;
    unsigned appends_to_fail_ = 0;
    unsigned syncs_to_fail_ = 0;
    bool must_reopen_ = false;
    std::uint64_t syncs_ = 0;
};

}  // namespace incidentd
