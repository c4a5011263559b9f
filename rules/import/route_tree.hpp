// Alertmanager's routing tree, multiplied out into a list where the first match decides. Private to rules/import/.
#pragma once

#include "correlator/matcher.hpp"
#include "rules/import/alertmanager.hpp"
#include "rules/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace incidentd::importing {

// A node of the tree with what it inherits filled in.
struct Node {
    Location where;
    Matchers matchers;  // its own
    std::string receiver;
    std::vector<std::string> group_by;
    std::string group_wait = "30s", group_interval = "5m";
    bool proceed = false;
    std::vector<std::string> mute, active;  // names of time intervals
    std::vector<Node> children;
};

// One row of the list: an alert that matches all of `matchers`, and no earlier row, goes to `receivers`.
struct FlatRoute {
    Location where;
    Matchers matchers;
    std::vector<std::string> receivers;
    std::vector<std::string> group_by;
    std::string group_wait, group_interval;
};

Node read_route_tree(const SettingsNode& route, std::vector<ImportNote>& notes, Problems& problems);

std::vector<FlatRoute> flatten(const Node& root, std::vector<ImportNote>& notes);

// `matchers`, or the older maps `match` and `match_re`; keys with `prefix` in front ("source_").
Matchers read_matchers(const SettingsNode& node, const std::string& prefix, Problems& problems);

std::vector<std::string> texts_of(const SettingsNode* node);  // of a list or one text; empty when absent

}  // namespace incidentd::importing
