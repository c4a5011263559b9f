#include "correlator/schedule.hpp"

#include "correlator/calendar.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t days_per_window_most = 8;      // 7 days of length, and one for the zone
constexpr std::int64_t days_ahead_most = 3653;        // ten years
constexpr std::int64_t offset_seconds_most = 86'400;  // zones stay within a day of UTC
constexpr Duration look_back = hours(8 * 24);         // for the beginning of a window: longer than one can be
constexpr int borders_most = 400;                     // looked at for the next beginning or end of all windows together

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

bool in_ranges(const std::vector<std::pair<int, int>>& ranges, std::int64_t value) {
    return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [value](const auto& range) {
               return range.first <= value && value <= range.second;
           });
}

bool on_day_of_month(const Recurrence& rule, const CivilDate& date) {
    if (rule.days_of_month.empty()) return true;
    const int length = static_cast<int>(days_in_month(date.year, date.month));
    const int day = static_cast<int>(date.day);
    const auto from_start = [length](int asked) { return asked < 0 ? length + 1 + asked : asked; };
    return std::any_of(rule.days_of_month.begin(), rule.days_of_month.end(), [&](const auto& range) {
        return from_start(range.first) <= day && day <= from_start(range.second);
    });
}

bool begins_on(const Recurrence& rule, std::int64_t day) {
    if ((rule.weekdays >> weekday_of(day) & 1U) == 0) return false;
    const CivilDate date = civil_from_days(day);
    return (rule.months >> (date.month - 1) & 1U) != 0 && in_ranges(rule.years, date.year) &&
           on_day_of_month(rule, date);
}

// The first instant at which the zone's clocks show `local` (seconds since 1970 on those clocks) or later.
std::int64_t first_instant(const ZoneTable* zone, std::int64_t local) {
    if (zone == nullptr) return local;
    const std::vector<ZoneTable::Change>& changes = zone->changes;
    const Instant early{(local - 2 * offset_seconds_most) * 1000};
    auto next = std::upper_bound(changes.begin(), changes.end(), early,
                                 [](Instant at, const ZoneTable::Change& change) { return at < change.at; });
    std::int64_t since = early.ms / 1000;
    std::int64_t offset = zone->offset_seconds(early);
    for (; next != changes.end(); ++next) {
        const std::int64_t at = std::max(since, local - offset);
        if (at < next->at.ms / 1000) return at;
        since = next->at.ms / 1000;
        offset = next->offset_seconds;
    }
    return std::max(since, local - offset);
}

struct Window {
    Instant begin, end;  // `end` excluded
};

Window window_of(const Recurrence& rule, std::int64_t day) {
    const std::int64_t local = day * day_seconds + rule.start_minute * 60;
    const std::int64_t whole_days = rule.length.ms / (day_seconds * 1000);
    const Duration rest{rule.length.ms % (day_seconds * 1000)};
    const Instant begin{first_instant(rule.zone.get(), local) * 1000};
    const Instant end{first_instant(rule.zone.get(), local + whole_days * day_seconds) * 1000};
    return {begin, end + rest};
}

std::int64_t local_day(const Recurrence& rule, Instant at) {
    const std::int64_t offset = rule.zone == nullptr ? 0 : rule.zone->offset_seconds(at);
    return floor_div(floor_div(at.ms, 1000) + offset, day_seconds);
}

bool holds_now(const Recurrence& rule, Instant at) {
    const std::int64_t today = local_day(rule, at);
    for (std::int64_t day = today - days_per_window_most; day <= today + 1; ++day) {
        if (!begins_on(rule, day)) continue;
        const Window window = window_of(rule, day);
        if (window.begin <= at && at < window.end) return true;
    }
    return false;
}

std::optional<Instant> next_border(const Recurrence& rule, Instant at) {
    const std::int64_t today = local_day(rule, at);
    std::optional<Instant> next;
    const auto consider = [&](Instant border) {
        if (border > at && (!next || border < *next)) next = border;
    };
    for (std::int64_t day = today - days_per_window_most; day <= today + days_ahead_most; ++day) {
        // Windows begin in the order of their days: a later one cannot hold an earlier border.
        if (next && day > today + 1 && (day - 2) * day_seconds * 1000 - offset_seconds_most * 1000 > next->ms) break;
        if (!begins_on(rule, day)) continue;
        const Window window = window_of(rule, day);
        consider(window.begin);
        consider(window.end);
    }
    return next;
}

}  // namespace

std::int32_t ZoneTable::offset_seconds(Instant at) const {
    const auto after = std::upper_bound(changes.begin(), changes.end(), at,
                                        [](Instant when, const Change& change) { return when < change.at; });
    return after == changes.begin() ? first_offset_seconds : std::prev(after)->offset_seconds;
}

bool Schedule::holds(Instant at) const {
    if (from.is_set() && at < from) return false;
    if (to.is_set() && at >= to) return false;
    return recurrences.empty() || std::any_of(recurrences.begin(), recurrences.end(),
                                              [at](const Recurrence& one) { return holds_now(one, at); });
}

std::optional<Instant> Schedule::next_change(Instant at) const {
    if (to.is_set() && at >= to) return std::nullopt;
    if (from.is_set() && at < from) return from;
    std::optional<Instant> next;
    if (to.is_set()) next = to;
    for (const Recurrence& one : recurrences) {
        const std::optional<Instant> border = next_border(one, at);
        if (border && (!next || *border < *next)) next = border;
    }
    return next;
}

// Windows that meet are one: what is the end of one of them may be no border.
std::optional<Instant> Schedule::border(Instant after, bool begins) const {
    std::optional<Instant> at = next_change(after);
    for (int steps = 1; at && holds(*at) != begins; ++steps)
        at = steps < borders_most ? next_change(*at) : std::nullopt;
    return at;
}

// From window to window up to the one that holds at `at`.
Instant Schedule::began(Instant at) const {
    Instant begin, looked = at - look_back;
    for (;;) {
        if (!holds(looked)) {
            const std::optional<Instant> next = border(looked, true);
            if (!next) return begin;
            begin = looked = *next;
        }
        const std::optional<Instant> end = border(looked, false);
        if (!end || *end > at) return begin;
        looked = *end;
    }
}

std::optional<Schedule::Span> Schedule::span_at(Instant at) const {
    Span span;
    if (holds(at)) {
        span.begin = recurrences.empty() ? from : began(at);
    } else {
        const std::optional<Instant> begin = border(at, true);
        if (!begin) return std::nullopt;
        span.begin = *begin;
    }
    span.end = border(std::max(at, span.begin), false).value_or(Instant{});
    return span;
}

}  // namespace incidentd
