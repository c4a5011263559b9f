// A simulated disk kinder than a real one would let the simulation pass where the daemon loses alerts.
#include "adapters/journals/memory/memory.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace incidentd {
namespace {

bool append_one(MemoryJournal& journal, std::uint64_t sequence) {
    const JournalEntry entries[] = {{{sequence}, {static_cast<std::int64_t>(sequence)}, "r"}};
    return journal.append(entries).has_value();
}

std::vector<std::uint64_t> sequences(MemoryJournal& journal, std::uint64_t from) {
    std::vector<std::uint64_t> found;
    CHECK(journal
              .read({from},
                    [&](const JournalEntry& entry) {
                        found.push_back(entry.sequence.value);
                        return true;
                    })
              .has_value());
    return found;
}

}  // namespace

TEST_CASE("memory journal: a crash keeps what was synced and loses the rest") {
    MemoryJournal journal;
    for (std::uint64_t n = 1; n <= 3; ++n) CHECK(append_one(journal, n));
    CHECK(journal.sync().has_value());
    for (std::uint64_t n = 4; n <= 6; ++n) CHECK(append_one(journal, n));
    journal.crash(1);
    CHECK(journal.recovery().last == Sequence{4});
    CHECK(journal.recovery().bytes_cut == 2);
    CHECK(sequences(journal, 2) == std::vector<std::uint64_t>{2, 3, 4});
    CHECK(!append_one(journal, 7));
    CHECK(append_one(journal, 5));
}

TEST_CASE("memory journal: failures happen once, and a failed sync asks for reopening") {
    MemoryJournal journal;
    journal.fail_appends(1);
    CHECK(!append_one(journal, 1));
    CHECK(append_one(journal, 1));
    CHECK(journal.sync().has_value());
    CHECK(append_one(journal, 2));
    journal.fail_syncs(1);
    CHECK(!journal.sync().has_value());
    CHECK(!append_one(journal, 3));
    CHECK(journal.reopen().has_value());
    CHECK(journal.recovery().last == Sequence{1});
    CHECK(append_one(journal, 2));
    CHECK(journal.sync().has_value());
}

TEST_CASE("memory journal: snapshots and truncation follow the interface's rules") {
    MemoryJournal journal;
    for (std::uint64_t n = 1; n <= 4; ++n) CHECK(append_one(journal, n));
    CHECK(journal.save_snapshot({4}, {9}, "s").error().code == ErrorCode::invalid);
    CHECK(journal.sync().has_value());
    CHECK(journal.save_snapshot({2}, {8}, "two").has_value());
    CHECK(journal.save_snapshot({4}, {9}, "four").has_value());
    CHECK(journal.load_snapshot()->bytes == "four");
    journal.damage_newest_snapshot();
    CHECK(journal.load_snapshot()->bytes == "two");
    CHECK(journal.truncate({2}).has_value());
    CHECK(journal.first() == Sequence{3});
    CHECK(journal.read({2}, [](const JournalEntry&) { return true; }).error().code == ErrorCode::not_found);
    CHECK(sequences(journal, 3) == std::vector<std::uint64_t>{3, 4});
    CHECK(sequences(journal, 5).empty());
}

}  // namespace incidentd
