// A time read an hour or a century off expires alerts at once or never.
#include "correlator/time.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace incidentd;

namespace {

std::string read(std::string_view text) {
    const Result<Instant> at = parse_rfc3339(text);
    return at.has_error() ? "error" : std::to_string(at->ms);
}

std::string span(std::string_view text) {
    const Result<Duration> d = parse_duration(text);
    return d.has_error() ? "error" : std::to_string(d->ms);
}

}  // namespace

TEST_CASE("RFC 3339 times are read in every spelling that senders use") {
    struct Row {
        const char* text;
        const char* expected;
    };
    static const Row rows[] = {
        {"2026-02-03T04:05:06Z", "1770091506000"},
        {"2026-02-03t04:05:06z", "1770091506000"},
        {"2026-02-03 04:05:06Z", "1770091506000"},
        {"2026-02-03T04:05:06.7Z", "1770091506700"},
        {"2026-02-03T04:05:06.789Z", "1770091506789"},
        {"2026-02-03T04:05:06.789999999Z", "1770091506789"},
        {"2026-02-03T04:05:06.0004Z", "1770091506000"},
        {"2026-02-03T05:35:06+01:30", "1770091506000"},
        {"2026-02-03T05:35:06+0130", "1770091506000"},
        {"2026-02-02T23:05:06-05:00", "1770091506000"},
        {"2024-02-29T00:00:00Z", "1709164800000"},
        {"2000-02-29T00:00:00Z", "951782400000"},
        {"2016-12-31T23:59:60Z", "1483228800000"},
        {"9999-12-31T23:59:59.999Z", "253402300799999"},
        {"1970-01-01T00:00:00.001Z", "1"},
        {"1970-01-01T00:00:00Z", "0"},
        {"1970-01-01T00:00:00+05:00", "0"},
        {"0001-01-01T00:00:00Z", "0"},
        {"", "error"},
        {"2026-02-03", "error"},
        {"2026-02-03T04:05:06", "error"},
        {"2026-02-03T04:05Z", "error"},
        {"2026-02-03T04:05:06.Z", "error"},
        {"2026-02-03T04:05:06.1234567890Z", "error"},
        {"2026-02-03T04:05:06Z ", "error"},
        {" 2026-02-03T04:05:06Z", "error"},
        {"2026-2-3T04:05:06Z", "error"},
        {"2026-02-30T04:05:06Z", "error"},
        {"2025-02-29T00:00:00Z", "error"},
        {"1900-02-29T00:00:00Z", "error"},
        {"2026-13-01T00:00:00Z", "error"},
        {"2026-00-01T00:00:00Z", "error"},
        {"2026-01-00T00:00:00Z", "error"},
        {"2026-01-01T24:00:00Z", "error"},
        {"2026-01-01T00:60:00Z", "error"},
        {"2026-01-01T00:00:61Z", "error"},
        {"2026-01-01T00:00:00+24:00", "error"},
        {"2026-01-01T00:00:00+00:60", "error"},
        {"2026-01-01T00:00:00+1", "error"},
        {"-026-01-01T00:00:00Z", "error"},
        {"2026-01-01T00:00:00+01:00Z", "error"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(read(row.text) == row.expected);
    }
}

TEST_CASE("times are written so that they read back to the same millisecond") {
    CHECK(to_rfc3339(Instant{1'770'091'506'789}) == "2026-02-03T04:05:06.789Z");
    CHECK(to_rfc3339(Instant{}) == "0001-01-01T00:00:00.000Z");
    CHECK(to_rfc3339(Instant{-1}) == "1969-12-31T23:59:59.999Z");
    for (std::int64_t ms = 1; ms < 253'402'300'799'999; ms = ms * 3 + 1'234'567)
        CHECK(read(to_rfc3339(Instant{ms})) == std::to_string(ms));
    for (const std::int64_t ms : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
        CHECK(to_rfc3339(Instant{ms}).back() == 'Z');
}

TEST_CASE("durations are read in sums of units") {
    struct Row {
        const char* text;
        const char* expected;
    };
    static const Row rows[] = {{"0", "0"},
                               {"0s", "0"},
                               {"90s", "90000"},
                               {"5m", "300000"},
                               {"2h", "7200000"},
                               {"1d", "86400000"},
                               {"1w", "604800000"},
                               {"250ms", "250"},
                               {"1h30m", "5400000"},
                               {"1m1ms", "60001"},
                               {"", "error"},
                               {"5", "error"},
                               {"-5m", "error"},
                               {"5 m", "error"},
                               {"1.5h", "error"},
                               {"m", "error"},
                               {"5min", "error"},
                               {"5M", "error"},
                               {"5m ", "error"},
                               {"1h30", "error"},
                               {"00", "error"},
                               {"9999999999999w", "error"},
                               {"99999999999w", "error"},
                               {"99999999999999999999999ms", "error"}};
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(span(row.text) == row.expected);
    }
}

TEST_CASE("durations are written in the shortest spelling that reads back") {
    CHECK(to_string(Duration{0}) == "0s");
    CHECK(to_string(seconds(90)) == "1m30s");
    CHECK(to_string(milliseconds(250)) == "250ms");
    CHECK(to_string(hours(24 * 8)) == "1w1d");
    CHECK(to_string(seconds(-90)) == "-1m30s");
    CHECK(to_string(Duration{std::numeric_limits<std::int64_t>::min()}).front() == '-');
    for (std::int64_t ms = 1; ms < 100'000'000'000'000'000; ms = ms * 7 + 3)
        CHECK(span(to_string(Duration{ms})) == std::to_string(ms));
}
