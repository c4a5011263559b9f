// Time as values. The engine is handed every instant it sees; there is deliberately no now() here.
#pragma once

#include "correlator/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace incidentd {

// A span of time in milliseconds; may be negative.
struct Duration {
    std::int64_t ms = 0;
    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
    friend constexpr Duration operator-(Duration a, Duration b) { return {a.ms - b.ms}; }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.ms * n}; }
};

constexpr Duration milliseconds(std::int64_t n) { return {n}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1000}; }
constexpr Duration minutes(std::int64_t n) { return {n * 60'000}; }
constexpr Duration hours(std::int64_t n) { return {n * 3'600'000}; }

// Milliseconds since 1970-01-01T00:00:00Z. Zero means "absent": no monitoring system reports that instant.
struct Instant {
    std::int64_t ms = 0;
    constexpr bool is_set() const { return ms != 0; }
    friend constexpr auto operator<=>(Instant, Instant) = default;
    friend constexpr Instant operator+(Instant a, Duration d) { return {a.ms + d.ms}; }
    friend constexpr Instant operator-(Instant a, Duration d) { return {a.ms - d.ms}; }
    friend constexpr Duration operator-(Instant a, Instant b) { return {a.ms - b.ms}; }
};

// "2026-02-03T04:05:06.789Z" (RFC 3339, always three decimals, always Z). An absent instant is year 1, as Go's zero
// time.
std::string to_rfc3339(Instant at);

// RFC 3339 with 0-9 decimals and "Z", "+hh:mm" or "+hhmm". Years before 1970 (Go's zero time 0001-01-01) give an absent
// instant. Errors: ErrorCode::invalid with what was expected.
Result<Instant> parse_rfc3339(std::string_view text);

// "90s", "5m", "2h", "1d", "1w", "250ms" and sums such as "1h30m"; "0" alone is allowed. Errors: ErrorCode::invalid.
Result<Duration> parse_duration(std::string_view text);

// The shortest spelling parse_duration reads back to the same value: "1h30m", "250ms", "0s".
std::string to_string(Duration d);

}  // namespace incidentd
