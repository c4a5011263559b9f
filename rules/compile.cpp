// Rule files into one RuleSet. Every problem of every file is found in one go.
#include "correlator/rule_index.hpp"
#include "rules/rule_fields.hpp"
#include "rules/rules.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace incidentd {
namespace {

constexpr std::string_view not_here = "is not in this version";

class Compiler {
public:
    // `defaults`: what stands behind the rules; nullptr while those are compiled themselves.
    Compiler(const RuleBundle& bundle, const Compiler* defaults, Problems& problems)
        : bundle_(bundle), defaults_(defaults), problems_(problems) {
        if (defaults == nullptr) return;
        set_.priority = defaults->set_.priority;
        labels_ = defaults->labels_;
    }

    void file(const std::string& name, std::string_view text) {
        const std::size_t before = problems_.items().size();
        const SettingsNode root = parse_settings(text, name, problems_);
        if (root.kind == SettingsNode::Kind::null && problems_.items().size() != before) return;
        SettingsReader reader(root, problems_);
        if (!reader.has("version")) reader.problem("version", "is missing", "begin the file with 'version: 1'");
        reader.integer("version", 1, 1);
        each(reader, "correlate", [this](const SettingsNode& node) { correlate(node); });
        if (const SettingsNode* node = reader.map("priority"); node != nullptr) priority(*node);
        each(reader, "route", [this](const SettingsNode& node) { route(node); });
        for (const char* section : {"enrich", "dedup", "pair", "topology", "silences", "maintenance", "inhibit",
                                    "flapping", "storm", "sla", "escalate"}) {
            reader.refuse(section, std::string(not_here), "there are: version, correlate, priority, route");
        }
        reader.finish();
    }

    RuleSet finish() {
        check_routes();
        const std::vector<CorrelationRule>& last = defaults_->set_.correlate;
        set_.correlate.insert(set_.correlate.end(), last.begin(), last.end());
        if (set_.routes.empty() && !bundle_.sinks.empty())
            set_.routes.push_back({{}, bundle_.sinks, false, minutes(1)});
        set_.hash = bundle_.hash();
        return std::move(set_);
    }

private:
    struct RoutePlace {
        Location where;
        std::string path;
    };

    template <class Each>
    void each(SettingsReader& reader, std::string_view key, const Each& each_item) {
        const SettingsNode* list = reader.list(key);
        if (list == nullptr) return;
        for (const SettingsNode& item : list->items) each_item(item);
    }

    void correlate(const SettingsNode& node) {
        if (set_.correlate.size() == correlate_rules_max) {
            problems_.add(node.where, node.path,
                          "is one too many: at most " + std::to_string(correlate_rules_max) + " rules");
        }
        if (set_.correlate.size() >= correlate_rules_max) return;
        SettingsReader reader(node, problems_);
        CorrelationRule rule;
        rule.name = reader.require_text("name");
        check_name(reader, rule.name);
        rule.match = read_match(reader);
        read_op(reader);
        read_by(reader, rule);
        read_duration(reader, "within", seconds(0), hours(24 * 30), rule.within);
        read_duration(reader, "hold", seconds(0), hours(24), rule.hold);
        if (const SettingsNode* close = reader.map("close"); close != nullptr) read_close(*close, rule);
        if (const SettingsNode* incident = reader.map("incident"); incident != nullptr) read_incident(*incident, rule);
        for (const char* key : {"distinct", "count", "continue"}) {
            reader.refuse(key, std::string(not_here), "the one operation there is: op: group");
        }
        reader.finish();
        check_reachable(node, rule);
        set_.correlate.push_back(std::move(rule));
    }

    void check_name(SettingsReader& reader, const std::string& name) {
        if (name.empty()) return;
        const Location where = reader.node().find("name")->where;
        if (name.starts_with("default-") && defaults_ != nullptr) {
            reader.problem("name", "must not begin with 'default-': those names belong to the built-in rules");
        }
        const auto [first, is_new] = names_.try_emplace(name, where);
        if (is_new) return;
        reader.problem(
            "name",
            "is the name of another rule, in " + first->second.file + " line " + std::to_string(first->second.line),
            "give each rule its own name");
    }

