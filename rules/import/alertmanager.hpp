// alertmanager.yml -> a rule file: routes become correlate rules and routes, inhibit rules and mute times come along.
#pragma once

#include "rules/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct ImportNote {
    Location where;       // in alertmanager.yml
    std::string message;  // what could not be carried over as it was, and what stands in its place
};

struct ImportedRules {
    std::string yaml;                // a rule file, with the notes as comments
    std::vector<ImportNote> notes;   // in the order found
    std::vector<std::string> sinks;  // that its routes name: receivers, as sinks may be called
};

// Past so many rules a tree with `continue` is not multiplied out further; a note says so.
constexpr std::size_t imported_rules_max = 1000;

// Adds problems for what is no configuration of Alertmanager at all; then the result is empty.
ImportedRules import_alertmanager(std::string_view yaml_text, const std::string& file, Problems& problems);

}  // namespace incidentd
