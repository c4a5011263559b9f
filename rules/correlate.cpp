// `correlate`: which alerts become which incident.
#include "rules/compiler.hpp"

#include <algorithm>

namespace incidentd {
namespace {

// The keys only some operations have, and whether these must have them.
struct OpKey {
    std::string_view key;
    CorrelationOp op;
    bool required;
    std::string_view remedy;
};

constexpr OpKey op_keys[] = {
    {"count", CorrelationOp::threshold, true, "say how many make an incident, such as count: 3"},
    {"distinct", CorrelationOp::threshold, false, ""},
    {"steps", CorrelationOp::sequence, true, "list the matchers of each step, in order"},
    {"until", CorrelationOp::absence, false, ""},
    {"gate", CorrelationOp::topology, false, ""},
};

std::string op_name(CorrelationOp op) {
    return std::string(
        all_shapes().front()->find("correlate")->shape->find("op")->choices[static_cast<std::size_t>(op)]);
}

// Of 30m, 2h, 4h and never: 48, 21, 13 and 5 incidents of noise alone in eight hours of four simulated estates,
// and 2.8, 3.1, 3.5 and 3.9 % of the true ones missed.
constexpr Duration gate_other_after = hours(4);
constexpr std::uint32_t topology_alerts_max = 100'000;  // of one incident: an outage has that many

void read_op(FieldReader& reader, CorrelationRule& rule) {
    const auto op = reader.choice("op");
    if (!op.has_value() && reader.has("op")) return;  // what it needs is not known, and would mislead
    if (op.has_value()) rule.op = static_cast<CorrelationOp>(*op);
    if (rule.op == CorrelationOp::similar) {
        reader.problem("op", shown(op_name(rule.op)) + " is not in this version: similarity comes later",
                       "there are: group, threshold, sequence, absence, topology");
    }
    const bool is_map = reader.node().kind == SettingsNode::Kind::map;  // otherwise that is said already
    if (is_map && rule.op != CorrelationOp::topology && !reader.has("by")) {
        reader.problem("by", "is missing", "list the labels that form a group, or [] for one group of all it matches");
    }
    for (const OpKey& only : op_keys) {
        if (only.op == rule.op && only.required && !reader.has(only.key)) {
            reader.problem(only.key, "is missing, op: " + op_name(rule.op) + " needs it", std::string(only.remedy));
        }
        if (only.op != rule.op && reader.has(only.key)) {
            reader.problem(only.key, "belongs to op: " + op_name(only.op) + ", this rule has op: " + op_name(rule.op),
                           "remove it, or write op: " + op_name(only.op));
        }
    }
}

void check_within(FieldReader& reader, const CorrelationRule& rule) {
    if (rule.op == CorrelationOp::topology) {
        for (const char* key : {"within", "hold"})
            if (reader.has(key))
                reader.problem(key, "is not for op: topology, which learns from each source how far apart alerts come",
                               "remove it; `gate` says what it takes to open");
        return;
    }
    if (rule.op == CorrelationOp::group || rule.within > Duration{0}) return;
    const std::string remedy = rule.op == CorrelationOp::absence
                                   ? "say how long nothing may come, such as within: 10m"
                                   : "say the span that must hold all of it, such as within: 5m";
    if (reader.has("within")) {
        reader.problem("within", "must be longer than 0s with op: " + op_name(rule.op), remedy);
    } else {
        reader.problem("within", "is missing, op: " + op_name(rule.op) + " needs it", remedy);
    }
}

void read_close(const SettingsNode& node, CorrelationRule& rule, Problems& problems) {
    static const Shape& shape = *rule_file_shape().find("correlate")->shape->find("close")->shape;
    FieldReader reader(node, shape, problems);
    reader.read("quiet", rule.quiet);
    reader.read("max_age", rule.max_age);
    reader.read("max_alerts", rule.max_alerts);
    reader.read("max_depth", rule.max_depth);
    if (reader.has("max_depth") && rule.op != CorrelationOp::topology)
        reader.problem("max_depth", "belongs to op: topology, this rule has op: " + op_name(rule.op),
                       "remove it, or write op: topology");
    if (reader.has("max_age") && rule.op == CorrelationOp::topology && rule.max_age.ms == 0)
        reader.problem("max_age", "must be longer than 0s with op: topology", "write close: {max_age: 24h}");
}

void read_gate(const SettingsNode& node, CorrelationRule& rule, Problems& problems) {
    static const Shape& shape = *rule_file_shape().find("correlate")->shape->find("gate")->shape;
    FieldReader reader(node, shape, problems);
    reader.read("checks", rule.gate.checks);
    reader.read("critical_after", rule.gate.critical_after);
    reader.read("other_after", rule.gate.other_after);
    reader.read("habitual_after", rule.gate.habitual_after);
}

void read_incident(const SettingsNode& node, CorrelationRule& rule, Problems& problems) {
    static const Shape& shape = *rule_file_shape().find("correlate")->shape->find("incident")->shape;
    FieldReader reader(node, shape, problems);
    const std::pair<std::string_view, Template*> texts[] = {{"title", &rule.title},     {"category", &rule.category},
                                                            {"service", &rule.service}, {"assign", &rule.assign},
                                                            {"impact", &rule.impact},   {"urgency", &rule.urgency}};
    for (const auto& [key, place] : texts) *place = reader.text_template(key);
    rule.knowledge = reader.texts("knowledge");
}

}  // namespace

void compile_correlate(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("correlate")->shape;
    FieldReader reader(node, shape, compilation.problems);
    CorrelationRule rule;
    rule.name = compilation.name_of(reader, "correlate", 0);
    if (rule.name.starts_with("default-") && !compilation.is_built_in) {
        reader.problem("name", "must not begin with 'default-': those names belong to the built-in rules");
    }
    rule.match = reader.matchers("match");
    read_op(reader, rule);
    rule.by = reader.labels("by");
    compilation.group_labels.insert(rule.by.begin(), rule.by.end());
    if (rule.op == CorrelationOp::topology)
        compilation.group_labels.insert(topology_labels.begin(), topology_labels.end());
    rule.by_optional = read_optional(reader);
    reader.read("continue", rule.proceed);
    reader.read("within", rule.within);
    check_within(reader, rule);
    reader.read("count", rule.count);
    if (reader.has("distinct")) rule.distinct = reader.text("distinct");
    rule.steps = reader.matchers_list("steps");
    rule.until = rule.op == CorrelationOp::absence && !reader.has("until") ? rule.match : reader.matchers("until");
    reader.read("hold", rule.hold);
    if (rule.op == CorrelationOp::topology) {
        rule.max_alerts = topology_alerts_max;
        rule.gate.other_after = gate_other_after;
    }
    if (const SettingsNode* gate = reader.map("gate"); gate != nullptr) read_gate(*gate, rule, compilation.problems);
    if (const SettingsNode* close = reader.map("close"); close != nullptr) {
        read_close(*close, rule, compilation.problems);
    }
    if (const SettingsNode* incident = reader.map("incident"); incident != nullptr) {
        read_incident(*incident, rule, compilation.problems);
    }
    compilation.set.correlate.push_back(std::move(rule));
    if (!compilation.is_built_in) compilation.places.correlate.push_back(place_of(node));
}

}  // namespace incidentd
