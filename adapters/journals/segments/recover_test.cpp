// An acknowledged alert could be lost, or a half-written one believed, after a crash, a full disk or a failing one.
#include "adapters/journals/segments/segments.hpp"
#include "adapters/journals/segments/test_kit.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace incidentd {

using namespace test_kit;

namespace {

// What the disk refuses at the moment; plain functions have no other way to be told.
int write_error = 0;
std::size_t write_most = 0;  // a short write of so many bytes before the error; 0: none
int sync_error = 0;
int allocate_error = 0;

segments::FileCalls faulty_calls() {
    write_error = sync_error = allocate_error = 0;
    write_most = 0;
    return {[](int file, const void* bytes, std::size_t count, off_t at) -> ssize_t {
                if (write_error == 0) return ::pwrite(file, bytes, count, at);
                if (write_most > 0) return ::pwrite(file, bytes, std::min(count, std::exchange(write_most, 0)), at);
                errno = write_error;
                return -1;
            },
            [](int file) {
                if (sync_error == 0) return ::fdatasync(file);
                errno = sync_error;
                return -1;
            },
            [](int file, off_t at, off_t count) {
                return allocate_error == 0 ? ::posix_fallocate(file, at, count) : allocate_error;
            }};
}

}  // namespace

TEST_CASE("segment journal: a tail torn at any byte is cut at the last good entry and never comes back") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    std::size_t from, to;
    {
        auto journal = must_open(options);
        REQUIRE(append_range(*journal, 1, 5));
        REQUIRE(journal->sync());
        REQUIRE(append_range(*journal, 6, 8));
    }
    const std::string file = files_of(options, "segment-").front();
    const std::string whole = content(file);
    from = place_of(file, 6) - segments::entry_header_bytes;
    to = place_of(file, 8) + record_of(8).size();
    for (std::size_t torn = from; torn < to; ++torn) {
        std::string bytes = whole.substr(0, torn);
        bytes.resize(whole.size());
        std::ofstream(file, std::ios::binary) << bytes;
        {
            auto journal = must_open(options);
            const std::uint64_t last = journal->recovery().last.value;
            REQUIRE(last >= 5);
            REQUIRE(last <= 8);
            REQUIRE((journal->recovery().bytes_cut > 0) == !journal->recovery().cut_reason.empty());
            REQUIRE(sequences(*journal) == range(1, last));
            REQUIRE(append_range(*journal, last + 1, last + 2));
        }
        auto journal = must_open(options);
        REQUIRE(journal->recovery().bytes_cut == 0);
        REQUIRE(sequences(*journal) == range(1, journal->recovery().last.value));
    }
}

TEST_CASE(
    "segment journal: pages of one unacknowledged write that reached the disk out of order are cut, not refused") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        auto journal = must_open(options);
        REQUIRE(append_range(*journal, 1, 2));
        REQUIRE(journal->sync());
        REQUIRE(append_range(*journal, 3, 9));
    }
    const std::string file = files_of(options, "segment-").front();
    const std::size_t third = place_of(file, 3) - segments::entry_header_bytes;
    overwrite(file, third, std::string(place_of(file, 5) - segments::entry_header_bytes - third, '\0'));
    auto journal = must_open(options);
    CHECK(journal->recovery().last == Sequence{2});
    CHECK(journal->recovery().bytes_cut > 0);
    CHECK(journal->recovery().cut_reason.find(file + ": cut at byte") == 0);
    CHECK(content(file).find_first_not_of('\0', third) == std::string::npos);
}

