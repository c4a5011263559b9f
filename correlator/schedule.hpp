// When something holds: between two instants, or again and again by the calendar of a time zone. Pure: the zone's
// changes of offset are data that came with the rules, so that replay knows the same calendar whatever the machine's
// is.
#pragma once

#include "correlator/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

// A time zone as the instants at which its offset from UTC changes.
struct ZoneTable {
    struct Change {
        Instant at;
        std::int32_t offset_seconds = 0;  // east of Greenwich is positive; holds from `at`
    };
    std::string name;                       // "Europe/Berlin"
    std::int32_t first_offset_seconds = 0;  // before the first change
    std::vector<Change> changes;            // ascending
    std::int32_t offset_seconds(Instant at) const;
};

// Windows of equal length that begin on certain days at a local time of day. A local time that the clocks skip is the
// moment they do; one that comes twice is the first of both. Whole days of the length are days of the calendar, so that
// windows of a day follow one another without a gap in the nights the clocks change; the rest of it is elapsed time.
struct Recurrence {
    std::uint8_t weekdays = 0x7F;  // bit 0: Sunday, as in Alertmanager's time intervals
    // Inclusive; negative days count from the month's end (-1: its last day). Empty: every day.
    std::vector<std::pair<int, int>> days_of_month;
    std::uint16_t months = 0x0FFF;           // bit 0: January
    std::vector<std::pair<int, int>> years;  // inclusive; empty: every year
    std::int32_t start_minute = 0;           // of the local day, 0..1439
    Duration length{0};                      // at most 7 days; a window may end on a later day
    std::shared_ptr<const ZoneTable> zone;   // shared: one table for all rules of a zone; null: UTC
};

struct Schedule {
    Instant from, to;                     // absent: no such bound; `to` is excluded
    std::vector<Recurrence> recurrences;  // empty: the bounds alone; else inside the bounds and one of these

    bool holds(Instant at) const;
    // The first instant after `at` at which holds() may be different; nullopt: never again (or beyond ten years).
    std::optional<Instant> next_change(Instant at) const;

    // The time around `at` in which it holds, or else the next one; nullopt: there is none any more. `begin` is absent
    // when it held for more than a week by then, `end` when none is in sight.
    struct Span {
        Instant begin, end;
        friend bool operator==(const Span&, const Span&) = default;
    };
    std::optional<Span> span_at(Instant at) const;

private:
    std::optional<Instant> border(Instant after,
                                  bool begins) const;  // the next one at which it begins to hold, or ends
    Instant began(Instant at) const;
};

}  // namespace incidentd
