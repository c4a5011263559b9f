// For the tests of the segment journal: directories, entries with known content, and damage to files.
#pragma once

#include "adapters/journals/segments/segments.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

template <class T>
struct doctest::StringMaker<incidentd::Result<T>> {
    static String convert(const incidentd::Result<T>& result) {
        return result ? "a value" : result.error().message.c_str();
    }
};

namespace incidentd::test_kit {

namespace fs = std::filesystem;

struct TemporaryDirectory {
    TemporaryDirectory() {
        char name[] = "/tmp/incidentd_journal_XXXXXX";
        path = ::mkdtemp(name);
    }
    ~TemporaryDirectory() { fs::remove_all(path); }
    std::string path;
};

inline std::string record_of(std::uint64_t sequence) {
    return "record " + std::to_string(sequence) + std::string(sequence % 13, 'x');
}

inline Result<void> append_range(Journal& journal, std::uint64_t from, std::uint64_t to) {
    std::vector<std::string> records;
    for (std::uint64_t n = from; n <= to; ++n) records.push_back(record_of(n));
    std::vector<JournalEntry> entries;
    for (std::uint64_t n = from; n <= to; ++n)
        entries.push_back({{n}, {static_cast<std::int64_t>(1000 * n)}, records[n - from]});
    return journal.append(entries);
}

// The sequences read back from `from` on; every record is compared on the way.
inline std::vector<std::uint64_t> sequences(Journal& journal, std::uint64_t from = 1) {
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

inline std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> numbers;
    for (; from <= to; ++from) numbers.push_back(from);
    return numbers;
}

inline SegmentOptions options_in(const TemporaryDirectory& directory, std::uint64_t segment_bytes = 4096) {
    SegmentOptions options;
    options.directory = directory.path + "/journal";
    options.segment_bytes = segment_bytes;
    return options;
}

inline std::unique_ptr<SegmentJournal> must_open(const SegmentOptions& options) {
    auto opened = open_segment_journal(options);
    INFO((opened ? "" : opened.error().message));
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

inline std::vector<std::string> files_of(const SegmentOptions& options, std::string_view prefix) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(options.directory))
        if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

inline std::string content(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline void overwrite(const std::string& file, std::size_t offset, std::string_view bytes) {
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::size_t place_of(const std::string& file, std::uint64_t sequence) {
    const std::size_t at = content(file).find(record_of(sequence));
    REQUIRE(at != std::string::npos);
    return at;
}

}  // namespace incidentd::test_kit
