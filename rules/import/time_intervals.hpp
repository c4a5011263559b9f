// Alertmanager's time intervals as schedules of silences. Private to rules/import/.
#pragma once

#include "rules/import/alertmanager.hpp"
#include "rules/settings.hpp"

#include <string>
#include <utility>
#include <vector>

namespace incidentd::importing {

// One entry of a named interval: it holds on the days that all its keys allow, within one of its times.
struct TimePart {
    std::vector<std::string> weekdays, days_of_month, months, years;  // ranges as Alertmanager writes them; none: all
    std::vector<std::pair<int, int>> times;  // minutes of such a day, the end excluded; none: the whole day
    std::string zone;                        // "": UTC
};

struct NamedInterval {
    std::string name;
    std::vector<TimePart> parts;
};

// The lines of `schedule:` of a silence that holds when the interval does, each a map in YAML's flow form.
std::vector<std::string> schedule_lines(const NamedInterval& interval);
std::string schedule_line(const std::string& days, int from, int to, const std::string& zone);

// Of the sections time_intervals and mute_time_intervals.
std::vector<NamedInterval> read_time_intervals(const SettingsNode& root, std::vector<ImportNote>& notes);

}  // namespace incidentd::importing
