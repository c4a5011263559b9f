// A journal that forgets, reorders or mixes up what it was given would lose acknowledged alerts without any fault.
#include "adapters/journals/segments/segments.hpp"

#include "adapters/journals/segments/test_kit.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

namespace incidentd {

using namespace test_kit;

TEST_CASE("segment journal: what was appended is read back after reopening, over many segments") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        auto journal = must_open(options);
        CHECK(journal->first() == Sequence{0});
        CHECK(journal->recovery().last == Sequence{0});
        for (std::uint64_t n = 1; n <= 500; n += 10) REQUIRE(append_range(*journal, n, n + 9));
        REQUIRE(journal->sync());
        CHECK(sequences(*journal) == range(1, 500));
        CHECK(sequences(*journal, 123) == range(123, 500));
    }
    auto journal = must_open(options);
    CHECK(files_of(options, "segment-").size() > 5);
    CHECK(journal->recovery().last == Sequence{500});
    CHECK(journal->recovery().last_at == Instant{500'000});
    CHECK(journal->recovery().bytes_cut == 0);
    CHECK(sequences(*journal) == range(1, 500));
    CHECK(sequences(*journal, 501).empty());
    REQUIRE(append_range(*journal, 501, 510));
    CHECK(sequences(*journal, 499) == range(499, 510));
    std::vector<std::uint64_t> some;
    REQUIRE(journal->read({7}, [&](const JournalEntry& entry) {
        some.push_back(entry.sequence.value);
        return some.size() < 3;
    }));
    CHECK(some == range(7, 9));
}

TEST_CASE("segment journal: an entry larger than a segment gets one of its own, empty records are kept") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const std::string large(100'000, 'L');
    const JournalEntry entries[] = {{{1}, {1}, large}};
    const JournalEntry empty[] = {{{2}, {2}, ""}};
    {
        auto journal = must_open(options);
        REQUIRE(journal->append(entries));
        REQUIRE(journal->append(empty));
    }
    auto journal = must_open(options);
    std::vector<std::size_t> sizes;
    REQUIRE(journal->read({1}, [&](const JournalEntry& entry) {
        sizes.push_back(entry.record.size());
        return true;
    }));
    CHECK(sizes == std::vector<std::size_t>{100'000, 0});
}

TEST_CASE("segment journal: a gap in the sequences is refused") {
    TemporaryDirectory directory;
    auto journal = must_open(options_in(directory));
    REQUIRE(append_range(*journal, 1, 3));
    const auto refused = append_range(*journal, 5, 5);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::invalid);
    CHECK(refused.error().message == "the journal expects sequence 4, not 5");
    CHECK(append_range(*journal, 4, 4).has_value());
}

TEST_CASE("segment journal: a second daemon is told who has the directory") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    auto journal = must_open(options);
    const auto refused = open_segment_journal(options);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().message.find("in use by process " + std::to_string(::getpid())) != std::string::npos);
    journal.reset();
    CHECK(open_segment_journal(options).has_value());
}

TEST_CASE("segment journal: the newest intact snapshot is loaded, two are kept, a damaged one is passed over") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    auto journal = must_open(options);
    CHECK(journal->load_snapshot().error().code == ErrorCode::not_found);
    REQUIRE(append_range(*journal, 1, 30));
    CHECK(journal->save_snapshot({30}, {1}, "too early").error().code == ErrorCode::invalid);
    REQUIRE(journal->sync());
    REQUIRE(journal->save_snapshot({10}, {100}, "ten"));
    REQUIRE(journal->save_snapshot({20}, {200}, "twenty"));
    REQUIRE(journal->save_snapshot({30}, {300}, std::string("thir\0ty", 7)));
    const auto files = files_of(options, "snapshot-");
    REQUIRE(files.size() == 2);
    auto snapshot = journal->load_snapshot();
    REQUIRE(snapshot);
    CHECK(snapshot->through == Sequence{30});
    CHECK(snapshot->at == Instant{300});
    CHECK(snapshot->bytes == std::string("thir\0ty", 7));
    CHECK(snapshot->passed_over.empty());

    overwrite(files[1], 65, "X");
    snapshot = journal->load_snapshot();
    REQUIRE(snapshot);
    CHECK(snapshot->through == Sequence{20});
    CHECK(snapshot->bytes == "twenty");
    CHECK(snapshot->passed_over == files[1] + " has a checksum that does not match");

    fs::resize_file(files[0], 66);
    const auto none = journal->load_snapshot();
    REQUIRE(!none);
    CHECK(none.error().code == ErrorCode::corrupt);
    CHECK(none.error().message.find(files[0] + " has not the length its header says") != std::string::npos);
}

TEST_CASE("segment journal: a crash while a file is being made leaves nothing behind") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    must_open(options);
    std::ofstream(options.directory + "/" + segments::segment_name({1}) + ".new") << "half";
    std::ofstream(options.directory + "/" + segments::snapshot_name({7}) + ".new") << "half";
    auto journal = must_open(options);
    CHECK(files_of(options, "segment-").empty());
    CHECK(files_of(options, "snapshot-").empty());
}

TEST_CASE("segment journal: truncate removes only whole old segments, and reading says what is gone") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    auto journal = must_open(options);
    for (std::uint64_t n = 1; n <= 300; n += 10) REQUIRE(append_range(*journal, n, n + 9));
    REQUIRE(journal->sync());
    REQUIRE(journal->save_snapshot({300}, {1}, "all"));
    const std::size_t before = files_of(options, "segment-").size();
    REQUIRE(journal->truncate({150}));
    CHECK(files_of(options, "segment-").size() < before);
    const std::uint64_t first = journal->first().value;
    CHECK(first > 1);
    CHECK(first <= 151);
    CHECK(sequences(*journal, first) == range(first, 300));
    CHECK(journal->read({1}, [](const JournalEntry&) { return true; }).error().code == ErrorCode::not_found);
    REQUIRE(journal->truncate({300}));
    CHECK(files_of(options, "segment-").size() == 1);
    REQUIRE(append_range(*journal, 301, 301));
    journal.reset();
    CHECK(must_open(options)->recovery().last == Sequence{301});
}

}  // namespace incidentd
