#include "rules/changes.hpp"

#include <algorithm>
#include <map>

namespace incidentd {
namespace {

// A value written so that equal values give equal text, whatever their spelling in YAML.
void write(const SettingsNode& node, std::string& out) {
    const auto text = [&out](const std::string& value) { out += std::to_string(value.size()) + ":" + value; };
    switch (node.kind) {
        case SettingsNode::Kind::null:
            out += '~';
            return;
        case SettingsNode::Kind::scalar:
            return text(node.scalar);
        case SettingsNode::Kind::list:
            out += '[';
            for (const SettingsNode& item : node.items) write(item, out);
            out += ']';
            return;
        case SettingsNode::Kind::map: {
            std::map<std::string, const SettingsNode*> sorted;
            for (const SettingsNode::Member& member : node.members) sorted.emplace(member.key, &member.value);
            out += '{';
            for (const auto& [key, value] : sorted) {
                text(key);
                write(*value, out);
            }
            out += '}';
        }
    }
}

// One section over all files: its rules' names in order, and what each says.
struct Section {
    std::vector<std::string> names;
    std::map<std::string, std::string> rules;

    void add(const SettingsNode& node) {
        const SettingsNode* name = node.find("name");
        const std::string key = name != nullptr ? name->scalar : "#" + std::to_string(names.size() + 1);
        names.push_back(key);
        write(node, rules[key]);
    }
};

std::map<std::string, Section> sections_of(const RuleBundle& bundle) {
    std::map<std::string, Section> out;
    for (const auto& [file, text] : bundle.files) {
        Problems ignored;  // both bundles were compiled
        const SettingsNode root = parse_settings(text, file, ignored);
        for (const SettingsNode::Member& member : root.members) {
            if (member.key == "version") continue;
            Section& section = out[member.key];
            if (member.value.kind == SettingsNode::Kind::list)
                for (const SettingsNode& item : member.value.items) section.add(item);
            else
                section.add(member.value);
        }
    }
    return out;
}

}  // namespace

RuleChanges rule_changes(const RuleBundle& before, const RuleBundle& after) {
    RuleChanges out;
    out.sinks_changed = before.sinks != after.sinks;
    std::map<std::string, Section> old = sections_of(before), now = sections_of(after);
    for (const auto& [name, section] : now) old.try_emplace(name);
    for (const auto& [name, was] : old) {
        const Section& is = now[name];
        for (const auto& [rule, text] : is.rules) {
            const auto known = was.rules.find(rule);
            if (known == was.rules.end())
                out.added.push_back(name + " " + rule);
            else if (known->second != text)
                out.changed.push_back(name + " " + rule);
        }
        bool same_rules = was.rules.size() == is.rules.size();
        for (const auto& [rule, text] : was.rules)
            if (!is.rules.contains(rule)) {
                out.removed.push_back(name + " " + rule);
                same_rules = false;
            }
        if (same_rules && was.names != is.names) out.reordered.push_back(name);
    }
    return out;
}

}  // namespace incidentd
