// Scenario files: what happens, when, and what must come of it. README.md shows the language.
#pragma once

#include "correlator/limits.hpp"
#include "correlator/result.hpp"
#include "correlator/time.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::scenario {

// A line cut into words. `positional` come first; `equal` and `contains` are name=value and name~value.
struct Words {
    int line = 0;  // of the file
    std::string text;
    std::vector<std::string> positional;
    std::vector<std::pair<std::string, std::string>> equal, contains;
};

struct Step {
    Duration at;  // since the scenario's start
    Words what;
    std::vector<Words> expected;
};

struct Scenario {
    std::string name, file;
    int line = 0;
    std::map<std::string, std::string> rules;  // by name; "" holds from the start
    std::vector<std::string> sinks{"rt"};
    EngineLimits limits;
    bool show_kpi = false;
    bool show_delivery = false;
    std::vector<Step> steps;
};

Words words_of(int line, std::string_view text);

// Errors: invalid, with file:line and what was expected.
Result<std::vector<Scenario>> parse_scenarios(const std::string& file, std::string_view text);

}  // namespace incidentd::scenario
