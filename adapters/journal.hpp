// The only truth: an append-only log of input records. Used by one thread at a time; all calls may block on the disk.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/result.hpp"
#include "correlator/time.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// What a journal keeps per entry. `record` is the encoded input (correlator/input.hpp).
struct JournalEntry {
    Sequence sequence;
    Instant at;               // receipt time, stamped by the sequencer; never goes backwards
    std::string_view record;
};

// What open() found and did.
struct JournalRecovery {
    Sequence last;                   // 0: empty
    Instant last_at;
    std::uint64_t bytes_cut = 0;     // of a torn tail: never acknowledged, so nothing is lost
    std::string cut_reason;          // in words, with file and offset; empty when nothing was cut
};

class Journal {
public:
    virtual ~Journal() = default;

    virtual const JournalRecovery& recovery() const = 0;

    // Writes entries whose sequences continue the log without a gap. Not durable until sync() returned.
    // Errors: io (disk full ...): nothing of this call counts as written, and the next append may try again.
    virtual Result<void> append(std::span<const JournalEntry> entries) = 0;

    // On success everything appended so far survives power loss. On error the tail's fate is unknown: the caller must not
    // acknowledge it, and must not append before reopen() succeeded (a failed fsync may have dropped pages).
    virtual Result<void> sync() = 0;

    // Calls `visit` for each durable or appended entry from `from` on, in order, until it returns false.
    // Errors: corrupt (with file and offset), not_found if `from` is older than what is kept.
    virtual Result<void> read(Sequence from, const std::function<bool(const JournalEntry&)>& visit) = 0;

    // Oldest sequence that read() can start from; 0 when empty.
    virtual Sequence first() const = 0;

    // The newest snapshot whose checksum holds, or not_found. A snapshot stands for every entry up to `through`.
    virtual Result<void> save_snapshot(Sequence through, Instant at, std::string_view bytes) = 0;
    struct Snapshot {
        Sequence through;
        Instant at;
        std::string bytes;
        std::string passed_over = {};  // in words: newer ones that were damaged; empty when there were none
    };
    virtual Result<Snapshot> load_snapshot() = 0;

    // One by one, for a caller that wants another than the newest. Journals without these have no snapshots to choose
    // from.
    virtual std::vector<Sequence> snapshots() const { return {}; }  // oldest first; content unchecked
    virtual Result<Snapshot> load_snapshot_at(Sequence /*through*/) {
        return Error(ErrorCode::not_found, "this journal keeps no snapshots");
    }
    // A damaged one is kept for people to look at, and out of the way.
    virtual Result<void> set_snapshot_aside(Sequence /*through*/) { return {}; }

    // Forgets whole segments that hold only entries up to `through`.
    virtual Result<void> truncate(Sequence through) = 0;
};

}  // namespace incidentd
