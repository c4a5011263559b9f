// A segment lost or doubled while it is compressed is a hole in the only truth.
#include "adapters/journals/segments/compress.hpp"

#include "adapters/journals/segments/offline.hpp"
#include "adapters/journals/segments/test_kit.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace incidentd;
using namespace incidentd::test_kit;
using segments::compress_segments;

namespace {

// Entries 1 to 300 in several segments, durable, with a snapshot for all of them.
std::unique_ptr<SegmentJournal> filled(const SegmentOptions& options) {
    auto journal = must_open(options);
    for (std::uint64_t at = 1; at <= 300; at += 20) REQUIRE(append_range(*journal, at, at + 19));
    REQUIRE(journal->sync());
    REQUIRE(journal->save_snapshot({300}, {1}, "all"));
    return journal;
}

std::size_t count_compressed(const SegmentOptions& options) {
    const auto names = files_of(options, "segment-");
    return static_cast<std::size_t>(
        std::count_if(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".zst"); }));
}

segments::Compressed compress(const SegmentOptions& options, std::uint64_t covered) {
    const auto done = compress_segments(segments::system_calls(), options.directory, {covered});
    CHECK(done);
    return done ? *done : segments::Compressed{};
}

ssize_t write_to_full_disk(int, const void*, std::size_t, off_t) {
    errno = ENOSPC;
    return -1;
}

}  // namespace

TEST_CASE("segment journal: compressed segments are read like others, by the owner, beside it and after a restart") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        const auto journal = filled(options);
        const std::size_t files = files_of(options, "segment-").size();
        REQUIRE(files > 3);
        const segments::Compressed done = compress(options, 300);
        CHECK(done.files == files - 1);
        CHECK(count_compressed(options) == files - 1);
        CHECK(compress(options, 300).files == 0);
        CHECK(sequences(*journal) == range(1, 300));
        std::uint64_t next = 1;
        CHECK(segments::read_entries(options.directory, {1}, {300}, [&](const JournalEntry& entry) {
            CHECK(entry.record == record_of(entry.sequence.value));
            return entry.sequence.value == next++;
        }));
        CHECK(next == 301);
        REQUIRE(append_range(*journal, 301, 310));
        REQUIRE(journal->sync());
    }
    const auto again = must_open(options);
    CHECK(again->recovery().last == Sequence{310});
    CHECK(sequences(*again) == range(1, 310));
    CHECK(sequences(*again, 150) == range(150, 310));
}

TEST_CASE("segment journal: compressed segments no snapshot stands for are checked at the start like others") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    filled(options).reset();
    compress(options, 300);
    for (const std::string& snapshot : files_of(options, "snapshot-")) fs::remove(snapshot);
    CHECK(sequences(*must_open(options)) == range(1, 300));
}

TEST_CASE("segment journal: only what is covered is compressed, and keeps its age") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const auto journal = filled(options);
    const auto before = segments::list_segments(options.directory);
    REQUIRE(before);
    const Sequence second = (*before)[1].last;
    CHECK(compress(options, second.value - 1).files == 1);
    const auto after = segments::list_segments(options.directory);
    REQUIRE(after);
    REQUIRE(after->size() == before->size());
    CHECK((*after)[0].is_compressed);
    CHECK((*after)[0].last == (*before)[0].last);
    CHECK((*after)[0].written == (*before)[0].written);
    CHECK_FALSE((*after)[1].is_compressed);
}

TEST_CASE("segment journal: what is unpacked is the segment, byte for byte, and forgetting takes both forms") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const auto journal = filled(options);
    const std::string original = content(files_of(options, "segment-").front());
    compress(options, 300);
    const auto opened = segments::open_segment_file(options.directory, {1}, segments::Extent::whole);
    REQUIRE(opened);
    CHECK(opened->is_compressed);
    std::string unpacked;
    REQUIRE(segments::read_at(opened->file.get(), opened->name, 0, original.size() + 1, unpacked));
    CHECK(unpacked == original);
    REQUIRE(journal->truncate({150}));
    CHECK(journal->first() > Sequence{1});
    CHECK(segments::list_segments(options.directory)->front().first == journal->first());
}

TEST_CASE("segment journal: a crash while compressing leaves each segment once") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    filled(options).reset();
    const auto plain = files_of(options, "segment-");
    const std::string kept = plain[1] + ".kept";
    fs::copy_file(plain[1], kept);
    SUBCASE("before it was renamed") { std::ofstream(plain[0] + ".zst.new") << "half"; }
    SUBCASE("before the plain one was removed") {
        compress(options, 300);
        fs::copy_file(kept, plain[1]);
    }
    fs::remove(kept);
    const auto journal = must_open(options);
    CHECK(sequences(*journal) == range(1, 300));
    CHECK(files_of(options, "segment-").size() == plain.size());
    compress(options, 300);
    CHECK(count_compressed(options) == plain.size() - 1);
    CHECK(sequences(*journal) == range(1, 300));
}

TEST_CASE("segment journal: a full disk leaves the segments as they are") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const auto journal = filled(options);
    const auto before = files_of(options, "segment-");
    segments::FileCalls full = segments::system_calls();
    full.write_at = &write_to_full_disk;
    const auto done = compress_segments(full, options.directory, {300});
    REQUIRE(done.has_error());
    CHECK(done.error().code == ErrorCode::io);
    CHECK(files_of(options, "segment-") == before);
}

TEST_CASE("segment journal: damage in a compressed segment is named when it is read") {
    const TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const auto journal = filled(options);
    compress(options, 300);
    const std::string file = files_of(options, "segment-").front();
    SUBCASE("changed") { overwrite(file, fs::file_size(file) / 2, "XXXX"); }
    SUBCASE("cut short") { fs::resize_file(file, fs::file_size(file) - 5); }
    SUBCASE("empty") { fs::resize_file(file, 0); }
    const auto read = journal->read({1}, [](const JournalEntry&) { return true; });
    REQUIRE(read.has_error());
    CHECK(read.error().code == ErrorCode::corrupt);
    CHECK(read.error().message.find(file) != std::string::npos);
}
