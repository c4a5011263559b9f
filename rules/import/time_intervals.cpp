#include "rules/import/time_intervals.hpp"

#include "rules/import/route_tree.hpp"
#include "rules/import/yaml_text.hpp"

#include <charconv>
#include <optional>

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

    // An interval holds on the days all its keys allow; its times are windows of such a day.
    void read(const SettingsNode& node, std::vector<std::string>& out) {
        std::string days;
        for (const char* key : {"weekdays", "days_of_month", "months", "years"}) {
            const std::vector<std::string> ranges = texts_of(node.find(key));
            if (ranges.empty()) continue;
            days += std::string(key) + ": [";
            for (std::size_t i = 0; i < ranges.size(); ++i) days += (i == 0 ? "" : ", ") + quoted(ranges[i]);
            days += "], ";
        }
        std::string zone;
        if (const SettingsNode* location = node.find("location"); location != nullptr) zone = zone_text(*location);
        const SettingsNode* times = node.find("times");
        if (times == nullptr || times->items.empty()) {
            out.push_back("{" + days + "at: '00:00', for: 24h" + zone + "}");
            return;
        }
        for (const SettingsNode& time : times->items) window(time, days, zone, out);
    }

private:
    std::string zone_text(const SettingsNode& location) {
        if (location.scalar == "UTC") return {};
        if (location.scalar == "Local") {
            notes_.push_back({location.where,
                              "`location: Local` is the zone of one machine: UTC stands in its place, name "
                              "the zone"});
            return {};
        }
        return ", zone: " + quoted(location.scalar);
    }

    void window(const SettingsNode& time, const std::string& days, const std::string& zone,
                std::vector<std::string>& out) {
        const SettingsNode* start = time.find("start_time");
        const SettingsNode* end = time.find("end_time");
        const std::optional<int> from = start == nullptr ? std::nullopt : minute_of(start->scalar);
        const std::optional<int> to = end == nullptr ? std::nullopt : minute_of(end->scalar);
        if (!from || !to || *from >= *to) {
            notes_.push_back({time.where, "a time that does not run from an earlier to a later HH:MM is left out"});
            return;
        }
        const int length = *to - *from;
        const std::string words = length % 60 == 0 ? std::to_string(length / 60) + "h" : std::to_string(length) + "m";
        out.push_back("{" + days + "at: '" + clock_text(*from) + "', for: " + words + zone + "}");
    }

    std::vector<ImportNote>& notes_;
};

}  // namespace

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
                for (const SettingsNode& part : parts->items) IntervalReader(notes).read(part, interval.schedules);
            out.push_back(std::move(interval));
        }
    }
    return out;
}

}  // namespace incidentd::importing
