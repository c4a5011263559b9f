#include "rules/import/alertmanager.hpp"

#include "rules/import/off_times.hpp"
#include "rules/import/route_tree.hpp"
#include "rules/import/time_intervals.hpp"
#include "rules/import/yaml_text.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace incidentd {
namespace importing {
namespace {

std::string matchers_text(const Matchers& matchers) {
    std::vector<std::string> texts;
    for (const Matcher& matcher : matchers) texts.push_back(matcher.text());
    return quoted_list(texts);
}

class Importer {
public:
    Importer(const SettingsNode& root, Problems& problems) : root_(root), problems_(problems) {}

    ImportedRules run(const std::string& file) {
        read_receivers();
        const SettingsNode* route = root_.find("route");
        if (route == nullptr || route->kind != SettingsNode::Kind::map) {
            problems_.add(root_.where, "route", "is missing", what_this_is());
            return {};
        }
        const Node tree = read_route_tree(*route, notes_, problems_);
        note_sections();
        const std::string silences = write_silences(tree);
        const std::string inhibit = write_inhibit();
        const std::string correlate = write_routes(flatten(tree, notes_));
        if (!problems_.empty()) return {};
        out_.yaml = head(file) + "version: 1\n" + silences + inhibit + correlate;
        out_.notes = notes_;
        return std::move(out_);
    }

private:
    std::string what_this_is() const {
        const SettingsNode* kind = root_.find("kind");
        const std::string resource = kind == nullptr ? "" : kind->scalar;
        if (resource == "Secret") return "this is a Kubernetes secret: give the text that stands in it, decoded";
        if (resource == "AlertmanagerConfig")
            return "this is a resource of the Prometheus operator: give what the operator makes of it, the secret "
                   "alertmanager-NAME-generated, decoded";
        return "this is not the configuration of an Alertmanager";
    }

    void note(const Location& where, std::string message) { notes_.push_back({where, std::move(message)}); }

    // Receivers become sinks of their own names, as far as sinks may be called so. One without integrations tells
    // nobody.
    void read_receivers() {
        const SettingsNode* list = root_.find("receivers");
        if (list == nullptr) return;
        std::set<std::string> taken;
        for (const SettingsNode& item : list->items) {
            const SettingsNode* name = item.find("name");
            if (name == nullptr) continue;
            std::string integrations;
            for (const SettingsNode::Member& member : item.members)
                if (member.key.ends_with("_configs") && !member.value.items.empty())
                    integrations += (integrations.empty() ? "" : ", ") + member.key;
            if (integrations.empty()) {
                sinks_[name->scalar] = "";
                continue;
            }
            std::string sink = plain_name(name->scalar);
            for (int n = 2; !taken.insert(sink).second; ++n) sink = plain_name(name->scalar) + "-" + std::to_string(n);
            sinks_[name->scalar] = sink;
            note(item.where, "receiver " + shown(name->scalar) + " (" + integrations + "): configure the sink '" +
                                 sink + "' in incidentd.yaml");
        }
    }

    std::vector<std::string> sinks_of(const FlatRoute& route) {
        std::vector<std::string> names;
        for (const std::string& receiver : route.receivers) {
            const auto found = sinks_.find(receiver);
            if (found == sinks_.end())
                problems_.add(route.where, "receiver",
                              "names " + shown(receiver) + ", which is not among the receivers");
            if (found == sinks_.end() || found->second.empty()) continue;
            if (std::find(names.begin(), names.end(), found->second) == names.end()) names.push_back(found->second);
        }
        for (const std::string& name : names)
            if (std::find(out_.sinks.begin(), out_.sinks.end(), name) == out_.sinks.end()) out_.sinks.push_back(name);
        return names;
    }

    void note_sections() {
        for (const SettingsNode::Member& member : root_.members) {
            if (member.key == "templates")
                note(member.key_where,
                     "templates are left out: sinks write their own texts; titles are set by `incident.title`");
            else if (member.key == "global")
                note(member.key_where, "global is left out: it holds settings of receivers");
        }
    }

    std::string unique(const std::string& section, const std::string& wanted) {
        std::string name = wanted;
        for (int n = 2; !names_.insert(section + "/" + name).second; ++n) name = wanted + "-" + std::to_string(n);
        return name;
    }

    // Alertmanager mutes what a route sends; here the alerts themselves are silenced, which is the same where no other
    // route sends them.
    std::string write_silences(const Node& tree) {
        for (NamedInterval& interval : read_time_intervals(root_, notes_)) {
            std::string name = interval.name;
            intervals_.insert_or_assign(std::move(name), std::move(interval));
        }
        std::string lines;
        mutes(tree, {}, lines);
        return lines.empty() ? lines : "\nsilences:\n" + lines;
    }

    void mutes(const Node& node, Matchers above, std::string& lines) {
        for (const Matcher& matcher : node.matchers) above.push_back(matcher);
        for (const NamedInterval* interval : intervals_of(node, "mute_time_intervals", node.mute))
            silence(node, plain_name(interval->name), above, schedule_lines(*interval),
                    "mute time " + shown(interval->name), lines);
        if (!node.active.empty()) mute_outside(node, above, lines);
        for (const Node& child : node.children) mutes(child, above, lines);
    }

