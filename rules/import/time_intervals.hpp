// Alertmanager's time intervals as schedules of silences. Private to rules/import/.
#pragma once

#include "rules/import/alertmanager.hpp"
#include "rules/settings.hpp"

#include <string>
#include <vector>

namespace incidentd::importing {

// One named interval: the lines of `schedule:` of a silence, each a map in YAML's flow form. Empty: none can be said.
struct NamedInterval {
    std::string name;
    std::vector<std::string> schedules;
};

// Of the sections time_intervals and mute_time_intervals.
std::vector<NamedInterval> read_time_intervals(const SettingsNode& root, std::vector<ImportNote>& notes);

}  // namespace incidentd::importing
