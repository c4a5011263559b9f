// Segments removed too early make a restart impossible; a reader beside the writer must see exactly what is durable.
#include "adapters/journals/segments/offline.hpp"

#include "adapters/journals/segments/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test_kit;
using segments::forgettable;

namespace {

std::vector<std::uint64_t> read_beside(const SegmentOptions& options, std::uint64_t from, std::uint64_t through) {
    std::vector<std::uint64_t> found;
    const auto done = segments::read_entries(options.directory, {from}, {through}, [&](const JournalEntry& entry) {
        CHECK(entry.record == record_of(entry.sequence.value));
        found.push_back(entry.sequence.value);
        return true;
    });
    CHECK(done);
    return found;
}

}  // namespace

TEST_CASE("segment journal: another process reads up to a given entry while the owner goes on") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const auto journal = must_open(options);
    for (std::uint64_t at = 1; at <= 300; at += 20) REQUIRE(append_range(*journal, at, at + 19));
    REQUIRE(journal->sync());
    REQUIRE(files_of(options, "segment-").size() > 3);
    CHECK(read_beside(options, 1, 300) == range(1, 300));
    CHECK(read_beside(options, 120, 290) == range(120, 290));
    REQUIRE(append_range(*journal, 301, 310));
    CHECK(read_beside(options, 250, 300) == range(250, 300));
    CHECK(read_beside(options, 301, 300).empty());
    REQUIRE(journal->save_snapshot({300}, {1}, "all"));
    REQUIRE(journal->truncate({150}));
    const auto gone = segments::read_entries(options.directory, {1}, {300}, [](const JournalEntry&) { return true; });
    REQUIRE(gone.has_error());
    CHECK(gone.error().code == ErrorCode::not_found);
}

TEST_CASE("segment journal: damage before the newest snapshot is found when it is read, not at the start") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        const auto journal = must_open(options);
        for (std::uint64_t at = 1; at <= 300; at += 20) REQUIRE(append_range(*journal, at, at + 19));
        REQUIRE(journal->sync());
        REQUIRE(journal->save_snapshot({300}, {1}, "all"));
    }
    const auto files = files_of(options, "segment-");
    REQUIRE(files.size() > 3);
    overwrite(files[0], place_of(files[0], 3), "XXXX");
    const auto journal = must_open(options);
    CHECK(journal->recovery().last == Sequence{300});
    CHECK(journal->recovery().last_at == Instant{300'000});
    CHECK(journal->first() == Sequence{1});
    const auto whole = journal->read({1}, [](const JournalEntry&) { return true; });
    REQUIRE(whole.has_error());
    CHECK(whole.error().code == ErrorCode::corrupt);
    CHECK(segments::read_entries(options.directory, {1}, {300}, [](const JournalEntry&) { return true; }).has_error());
    CHECK(sequences(*journal, 250) == range(250, 300));
}

TEST_CASE("segments are forgotten by age or size, never one that a snapshot does not cover, never the newest") {
    const std::vector<segments::SegmentFile> files{{{1}, {10}, 100, {1'000}},
                                                   {{11}, {20}, 100, {2'000}},
                                                   {{21}, {30}, 100, {3'000}},
                                                   {{31}, {UINT64_MAX}, 100, {4'000}}};
    const Instant now{10'000};
    const segments::Retention never{hours(1), 1'000};
    CHECK(forgettable(files, {30}, never, now) == Sequence{0});
    CHECK(forgettable(files, {30}, {milliseconds(8'000), 1'000}, now) == Sequence{20});
    CHECK(forgettable(files, {30}, {Duration{0}, 1'000}, now) == Sequence{30});
    CHECK(forgettable(files, {25}, {Duration{0}, 1'000}, now) == Sequence{20});
    CHECK(forgettable(files, {30}, {hours(1), 250}, now) == Sequence{20});
    CHECK(forgettable(files, {9}, {Duration{0}, 0}, now) == Sequence{0});
    CHECK(forgettable(files, {UINT64_MAX}, {Duration{0}, 0}, now) == Sequence{30});
    CHECK(forgettable({}, {9}, {Duration{0}, 0}, now) == Sequence{0});
}

TEST_CASE("segment journal: a damaged snapshot is set aside and the one before it counts") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const auto journal = must_open(options);
    REQUIRE(append_range(*journal, 1, 40));
    REQUIRE(journal->sync());
    for (const std::uint64_t through : {10, 20}) REQUIRE(journal->save_snapshot({through}, {1}, "state"));
    overwrite(files_of(options, "snapshot-").back(), 65, "X");
    CHECK(journal->snapshots() == std::vector<Sequence>{{10}, {20}});
    CHECK(journal->load_snapshot_at({20}).error().code == ErrorCode::corrupt);
    REQUIRE(journal->set_snapshot_aside({20}));
    CHECK(journal->snapshots() == std::vector<Sequence>{{10}});
    REQUIRE(journal->save_snapshot({30}, {1}, "state"));
    CHECK(journal->snapshots() == std::vector<Sequence>{{10}, {30}});
}
