#include "adapters/journals/memory/memory.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {

Result<void> MemoryJournal::append(std::span<const JournalEntry> entries) {
    if (must_reopen_) return Error{ErrorCode::io, "the journal must be reopened after its failed sync"};
    Sequence due = last_;
    for (const JournalEntry& entry : entries)
        if (entry.sequence.value != ++due.value)
            return Error{ErrorCode::invalid, "the journal expects sequence " + std::to_string(due.value) + ", not " +
                                                 std::to_string(entry.sequence.value)};
    if (appends_to_fail_ > 0) {
        --appends_to_fail_;
        return Error{ErrorCode::io, "cannot write to the memory journal: No space left on device"};
    }
    for (const JournalEntry& entry : entries) entries_.push_back({entry.sequence, entry.at, std::string(entry.record)});
    last_ = due;
    return {};
}

Result<void> MemoryJournal::sync() {
    if (must_reopen_) return Error{ErrorCode::io, "the journal must be reopened after its failed sync"};
    if (durable_ == last_) return {};
    if (syncs_to_fail_ > 0) {
        --syncs_to_fail_;
        must_reopen_ = true;
        return Error{ErrorCode::io, "cannot sync the memory journal: Input/output error"};
    }
    durable_ = last_;
    ++syncs_;
    return {};
}

Result<void> MemoryJournal::read(Sequence from, const std::function<bool(const JournalEntry&)>& visit) {
    from = std::max(from, Sequence{1});
    if (from > last_) return {};
    if (entries_.empty() || from < entries_.front().sequence)
        return Error{ErrorCode::not_found, "the journal no longer holds entry " + std::to_string(from.value)};
    for (std::size_t i = from.value - entries_.front().sequence.value; i < entries_.size(); ++i)
        if (!visit({entries_[i].sequence, entries_[i].at, entries_[i].record})) break;
    return {};
}

Sequence MemoryJournal::first() const { return entries_.empty() ? Sequence{} : entries_.front().sequence; }

Result<void> MemoryJournal::save_snapshot(Sequence through, Instant at, std::string_view bytes) {
    return save_snapshot(through, at, bytes, {UINT64_MAX});
}

Result<void> MemoryJournal::save_snapshot(Sequence through, Instant at, std::string_view bytes, Sequence reader) {
    if (through > durable_) return Error{ErrorCode::invalid, "a snapshot would know more than the log"};
    snapshots_.push_back({{through, at, std::string(bytes)}});
    Sequence kept;
    for (const StoredSnapshot& stored : snapshots_)
        if (stored.snapshot.through <= reader) kept = stored.snapshot.through;
    for (std::size_t i = 0; i + 2 < snapshots_.size();)
        if (snapshots_[i].snapshot.through == kept)
            ++i;
        else
            snapshots_.erase(snapshots_.begin() + static_cast<std::ptrdiff_t>(i));
    return {};
}

Result<Journal::Snapshot> MemoryJournal::load_snapshot() {
    for (auto stored = snapshots_.rbegin(); stored != snapshots_.rend(); ++stored)
        if (!stored->is_damaged) return stored->snapshot;
    return Error{ErrorCode::not_found, "there is no snapshot"};
}

std::vector<Sequence> MemoryJournal::snapshots() const {
    std::vector<Sequence> found;
    for (const StoredSnapshot& stored : snapshots_) found.push_back(stored.snapshot.through);
    return found;
}

Result<Journal::Snapshot> MemoryJournal::load_snapshot_at(Sequence through) {
    for (const StoredSnapshot& stored : snapshots_) {
        if (stored.snapshot.through != through) continue;
        if (stored.is_damaged) return Error{ErrorCode::corrupt, "the snapshot's checksum does not hold"};
        return stored.snapshot;
    }
    return Error{ErrorCode::not_found, "there is no such snapshot"};
}

Result<void> MemoryJournal::set_snapshot_aside(Sequence through) {
    std::erase_if(snapshots_, [&](const StoredSnapshot& stored) { return stored.snapshot.through == through; });
    return {};
}

Result<void> MemoryJournal::truncate(Sequence through) {
    std::erase_if(entries_, [&](const Stored& entry) { return entry.sequence <= through; });
    return {};
}

void MemoryJournal::keep_through(Sequence last) {
    recovery_ = {};
    while (!entries_.empty() && entries_.back().sequence > last) {
        recovery_.bytes_cut += entries_.back().record.size();
        entries_.pop_back();
    }
    if (recovery_.bytes_cut > 0) recovery_.cut_reason = "memory: cut behind entry " + std::to_string(last.value);
    recovery_.last = last_ = durable_ = last;
    if (!entries_.empty())
        recovery_.last_at = entries_.back().at;
    else if (!snapshots_.empty())
        recovery_.last_at = snapshots_.back().snapshot.at;
    must_reopen_ = false;
}

Result<void> MemoryJournal::reopen() {
    keep_through(must_reopen_ ? durable_ : last_);
    return {};
}

void MemoryJournal::crash(std::size_t kept) {
    keep_through({std::min(last_.value, durable_.value + kept)});
    appends_to_fail_ = syncs_to_fail_ = 0;
}

void MemoryJournal::damage_newest_snapshot() {
    if (!snapshots_.empty()) snapshots_.back().is_damaged = true;
}

}  // namespace incidentd
