// `schedule`: windows that come again, by the calendar of a time zone.
#include "rules/compiler.hpp"
#include "rules/zone.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace incidentd {
namespace {

constexpr std::string_view weekdays[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr std::string_view months[] = {"january", "february", "march",     "april",   "may",      "june",
                                       "july",    "august",   "september", "october", "november", "december"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::optional<int> number_of(std::string_view text) {
    int number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
    return number;
}

// The index of a name, whole or as its first three letters.
std::optional<int> index_of(std::string_view word, std::span<const std::string_view> names) {
    const std::string wanted = lower(word);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (wanted == names[i] || wanted == names[i].substr(0, 3)) return static_cast<int>(i);
    }
    return std::nullopt;
}

struct RangeKind {
    std::string_view key;
    std::string_view what;  // for messages
    std::span<const std::string_view> names;
    int least, most;  // of numbers; both zero: none
    bool from_end;    // negative ones count from the end
};

constexpr RangeKind weekday_kind{
    "weekdays", "a weekday such as mon, or a range such as 'monday:friday'", weekdays, 0, 0, false};
constexpr RangeKind day_kind{
    "days_of_month", "a day from 1 to 31 or from -1 to -31, or a range such as '1:7'", {}, 1, 31, true};
constexpr RangeKind month_kind{"months", "a month such as dec or 12, or a range such as 'may:august'", months, 1, 12,
                               false};
constexpr RangeKind year_kind{"years", "a year such as 2027, or a range such as '2026:2028'", {}, 1971, 2200, false};

std::optional<int> bound_of(const RangeKind& kind, std::string_view word) {
    if (const auto index = index_of(word, kind.names); index.has_value()) return *index + kind.least;
    const std::optional<int> number = number_of(word);
    if (!number.has_value() || kind.most == 0) return std::nullopt;
    const int size = kind.from_end && *number < 0 ? -*number : *number;
    if (size < kind.least || size > kind.most) return std::nullopt;
    return number;
}

std::string range_hint(const RangeKind& kind, std::string_view text) {
    std::vector<std::string> known;
    for (const std::string_view name : kind.names) known.emplace_back(name);
    return hint_of(text, known);
}

// Inclusive ranges; of weekdays and months the end may come before the begin (friday:monday).
std::vector<std::pair<int, int>> read_ranges(FieldReader& reader, const RangeKind& kind) {
    std::vector<std::pair<int, int>> ranges;
    for (const SettingsNode* item : reader.scalars(kind.key)) {
        const std::string_view text = item->scalar;
        const std::size_t colon = text.find(':');
        const std::optional<int> first = bound_of(kind, text.substr(0, colon));
        const std::optional<int> last =
            colon == std::string_view::npos ? first : bound_of(kind, text.substr(colon + 1));
        if (!first.has_value() || !last.has_value()) {
            const std::string_view wrong = first.has_value() ? text.substr(colon + 1) : text.substr(0, colon);
            const std::size_t offset = first.has_value() ? colon + 1 : 0;
            reader.problems().add(reader.problems().inside(*item, offset), item->path,
                                  "must be " + std::string(kind.what) + ", found " + shown(text),
                                  range_hint(kind, wrong));
            continue;
        }
        const bool mixes_ends = *first < 0 && *last > 0;
        const bool is_backward = (*first < 0) == (*last < 0) && *first > *last;
        if (mixes_ends || (is_backward && kind.names.empty())) {
            reader.problems().add(item->where, item->path, shown(text) + " ends before it begins");
            continue;
        }
        ranges.emplace_back(*first, *last);
    }
    return ranges;
}

// Bits from ranges that may wrap; `whole` when there are none.
std::uint16_t bits_of(const std::vector<std::pair<int, int>>& ranges, int least, int count, std::uint16_t whole) {
    if (ranges.empty()) return whole;
    std::uint16_t bits = 0;
    for (const auto& [first, last] : ranges) {
        for (int at = first - least;; at = (at + 1) % count) {
            bits = static_cast<std::uint16_t>(bits | (1U << at));
            if (at == last - least) break;
        }
    }
    return bits;
}

std::int32_t read_time_of_day(FieldReader& reader) {
    if (!reader.has("at")) return 0;
    const std::string text = reader.text("at");
    const std::size_t colon = text.find(':');
    const std::optional<int> hour = number_of(std::string_view(text).substr(0, colon));
    const std::optional<int> minute =
        colon == std::string::npos ? std::nullopt : number_of(std::string_view(text).substr(colon + 1));
    const bool is_good = hour.has_value() && minute.has_value() && *hour >= 0 && *hour < 24 && *minute >= 0 &&
                         *minute < 60 && text.size() == 5 && text[0] != '-';
    if (is_good) return *hour * 60 + *minute;
    if (!text.empty()) reader.problem("at", "must be a time of day from '00:00' to '23:59', found " + shown(text));
    return 0;
}

std::string given_zone(const Compilation& compilation, const std::string& name, std::string& problem,
                       std::shared_ptr<const ZoneTable>& table) {
    for (const auto& [known, text] : compilation.bundle.zones) {
        if (known != name) continue;
        table = parse_zone_text(name, text);
        if (table == nullptr) problem = "stands in the bundle with offsets that cannot be read";
        return text;
    }
    if (compilation.sources == nullptr || !compilation.sources->zone) {
        problem = "the time zone " + shown(name) + " is not known here";
        return "";
    }
    const Result<std::string> bytes = compilation.sources->zone(name);
    if (bytes.has_error()) {
        problem = bytes.error().message;
        return "";
    }
    Result<ZoneTable> read = parse_tzif(name, *bytes);
    if (read.has_error()) {
        problem = "the time zone " + shown(name) + " " + read.error().message;
        return "";
    }
    table = std::make_shared<const ZoneTable>(std::move(*read));
    return zone_text(*table);
}

std::shared_ptr<const ZoneTable> zone_of(Compilation& compilation, FieldReader& reader) {
    const std::string name = reader.has("zone") ? reader.text("zone") : "";
    if (name.empty() || name == "UTC") return nullptr;
    if (const auto known = compilation.zones.find(name); known != compilation.zones.end()) return known->second.table;
    std::string problem;
    std::shared_ptr<const ZoneTable> table;
    std::string text = given_zone(compilation, name, problem, table);
    if (!problem.empty()) {
        const bool may_hint = compilation.sources != nullptr && compilation.sources->zone_names;
        reader.problem("zone", problem, may_hint ? hint_of(name, compilation.sources->zone_names()) : "");
        return nullptr;
    }
    compilation.zones[name] = {table, std::move(text)};
    return table;
}

}  // namespace

Recurrence compile_recurrence(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("silences")->shape->find("schedule")->shape;
    FieldReader reader(node, shape, compilation.problems);
    Recurrence out;
    out.weekdays = static_cast<std::uint8_t>(bits_of(read_ranges(reader, weekday_kind), 0, 7, 0x7F));
    out.days_of_month = read_ranges(reader, day_kind);
    out.months = bits_of(read_ranges(reader, month_kind), 1, 12, 0x0FFF);
    out.years = read_ranges(reader, year_kind);
    out.start_minute = read_time_of_day(reader);
    reader.read("for", out.length);
    out.zone = zone_of(compilation, reader);
    return out;
}

}  // namespace incidentd
