#include "rules/named_sinks.hpp"

#include <algorithm>

namespace incidentd {
namespace {

void add_names(const SettingsNode& to, std::vector<std::string>& names) {
    const auto add = [&names](const SettingsNode& node) {
        if (node.kind != SettingsNode::Kind::scalar || node.scalar.empty()) return;
        if (std::find(names.begin(), names.end(), node.scalar) == names.end()) names.push_back(node.scalar);
    };
    add(to);
    for (const SettingsNode& item : to.items) add(item);
}

}  // namespace

std::vector<std::string> named_sinks(const RuleBundle& bundle) {
    std::vector<std::string> names;
    for (const auto& [file, text] : bundle.files) {
        Problems ignored;  // compile() finds them again
        const SettingsNode root = parse_settings(text, file, ignored);
        const SettingsNode* routes = root.find("route");
        if (routes == nullptr) continue;
        for (const SettingsNode& route : routes->items)
            if (const SettingsNode* to = route.find("to"); to != nullptr) add_names(*to, names);
    }
    return names;
}

}  // namespace incidentd