    void check_reachable(const SettingsNode& node, const CorrelationRule& rule) {
        if (!catch_all_.empty()) {
            problems_.add(node.where, node.path,
                          "can never apply: rule '" + catch_all_ + "' before it takes every alert",
                          "move it up, or give that rule a match");
        }
        if (rule.match.empty() && (rule.by.empty() || rule.by_optional)) catch_all_ = rule.name;
    }

    void read_op(SettingsReader& reader) {
        const std::optional<std::string> op = reader.text("op");
        if (!op.has_value() || *op == "group") return;
        static const std::vector<std::string> later{"threshold", "sequence", "absence", "topology", "similar"};
        const bool planned = std::find(later.begin(), later.end(), *op) != later.end();
        reader.problem("op", planned ? shown(*op) + " " + std::string(not_here) : "must be group, found " + shown(*op),
                       "the one operation there is: op: group");
    }

    void read_by(SettingsReader& reader, CorrelationRule& rule) {
        if (!reader.has("by")) {
            reader.problem("by", "is missing",
                           "list the labels that form a group, or [] for one group of all it matches");
        }
        rule.by = reader.text_list("by").value_or(std::vector<std::string>{});
        if (rule.by.size() > group_labels_max) {
            reader.problem("by", "has more than " + std::to_string(group_labels_max) + " labels");
        }
        std::set<std::string> seen;
        for (const std::string& label : rule.by) {
            if (label.empty()) reader.problem("by", "must not hold an empty label name");
            if (!seen.insert(label).second) reader.problem("by", "names the label " + shown(label) + " twice");
            labels_.insert(label);
        }
        const std::optional<std::string> require = reader.text("require");
        if (require.has_value() && *require != "present" && *require != "optional") {
            reader.problem("require", "must be present or optional, found " + shown(*require),
                           hint_of(*require, {"present", "optional"}));
        }
        rule.by_optional = require == "optional";
    }

    void read_close(const SettingsNode& node, CorrelationRule& rule) {
        SettingsReader reader(node, problems_);
        read_duration(reader, "quiet", seconds(0), hours(24 * 30), rule.quiet);
        read_duration(reader, "max_age", seconds(0), hours(24 * 365), rule.max_age);
        if (const auto most = reader.integer("max_alerts", 1, 1'000'000); most.has_value()) {
            rule.max_alerts = static_cast<std::uint32_t>(*most);
        }
        reader.finish();
    }

    void read_incident(const SettingsNode& node, CorrelationRule& rule) {
        SettingsReader reader(node, problems_);
        const std::pair<const char*, Template*> texts[] = {
            {"title", &rule.title}, {"category", &rule.category}, {"service", &rule.service}, {"assign", &rule.assign}};
        for (const auto& [key, place] : texts) *place = read_template(reader, key).value_or(Template());
        read_level(reader, "impact", {"low", "medium", "high"}, rule.impact);
        read_level(reader, "urgency", {"low", "medium", "high", "critical"}, rule.urgency);
        reader.refuse("knowledge", std::string(not_here), "");
        reader.finish();
    }

    void priority(const SettingsNode& node) {
        SettingsReader reader(node, problems_);
        if (const SettingsNode* matrix = reader.map("matrix"); matrix != nullptr) {
            if (matrix_at_.has_value()) {
                reader.problem("matrix", "is given in another file already, in " + matrix_at_->file + " line " +
                                             std::to_string(matrix_at_->line));
            }
            matrix_at_ = matrix->where;
            read_matrix(*matrix);
        }
        reader.finish();
    }

