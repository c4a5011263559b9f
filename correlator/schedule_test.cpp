// A window that holds an hour too long hides an outage; one that ends an hour early pages people for planned work.
#include "correlator/schedule.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

Instant at(const char* text) { return parse_rfc3339(text).value(); }

// Europe/Berlin in 2026: 29 March 01:00 UTC forward (02:00 -> 03:00), 25 October 01:00 UTC back (03:00 -> 02:00).
std::shared_ptr<const ZoneTable> berlin() {
    ZoneTable zone;
    zone.name = "Europe/Berlin";
    zone.first_offset_seconds = 3600;
    zone.changes = {{at("2026-03-29T01:00:00Z"), 7200}, {at("2026-10-25T01:00:00Z"), 3600}};
    return std::make_shared<const ZoneTable>(std::move(zone));
}

Recurrence daily(int hour, int minute, Duration length) {
    Recurrence rule;
    rule.start_minute = hour * 60 + minute;
    rule.length = length;
    rule.zone = berlin();
    return rule;
}

Schedule only(Recurrence rule) {
    Schedule schedule;
    schedule.recurrences.push_back(std::move(rule));
    return schedule;
}

// The next window after `from`, as text.
std::string window_after(const Schedule& schedule, const char* from) {
    std::optional<Instant> begin = schedule.next_change(at(from));
    while (begin && !schedule.holds(*begin)) begin = schedule.next_change(*begin);
    if (!begin) return "never";
    std::optional<Instant> end = schedule.next_change(*begin);
    while (end && schedule.holds(*end)) end = schedule.next_change(*end);
    return to_rfc3339(*begin).substr(0, 16) + " - " + (end ? to_rfc3339(*end).substr(0, 16) : "for ever");
}

}  // namespace

TEST_CASE("weekdays and days are known far from 1970") {
    Recurrence sundays;
    sundays.weekdays = 1;
    sundays.length = hours(1);
    CHECK(window_after(only(sundays), "2026-11-24T00:00:00Z") == "2026-11-29T00:00 - 2026-11-29T01:00");
}

TEST_CASE("a fixed time holds from its first to before its last instant") {
    Schedule fixed;
    fixed.from = at("2026-12-01T20:00:00Z");
    fixed.to = at("2026-12-02T04:00:00Z");
    CHECK_FALSE(fixed.holds(fixed.from - milliseconds(1)));
    CHECK(fixed.holds(fixed.from));
    CHECK(fixed.holds(fixed.to - milliseconds(1)));
    CHECK_FALSE(fixed.holds(fixed.to));
    CHECK(fixed.next_change(at("2026-11-01T00:00:00Z")) == fixed.from);
    CHECK(fixed.next_change(fixed.from) == fixed.to);
    CHECK(fixed.next_change(fixed.to) == std::nullopt);
    CHECK(Schedule{}.holds(fixed.from));
    CHECK(Schedule{}.next_change(fixed.from) == std::nullopt);
}

TEST_CASE("local times follow the zone through the year") {
    const Schedule nightly = only(daily(22, 0, hours(2)));
    CHECK(window_after(nightly, "2026-01-10T00:00:00Z") == "2026-01-10T21:00 - 2026-01-10T23:00");
    CHECK(window_after(nightly, "2026-07-10T00:00:00Z") == "2026-07-10T20:00 - 2026-07-10T22:00");
}

TEST_CASE("a window over midnight belongs to the day it begins on") {
    Recurrence friday = daily(23, 0, hours(3));
    friday.weekdays = 1U << 5U;
    CHECK(window_after(only(friday), "2026-01-10T12:00:00Z") == "2026-01-16T22:00 - 2026-01-17T01:00");
    CHECK(only(friday).holds(at("2026-01-17T00:30:00Z")));
    CHECK_FALSE(only(friday).holds(at("2026-01-16T00:30:00Z")));
}

TEST_CASE("a local time that does not exist is the moment the clocks go forward") {
    CHECK(window_after(only(daily(2, 30, hours(2))), "2026-03-28T12:00:00Z") == "2026-03-29T01:00 - 2026-03-29T03:00");
    CHECK(window_after(only(daily(2, 0, minutes(30))), "2026-03-28T12:00:00Z") ==
          "2026-03-29T01:00 - 2026-03-29T01:30");
}

TEST_CASE("a local time that comes twice is the first of both, and hours are elapsed time") {
    CHECK(window_after(only(daily(2, 30, hours(2))), "2026-10-24T12:00:00Z") == "2026-10-25T00:30 - 2026-10-25T02:30");
    CHECK(window_after(only(daily(1, 0, hours(2))), "2026-10-24T12:00:00Z") == "2026-10-24T23:00 - 2026-10-25T01:00");
    CHECK(window_after(only(daily(1, 0, hours(2))), "2026-03-28T12:00:00Z") == "2026-03-29T00:00 - 2026-03-29T02:00");
}

TEST_CASE("whole days are days of the calendar: 23 hours in spring, 25 in autumn, without gaps between them") {
    Recurrence sunday = daily(0, 0, hours(24));
    sunday.weekdays = 1;
    CHECK(window_after(only(sunday), "2026-03-28T12:00:00Z") == "2026-03-28T23:00 - 2026-03-29T22:00");
    CHECK(window_after(only(sunday), "2026-10-24T12:00:00Z") == "2026-10-24T22:00 - 2026-10-25T23:00");
    const Schedule always = only(daily(0, 0, hours(24)));
    for (Instant t = at("2026-10-23T00:00:00Z"); t < at("2026-10-28T00:00:00Z"); t = t + minutes(30))
        CHECK(always.holds(t));
}