TEST_CASE("segment journal: damage to an entry that had been synced is refused, with file, offset and advice") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        auto journal = must_open(options);
        REQUIRE(append_range(*journal, 1, 3));
        REQUIRE(journal->sync());
        REQUIRE(append_range(*journal, 4, 4));
    }
    const std::string file = files_of(options, "segment-").front();
    const std::string before = content(file);
    SUBCASE("a flipped bit in the record") { overwrite(file, place_of(file, 2), "R"); }
    SUBCASE("an impossible length") { overwrite(file, place_of(file, 2) - 32, "\xFF\xFF\xFF\x7F"); }
    SUBCASE("zeros over it") { overwrite(file, place_of(file, 2) - 32, std::string(40, '\0')); }
    SUBCASE("padding") { overwrite(file, place_of(file, 2) + record_of(2).size(), "!"); }
    const std::string damaged = content(file);
    REQUIRE(damaged != before);
    const auto refused = open_segment_journal(options);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    const std::size_t offset = before.find(record_of(2)) - 32;
    CHECK(refused.error().message.find(file + ": damaged at byte " + std::to_string(offset)) == 0);
    CHECK(refused.error().message.find("Restore the file from a backup") != std::string::npos);
    CHECK(content(file) == damaged);
}

TEST_CASE("segment journal: a damaged, missing or foreign older segment is refused") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        auto journal = must_open(options);
        for (std::uint64_t n = 1; n <= 200; n += 10) REQUIRE(append_range(*journal, n, n + 9));
    }
    const auto files = files_of(options, "segment-");
    REQUIRE(files.size() >= 3);
    std::string expected;
    SUBCASE("a flipped bit") {
        overwrite(files[1], 200, "\x01");
        expected = files[1] + ": damaged at byte";
    }
    SUBCASE("cut short") {
        fs::resize_file(files[1], fs::file_size(files[1]) / 2);
        expected = files[1] + ": damaged at byte";
    }
    SUBCASE("removed") {
        fs::remove(files[1]);
        expected = files[0] + ": damaged at byte";
    }
    SUBCASE("its header destroyed") {
        overwrite(files[1], 20, "zzzz");
        expected = files[1] + ": damaged at byte 0: the file has a header whose checksum does not match";
    }
    SUBCASE("another format version") {
        overwrite(files[1], 8, "\x02");
        expected = files[1] + ": damaged at byte 0: the file has format version 2, this program reads version 1";
    }
    SUBCASE("emptied") {
        fs::resize_file(files[2], 0);
        expected = files[2] + ": damaged at byte 0: the file is shorter than its header";
    }
    const auto refused = open_segment_journal(options);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    CHECK(refused.error().message.substr(0, expected.size()) == expected);
}

TEST_CASE("segment journal: records cannot pass for entries") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    std::string forged;  // an entry with every field right but the salt, as alert text
    segments::encode_entry({{9}, {9}, "forged"}, {8}, 0, forged);
    const JournalEntry entries[] = {{{2}, {2}, forged}};
    {
        auto journal = must_open(options);
        REQUIRE(append_range(*journal, 1, 1));
        REQUIRE(journal->sync());
        REQUIRE(journal->append(entries));
    }
    const std::string file = files_of(options, "segment-").front();
    overwrite(file, content(file).find(forged) - 8, "torn");
    auto journal = must_open(options);
    CHECK(journal->recovery().last == Sequence{1});
}

TEST_CASE("segment journal: a failed append counts for nothing, and a shorter one afterwards leaves no residue") {
    TemporaryDirectory directory;
    SegmentOptions options = options_in(directory);
    options.calls = faulty_calls();
    auto journal = must_open(options);
    REQUIRE(append_range(*journal, 1, 4));
    write_error = ENOSPC;
    SUBCASE("nothing written") {}
    SUBCASE("half written") { write_most = 150; }
    SUBCASE("all but a byte written") { write_most = 7 * 48 - 1; }
    const auto failed = append_range(*journal, 5, 12);
    REQUIRE(!failed);
    CHECK(failed.error().code == ErrorCode::io);
    CHECK(failed.error().message.find("No space left on device") != std::string::npos);
    CHECK(sequences(*journal) == range(1, 4));
    write_error = 0;
    REQUIRE(append_range(*journal, 5, 5));
    REQUIRE(journal->sync());
    journal.reset();
    journal = must_open(options);
    CHECK(journal->recovery().bytes_cut == 0);
    CHECK(sequences(*journal) == range(1, 5));
}