    void mute_outside(const Node& node, const Matchers& above, std::string& lines) {
        std::string names;
        for (const std::string& name : node.active) names += (names.empty() ? "" : " or ") + name;
        const OffTimes off = outside_of(intervals_of(node, "active_time_intervals", node.active));
        if (!off.why_not.empty())
            return note(node.where, "active_time_intervals " + shown(names) + " are left out, because " + off.why_not +
                                        ": write a silence for the hours in which the route is to be quiet");
        silence(node, plain_name("outside-" + names), above, off.schedules, "the time outside of " + shown(names),
                lines);
    }

    std::vector<const NamedInterval*> intervals_of(const Node& node, const char* key,
                                                   const std::vector<std::string>& names) {
        std::vector<const NamedInterval*> out;
        for (const std::string& name : names) {
            const auto found = intervals_.find(name);
            if (found == intervals_.end())
                problems_.add(node.where, key, "names " + shown(name) + ", which is not defined",
                              "define it under time_intervals");
            else
                out.push_back(&found->second);
        }
        return out;
    }

    void silence(const Node& node, const std::string& name, const Matchers& match,
                 const std::vector<std::string>& schedules, const std::string& what, std::string& lines) {
        if (schedules.empty()) return;
        lines += "  - name: " + quoted(unique("silence", name)) + "\n    match: " + matchers_text(match) +
                 "\n    schedule:\n";
        for (const std::string& schedule : schedules) lines += "      - " + schedule + "\n";
        note(node.where, what + " silences all alerts that match, also those that another route would send" +
                             (node.children.empty() ? "" : " (its sub-routes among them)"));
    }

    std::string write_inhibit() {
        const SettingsNode* list = root_.find("inhibit_rules");
        if (list == nullptr || list->items.empty()) return {};
        std::string out = "\ninhibit:\n";
        int number = 0;
        for (const SettingsNode& item : list->items) {
            ++number;
            const SettingsNode* given = item.find("name");
            const std::string name =
                unique("inhibit", given != nullptr ? plain_name(given->scalar) : "inhibit-" + std::to_string(number));
            const Matchers source = read_matchers(item, "source_", problems_);
            const Matchers target = read_matchers(item, "target_", problems_);
            if (source.empty() || target.empty()) {
                note(item.where, std::string("an inhibit rule without ") + (source.empty() ? "source" : "target") +
                                     " matchers, which stands for every alert, is left out");
                continue;
            }
            // A label that is missing on both sides counts as equal in Alertmanager.
            const std::vector<std::string> equal = texts_of(item.find("equal"));
            out += "  - name: " + quoted(name) + "\n    source: " + matchers_text(source) +
                   "\n    target: " + matchers_text(target) + "\n    equal: " + quoted_list(equal) + "\n";
            if (!equal.empty()) out += "    require: optional\n";
        }
        return out;
    }

    std::string write_routes(const std::vector<FlatRoute>& rows) {
        std::string correlate = "\ncorrelate:\n", routes = "\nroute:\n";
        for (const FlatRoute& row : rows) {
            const std::string name = unique("rule", plain_name(row.receivers.front()));
            std::vector<std::string> by = row.group_by;
            if (std::find(by.begin(), by.end(), "...") != by.end()) {
                note(row.where,
                     "group_by: ['...'] gives each alert its own group; here alerts of the same alertname and "
                     "instance form one");
                by = {"alertname", "instance"};
            }
            const std::vector<std::string> sinks = sinks_of(row);
            const std::string hold = span(row, "group_wait", row.group_wait, "30s");
            const std::string every = span(row, "group_interval", row.group_interval, "5m");
            correlate += "  - name: " + quoted(name) + "\n    match: " + matchers_text(row.matchers) +
                         "\n    by: " + quoted_list(by) + "\n";
            if (!by.empty()) correlate += "    require: optional\n";
            correlate += "    hold: " + hold + "\n    close: {quiet: " + every + "}\n";
            const bool is_last = &row == &rows.back();
            routes += is_last ? "  - {to: " : "  - {match: " + quoted_list({"rule=\"" + name + "\""}) + ", to: ";
            routes += quoted_list(sinks) + ", update_every: " + every + "}\n";
        }
        return correlate + routes;
    }

    std::string span(const FlatRoute& row, const char* key, const std::string& text, const std::string& otherwise) {
        const Result<Duration> read = parse_duration(text);
        if (read && read->ms >= 0 && *read <= hours(24)) return text;
        note(row.where, std::string(key) + " " + shown(text) + " is not a duration up to 24h: " + otherwise +
                            " stands in its place");
        return otherwise;
    }

    std::string head(const std::string& file) const {
        std::string out = "# Made by `incidentd rules import` from " + one_line(file) + ".\n";
        if (notes_.empty()) return out;
        out += "# What could not be carried over as it was:\n";
        for (const ImportNote& one : notes_)
            out += "#   line " + std::to_string(one.where.line) + ": " + one_line(one.message) + "\n";
        return out;
    }

    static std::string one_line(std::string text) {
        std::replace_if(
            text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        return text;
    }

    const SettingsNode& root_;
    Problems& problems_;
    std::vector<ImportNote> notes_;
    std::map<std::string, std::string> sinks_;  // by receiver; "": nobody is told
    std::map<std::string, NamedInterval> intervals_;
    std::set<std::string> names_;
    ImportedRules out_;
};

}  // namespace
}  // namespace importing

ImportedRules import_alertmanager(std::string_view yaml_text, const std::string& file, Problems& problems) {
    const SettingsNode root = parse_settings(yaml_text, file, problems);
    if (!problems.empty()) return {};
    return importing::Importer(root, problems).run(file);
}

}  // namespace incidentd