TEST_CASE("days of the month count from either end") {
    Recurrence last;
    last.days_of_month = {{-1, -1}};
    last.length = hours(1);
    CHECK(window_after(only(last), "2026-02-01T00:00:00Z") == "2026-02-28T00:00 - 2026-02-28T01:00");
    CHECK(window_after(only(last), "2028-02-01T00:00:00Z") == "2028-02-29T00:00 - 2028-02-29T01:00");
    last.days_of_month = {{-3, -2}};
    CHECK(window_after(only(last), "2026-04-01T00:00:00Z") == "2026-04-28T00:00 - 2026-04-28T01:00");
    last.days_of_month = {{31, 31}};
    CHECK(window_after(only(last), "2026-04-01T00:00:00Z") == "2026-05-31T00:00 - 2026-05-31T01:00");
    last.days_of_month = {{1, 2}, {-1, -1}};
    CHECK(window_after(only(last), "2026-04-02T12:00:00Z") == "2026-04-30T00:00 - 2026-04-30T01:00");
}

TEST_CASE("months, years and bounds leave only what all of them allow") {
    Recurrence new_year;
    new_year.months = 1;
    new_year.days_of_month = {{1, 1}};
    new_year.length = hours(24);
    CHECK(window_after(only(new_year), "2026-01-02T00:00:00Z") == "2027-01-01T00:00 - 2027-01-02T00:00");
    new_year.years = {{2030, 2031}};
    CHECK(window_after(only(new_year), "2026-01-02T00:00:00Z") == "2030-01-01T00:00 - 2030-01-02T00:00");
    CHECK(window_after(only(new_year), "2031-01-03T00:00:00Z") == "never");
    Schedule bounded = only(new_year);
    bounded.to = at("2030-01-01T06:00:00Z");
    CHECK(window_after(bounded, "2026-01-02T00:00:00Z") == "2030-01-01T00:00 - 2030-01-01T06:00");
    CHECK(bounded.next_change(bounded.to) == std::nullopt);
}

TEST_CASE("a week-long window is seen on each of its days") {
    Recurrence rule = daily(12, 0, hours(24 * 7));
    rule.days_of_month = {{20, 20}};
    rule.months = 1U << 9U;
    CHECK(window_after(only(rule), "2026-10-01T00:00:00Z") == "2026-10-20T10:00 - 2026-10-27T11:00");
    for (int day = 0; day < 7; ++day) CHECK(only(rule).holds(at("2026-10-20T10:00:00Z") + hours(24 * day)));
}

TEST_CASE("next_change never skips a change: stepping by it agrees with looking at every half hour") {
    Schedule both = only(daily(2, 30, hours(5)));
    Recurrence weekend = daily(20, 0, hours(60));
    weekend.weekdays = 1U << 5U;
    both.recurrences.push_back(weekend);
    for (const char* from : {"2026-03-20T00:00:00Z", "2026-10-15T00:00:00Z"}) {
        Instant change = at(from);
        bool holds = both.holds(change);
        for (Instant t = at(from); t < at(from) + hours(24 * 20); t = t + minutes(30)) {
            while (change <= t) {
                holds = both.holds(change);
                change = both.next_change(change).value();
            }
            CHECK(holds == both.holds(t));
        }
    }
}

TEST_CASE("the window around an instant, or the next one, is named with its beginning and end") {
    const auto span = [](const Schedule& schedule, const char* when) -> std::string {
        const std::optional<Schedule::Span> found = schedule.span_at(at(when));
        if (!found) return "never";
        const auto text = [](Instant t) { return t.is_set() ? to_rfc3339(t).substr(0, 16) : std::string("-"); };
        return text(found->begin) + " - " + text(found->end);
    };
    const Schedule nights = only(daily(22, 0, hours(8)));  // 21:00 to 05:00 UTC in winter
    CHECK(span(nights, "2026-01-05T20:59:59Z") == "2026-01-05T21:00 - 2026-01-06T05:00");
    CHECK(span(nights, "2026-01-05T21:00:00Z") == "2026-01-05T21:00 - 2026-01-06T05:00");
    CHECK(span(nights, "2026-01-06T04:59:59Z") == "2026-01-05T21:00 - 2026-01-06T05:00");
    CHECK(span(nights, "2026-01-06T05:00:00Z") == "2026-01-06T21:00 - 2026-01-07T05:00");
    Schedule two = nights;
    two.recurrences.push_back(daily(6, 0, hours(2)));  // meets the first
    CHECK(span(two, "2026-01-06T06:30:00Z") == "2026-01-05T21:00 - 2026-01-06T07:00");
    CHECK(span(only(daily(0, 0, hours(24))), "2026-01-06T06:30:00Z") == "- - -");
    Recurrence years = daily(9, 0, hours(1));
    years.years = {{2025, 2025}};
    CHECK(span(only(years), "2026-01-01T00:00:00Z") == "never");
    Schedule fixed;
    fixed.from = at("2026-12-01T20:00:00Z");
    fixed.to = at("2026-12-02T04:00:00Z");
    CHECK(span(fixed, "2026-01-01T00:00:00Z") == "2026-12-01T20:00 - 2026-12-02T04:00");
    CHECK(span(fixed, "2026-12-02T03:00:00Z") == "2026-12-01T20:00 - 2026-12-02T04:00");
    CHECK(span(fixed, "2026-12-02T04:00:00Z") == "never");
    Schedule bounded = nights;
    bounded.from = at("2026-01-05T23:00:00Z");
    CHECK(span(bounded, "2026-01-06T00:00:00Z") == "2026-01-05T23:00 - 2026-01-06T05:00");
}
