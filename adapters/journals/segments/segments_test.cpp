// An acknowledged alert could be lost, or a half-written one believed, after a crash, a full disk or a failing one.
#include "adapters/journals/segments/segments.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

template <class T>
struct doctest::StringMaker<incidentd::Result<T>> {
    static String convert(const incidentd::Result<T>& result) {
        return result ? "a value" : result.error().message.c_str();
    }
};

namespace incidentd {
namespace {

namespace fs = std::filesystem;

struct TemporaryDirectory {
    TemporaryDirectory() {
        char name[] = "/tmp/incidentd_journal_XXXXXX";
        path = ::mkdtemp(name);
    }
    ~TemporaryDirectory() { fs::remove_all(path); }
    std::string path;
};

std::string record_of(std::uint64_t sequence) {
    return "record " + std::to_string(sequence) + std::string(sequence % 13, 'x');
}

Result<void> append_range(Journal& journal, std::uint64_t from, std::uint64_t to) {
    std::vector<std::string> records;
    for (std::uint64_t n = from; n <= to; ++n) records.push_back(record_of(n));
    std::vector<JournalEntry> entries;
    for (std::uint64_t n = from; n <= to; ++n)
        entries.push_back({{n}, {static_cast<std::int64_t>(1000 * n)}, records[n - from]});
    return journal.append(entries);
}

// The sequences read back from `from` on; every record is compared on the way.
std::vector<std::uint64_t> sequences(Journal& journal, std::uint64_t from = 1) {
    std::vector<std::uint64_t> found;
    const auto done = journal.read({from}, [&](const JournalEntry& entry) {
        CHECK(entry.record == record_of(entry.sequence.value));
        CHECK(entry.at.ms == static_cast<std::int64_t>(1000 * entry.sequence.value));
        found.push_back(entry.sequence.value);
        return true;
    });
    CHECK(done.has_value());
    return found;
}

std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> numbers;
    for (; from <= to; ++from) numbers.push_back(from);
    return numbers;
}

SegmentOptions options_in(const TemporaryDirectory& directory, std::uint64_t segment_bytes = 4096) {
    SegmentOptions options;
    options.directory = directory.path + "/journal";
    options.segment_bytes = segment_bytes;
    return options;
}

std::unique_ptr<SegmentJournal> must_open(const SegmentOptions& options) {
    auto opened = open_segment_journal(options);
    INFO((opened ? "" : opened.error().message));
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

std::vector<std::string> files_of(const SegmentOptions& options, std::string_view prefix) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(options.directory))
        if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

std::string content(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const std::string& file, std::size_t offset, std::string_view bytes) {
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::size_t place_of(const std::string& file, std::uint64_t sequence) {
    const std::size_t at = content(file).find(record_of(sequence));
    REQUIRE(at != std::string::npos);
    return at;
}

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
