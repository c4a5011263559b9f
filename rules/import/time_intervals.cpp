#include "rules/import/time_intervals.hpp"

#include "rules/import/route_tree.hpp"
#include "rules/import/yaml_text.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace incidentd::importing {
namespace {

constexpr int day_minutes = 24 * 60;

std::optional<int> minute_of(const std::string& text) {
    int hour = -1, minute = -1;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, hour);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, minute);
    if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
    if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > day_minutes) return std::nullopt;
    return hour * 60 + minute;
}

std::string clock_text(int minute) {
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two(minute / 60) + ":" + two(minute % 60);
}

class IntervalReader {
public:
    explicit IntervalReader(std::vector<ImportNote>& notes) : notes_(notes) {}

    void read(const SettingsNode& node, std::vector<TimePart>& out) {
        TimePart part;
        part.weekdays = texts_of(node.find("weekdays"));
        part.days_of_month = texts_of(node.find("days_of_month"));
        part.months = texts_of(node.find("months"));
        part.years = texts_of(node.find("years"));
        if (const SettingsNode* location = node.find("location"); location != nullptr) part.zone = zone_of(*location);
        const SettingsNode* times = node.find("times");
        const bool is_whole_day = times == nullptr || times->items.empty();
        for (std::size_t i = 0; !is_whole_day && i < times->items.size(); ++i) window(times->items[i], part);
        if (is_whole_day || !part.times.empty()) out.push_back(std::move(part));
    }

private:
    std::string zone_of(const SettingsNode& location) {
        if (location.scalar == "UTC") return {};
        if (location.scalar != "Local") return location.scalar;
        notes_.push_back(
            {location.where, "`location: Local` is the zone of one machine: UTC stands in its place, name the zone"});
        return {};
    }

    void window(const SettingsNode& time, TimePart& part) {
        const SettingsNode* start = time.find("start_time");
        const SettingsNode* end = time.find("end_time");
        const std::optional<int> from = start == nullptr ? std::nullopt : minute_of(start->scalar);
        const std::optional<int> to = end == nullptr ? std::nullopt : minute_of(end->scalar);
        if (from && to && *from < *to)
            part.times.emplace_back(*from, *to);
        else
            notes_.push_back({time.where, "a time that does not run from an earlier to a later HH:MM is left out"});
    }

    std::vector<ImportNote>& notes_;
};

std::string days_of(const TimePart& part) {
    std::string days;
    const std::pair<const char*, const std::vector<std::string>*> keys[] = {{"weekdays", &part.weekdays},
                                                                            {"days_of_month", &part.days_of_month},
                                                                            {"months", &part.months},
                                                                            {"years", &part.years}};
    for (const auto& [key, ranges] : keys)
        if (!ranges->empty()) days += std::string(key) + ": " + quoted_list(*ranges) + ", ";
    return days;
}

}  // namespace

std::string schedule_line(const std::string& days, int from, int to, const std::string& zone) {
    const int length = to - from;
    const std::string words = length % 60 == 0 ? std::to_string(length / 60) + "h" : std::to_string(length) + "m";
    return "{" + days + "at: '" + clock_text(from) + "', for: " + words +
           (zone.empty() ? "" : ", zone: " + quoted(zone)) + "}";
}

std::vector<std::string> schedule_lines(const NamedInterval& interval) {
    std::vector<std::string> lines;
    for (const TimePart& part : interval.parts) {
        const std::string days = days_of(part);
        if (part.times.empty()) lines.push_back(schedule_line(days, 0, day_minutes, part.zone));
        for (const auto& [from, to] : part.times) lines.push_back(schedule_line(days, from, to, part.zone));
    }
    return lines;
}

std::vector<NamedInterval> read_time_intervals(const SettingsNode& root, std::vector<ImportNote>& notes) {
    std::vector<NamedInterval> out;
    for (const char* section : {"time_intervals", "mute_time_intervals"}) {
        const SettingsNode* list = root.find(section);
        if (list == nullptr) continue;
        for (const SettingsNode& item : list->items) {
            NamedInterval interval;
            if (const SettingsNode* name = item.find("name"); name != nullptr) interval.name = name->scalar;
            const SettingsNode* parts = item.find("time_intervals");
            if (parts != nullptr)
                for (const SettingsNode& part : parts->items) IntervalReader(notes).read(part, interval.parts);
            out.push_back(std::move(interval));
        }
    }
    return out;
}

}  // namespace incidentd::importing