TEST_CASE("segment journal: no room for another segment fails the append only until there is room") {
    TemporaryDirectory directory;
    SegmentOptions options = options_in(directory);
    options.calls = faulty_calls();
    auto journal = must_open(options);
    std::uint64_t next = 1;
    allocate_error = ENOSPC;
    REQUIRE(!append_range(*journal, 1, 1));
    allocate_error = 0;
    REQUIRE(append_range(*journal, next, next));
    ++next;
    allocate_error = ENOSPC;
    Result<void> last;
    for (; next < 1000; ++next)
        if (last = append_range(*journal, next, next); !last) break;
    REQUIRE(!last);
    CHECK(last.error().code == ErrorCode::io);
    CHECK(last.error().message.find("cannot reserve 4096 bytes") == 0);
    CHECK(files_of(options, "segment-").size() == 1);
    CHECK(sequences(*journal) == range(1, next - 1));
    allocate_error = 0;
    REQUIRE(append_range(*journal, next, next + 3));
    journal.reset();
    CHECK(sequences(*must_open(options)) == range(1, next + 3));
}

TEST_CASE("segment journal: after a failed sync it must be reopened, and goes on behind what was durable") {
    TemporaryDirectory directory;
    SegmentOptions options = options_in(directory);
    options.calls = faulty_calls();
    auto journal = must_open(options);
    REQUIRE(append_range(*journal, 1, 4));
    REQUIRE(journal->sync());
    REQUIRE(append_range(*journal, 5, 9));
    sync_error = EIO;
    const auto failed = journal->sync();
    REQUIRE(!failed);
    CHECK(failed.error().message.find("Input/output error") != std::string::npos);
    CHECK(!append_range(*journal, 10, 10));
    CHECK(!journal->reopen());
    sync_error = 0;
    CHECK(!journal->sync());
    CHECK(!append_range(*journal, 10, 10));
    REQUIRE(journal->reopen());
    CHECK(journal->recovery().last == Sequence{4});
    CHECK(journal->recovery().bytes_cut > 0);
    REQUIRE(append_range(*journal, 5, 6));
    REQUIRE(journal->sync());
    journal.reset();
    CHECK(sequences(*must_open(options)) == range(1, 6));
}

TEST_CASE("segment journal: a log that ends before its snapshot is refused; a snapshot alone is a beginning") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    {
        auto journal = must_open(options);
        for (std::uint64_t n = 1; n <= 200; n += 10) REQUIRE(append_range(*journal, n, n + 9));
        REQUIRE(journal->sync());
        REQUIRE(journal->save_snapshot({200}, {77}, "state"));
    }
    fs::remove(files_of(options, "segment-").back());
    const auto refused = open_segment_journal(options);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    CHECK(refused.error().message.find("stored entries are missing") != std::string::npos);
    for (const std::string& file : files_of(options, "segment-")) fs::remove(file);
    auto journal = must_open(options);
    CHECK(journal->recovery().last == Sequence{200});
    CHECK(journal->recovery().last_at == Instant{77});
    REQUIRE(append_range(*journal, 201, 202));
    CHECK(sequences(*journal, 201) == range(201, 202));
}

TEST_CASE("segment journal: what was synced before a kill is there afterwards") {
    TemporaryDirectory directory;
    const SegmentOptions options = options_in(directory);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto journal = open_segment_journal(options);
        for (std::uint64_t n = 1; journal && n <= 400; n += 4) {
            if (!append_range(**journal, n, n + 3) || !(*journal)->sync()) ::_exit(2);
        }
        ::_exit(journal ? 0 : 1);  // no destructor runs
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    CHECK(sequences(*must_open(options)) == range(1, 400));
}

}  // namespace incidentd