    void read_matrix(const SettingsNode& node) {
        SettingsReader reader(node, problems_);
        for (const Impact impact : {Impact::low, Impact::medium, Impact::high}) {
            const SettingsNode* row = reader.map(to_string(impact));
            if (row == nullptr) continue;
            SettingsReader cells(*row, problems_);
            for (const Urgency urgency : {Urgency::low, Urgency::medium, Urgency::high, Urgency::critical}) {
                const std::optional<std::string> cell = cells.text(to_string(urgency));
                if (!cell.has_value()) continue;
                const std::optional<Priority> value = priority_from(*cell);
                if (!value.has_value()) cells.problem(to_string(urgency), "must be P1 to P5, found " + shown(*cell));
                const auto at = std::pair(static_cast<std::size_t>(impact), static_cast<std::size_t>(urgency));
                if (value.has_value()) set_.priority[at.first][at.second] = *value;
            }
            cells.finish();
        }
        reader.finish();
    }

    void route(const SettingsNode& node) {
        if (set_.routes.size() == routes_max) {
            problems_.add(node.where, node.path, "is one too many: at most " + std::to_string(routes_max) + " routes");
        }
        if (set_.routes.size() >= routes_max) return;
        SettingsReader reader(node, problems_);
        Route route;
        route.match = read_match(reader);
        if (!reader.has("to")) reader.problem("to", "is missing", "list sinks, or [] to tell nobody");
        route.to = reader.text_list("to").value_or(std::vector<std::string>{});
        for (const std::string& name : route.to) {
            if (std::find(bundle_.sinks.begin(), bundle_.sinks.end(), name) != bundle_.sinks.end()) continue;
            const std::string near = hint_of(name, bundle_.sinks);
            reader.problem("to", "names the sink " + shown(name) + ", which is not configured",
                           near + (near.empty() ? "" : " ") + "configured sinks: " + list_of(bundle_.sinks));
        }
        route.proceed = reader.boolean("continue").value_or(false);
        read_duration(reader, "update_every", seconds(0), hours(24), route.update_every);
        reader.finish();
        set_.routes.push_back(std::move(route));
        route_places_.push_back({node.where, node.path});
    }

    // Routes see an incident, and of its alerts' labels only those that form groups: another label never has a value.
    void check_routes() {
        labels_.insert({"priority", "severity", "rule", "category", "service", "assignment_group"});
        const std::vector<std::string> seen(labels_.begin(), labels_.end());
        for (std::size_t i = 0; i < set_.routes.size(); ++i) {
            for (const Matcher& matcher : set_.routes[i].match) {
                if (labels_.contains(matcher.name())) continue;
                problems_.add(route_places_[i].where, route_places_[i].path + ".match",
                              "the label " + shown(matcher.name()) +
                                  " is never there: routes see the incident and the labels "
                                  "its rule groups by: " +
                                  list_of(seen),
                              "add the label to `by` of a correlate rule");
            }
        }
        if (set_.routes.empty() || (set_.routes.back().match.empty() && !set_.routes.back().proceed)) return;
        problems_.add(route_places_.back().where, route_places_.back().path,
                      "is the last route, yet not every incident ends here: the others would reach no sink",
                      "end with a route without match and continue: {to: [...]}, or {to: []} to tell nobody");
    }

    const RuleBundle& bundle_;
    const Compiler* defaults_;
    Problems& problems_;
    RuleSet set_;
    std::map<std::string, Location> names_;
    std::set<std::string> labels_;  // every `by`
    std::string catch_all_;
    std::optional<Location> matrix_at_;
    std::vector<RoutePlace> route_places_;
};

}  // namespace

std::shared_ptr<const RuleSet> compile(const RuleBundle& bundle, Problems& problems) {
    const std::size_t before = problems.items().size();
    Compiler defaults(bundle, nullptr, problems);
    defaults.file("built-in", default_rules());
    Compiler compiler(bundle, &defaults, problems);
    for (const auto& [name, text] : bundle.files) compiler.file(name, text);
    RuleSet set = compiler.finish();
    if (problems.items().size() != before) return nullptr;
    set.index = std::make_shared<const RuleIndex>(set);
    return std::make_shared<const RuleSet>(std::move(set));
}

}  // namespace incidentd
