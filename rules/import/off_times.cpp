// A part of an interval is a box: a set of weekdays, one of days, of months, of years and of minutes. What lies outside
// of a box are boxes again, one for each set that is not whole; outside of several boxes lies what is outside of each.
#include "rules/import/off_times.hpp"

#include "rules/import/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <optional>
#include <string_view>
#include <tuple>

namespace incidentd::importing {
namespace {

constexpr int first_year = 1970, last_year = 2199;
constexpr std::size_t boxes_most = 64;

constexpr std::array<std::string_view, 7> weekday_names{"sunday",   "monday", "tuesday", "wednesday",
                                                        "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> month_names{"january",   "february", "march",    "april",
                                                       "may",       "june",     "july",     "august",
                                                       "september", "october",  "november", "december"};

struct Box {
    std::bitset<7> weekdays = std::bitset<7>().set();
    std::bitset<31> days = std::bitset<31>().set();
    std::bitset<12> months = std::bitset<12>().set();
    std::bitset<last_year - first_year + 1> years = std::bitset<last_year - first_year + 1>().set();
    std::bitset<24 * 60> minutes = std::bitset<24 * 60>().set();

    auto sets() { return std::tie(weekdays, days, months, years, minutes); }
    auto sets() const { return std::tie(weekdays, days, months, years, minutes); }
    bool is_empty() const {
        return std::apply([](const auto&... set) { return (set.none() || ...); }, sets());
    }
};

std::optional<int> number_of(std::string_view text) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

template <std::size_t N>
std::optional<int> place_of(const std::array<std::string_view, N>& names, std::string_view text) {
    std::string low(text);
    for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto found = std::find(names.begin(), names.end(), low);
    return found == names.end() ? std::nullopt : std::optional(static_cast<int>(found - names.begin()));
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// "a:b" or "a"; `value` gives the place in the set. False: it is no such range. Those of weekdays and months may run
// over the end here, as they may in the schedules that are made of them.
template <class Set, class Value>
bool read_ranges(const std::vector<std::string>& ranges, Set& set, Value value, bool runs_over = false) {
    if (ranges.empty()) return true;
    set.reset();
    for (const std::string& range : ranges) {
        const std::size_t colon = range.find(':');
        const std::optional<int> from = value(trimmed(std::string_view(range).substr(0, colon)));
        const std::optional<int> to =
            colon == std::string::npos ? from : value(trimmed(std::string_view(range).substr(colon + 1)));
        const int size = static_cast<int>(set.size());
        if (!from || !to || *from < 0 || *to < 0 || *from >= size || *to >= size) return false;
        if (*to < *from && !runs_over) return false;
        for (int i = *from; i <= *to + (*to < *from ? size : 0); ++i) set.set(static_cast<std::size_t>(i % size));
    }
    return true;
}

std::optional<Box> box_of(const TimePart& part, std::string& why_not) {
    Box box;
    const auto from = [](int first) {
        return [first](std::string_view text) -> std::optional<int> {
            const std::optional<int> value = number_of(text);
            return value ? std::optional(*value - first) : std::nullopt;
        };
    };
    const auto weekday = [](std::string_view text) { return place_of(weekday_names, text); };
    const auto month = [&from](std::string_view text) {
        const std::optional<int> named = place_of(month_names, text);
        return named ? named : from(1)(text);
    };
    const auto counts_from_the_end = [](const std::string& range) { return range.find('-') != std::string::npos; };
    if (std::any_of(part.days_of_month.begin(), part.days_of_month.end(), counts_from_the_end))
        why_not = "they count days from a month's end";
    else if (!read_ranges(part.weekdays, box.weekdays, weekday, true) ||
             !read_ranges(part.months, box.months, month, true) ||
             !read_ranges(part.days_of_month, box.days, from(1)) ||
             !read_ranges(part.years, box.years, from(first_year)))
        why_not = "they hold a range that is none, or a year before 1970 or past 2199";
    if (!why_not.empty()) return std::nullopt;
    if (!part.times.empty()) box.minutes.reset();
    for (const auto& [begin, end] : part.times)
        for (int i = begin; i < end; ++i) box.minutes.set(static_cast<std::size_t>(i));
    return box;
}

template <std::size_t I = 0>
void add_outside(const Box& box, std::vector<Box>& out) {
    if constexpr (I < std::tuple_size_v<decltype(box.sets())>) {
        if (!std::get<I>(box.sets()).all()) {
            Box rest;
            std::get<I>(rest.sets()) = ~std::get<I>(box.sets());
            out.push_back(rest);
        }
        add_outside<I + 1>(box, out);
    }
}

template <std::size_t I = 0>
void intersect(Box& box, const Box& other) {
    if constexpr (I < std::tuple_size_v<decltype(box.sets())>) {
        std::get<I>(box.sets()) &= std::get<I>(other.sets());
        intersect<I + 1>(box, other);
    }
}

std::vector<Box> common(const std::vector<Box>& all, const std::vector<Box>& others) {
    std::vector<Box> out;
    for (const Box& one : all)
        for (const Box& other : others) {
            Box both = one;
            intersect(both, other);
            if (!both.is_empty()) out.push_back(both);
        }
    return out;
}

// Calls `visit(first, last)` for each run of set bits.
template <class Set, class Visit>
void runs(const Set& set, Visit visit) {
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (!set.test(i)) continue;
        std::size_t last = i;
        while (last + 1 < set.size() && set.test(last + 1)) ++last;
        visit(i, last);
        i = last;
    }
}

template <class Set, class Name>
std::string key_text(const char* key, const Set& set, Name name) {
    if (set.all()) return {};
    std::vector<std::string> ranges;
    runs(set, [&](std::size_t first, std::size_t last) {
        ranges.push_back(first == last ? name(first) : name(first) + ":" + name(last));
    });
    return std::string(key) + ": " + quoted_list(ranges) + ", ";
}

void add_lines(const Box& box, const std::string& zone, std::vector<std::string>& lines) {
    const auto from = [](int first) {
        return [first](std::size_t at) { return std::to_string(static_cast<int>(at) + first); };
    };
    const std::string days =
        key_text("weekdays", box.weekdays, [](std::size_t at) { return std::string(weekday_names[at]); }) +
        key_text("days_of_month", box.days, from(1)) + key_text("months", box.months, from(1)) +
        key_text("years", box.years, from(first_year));
    runs(box.minutes, [&](std::size_t first, std::size_t last) {
        lines.push_back(schedule_line(days, static_cast<int>(first), static_cast<int>(last) + 1, zone));
    });
}

}  // namespace

OffTimes outside_of(const std::vector<const NamedInterval*>& intervals) {
    OffTimes out;
    std::vector<Box> off{Box{}};
    std::optional<std::string> zone;
    for (const NamedInterval* interval : intervals)
        for (const TimePart& part : interval->parts) {
            if (zone.value_or(part.zone) != part.zone) out.why_not = "they are of several time zones";
            zone = part.zone;
            const std::optional<Box> box = box_of(part, out.why_not);
            if (!box || !out.why_not.empty()) return out;
            std::vector<Box> outside;
            add_outside(*box, outside);
            off = common(off, outside);
            if (off.size() > boxes_most) {
                out.why_not = "what lies outside of them is too manifold";
                return out;
            }
        }
    for (const Box& box : off) add_lines(box, zone.value_or(""), out.schedules);
    return out;
}

}  // namespace incidentd::importing
