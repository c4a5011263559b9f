// `silences`, `maintenance`, `inhibit`, `flapping`, `storm`: which alerts open nothing, and when.
#include "rules/compiler.hpp"

namespace incidentd {
namespace {

void compile_quiet(Compilation& compilation, const SettingsNode& node, const Shape& shape, bool is_maintenance) {
    FieldReader reader(node, shape, compilation.problems);
    SilenceRule rule;
    rule.is_maintenance = is_maintenance;
    rule.name = compilation.name_of(reader, "silences", 0);
    rule.match = reader.matchers("match");
    if (reader.has("comment")) rule.comment = reader.text("comment");
    reader.read("from", rule.schedule.from);
    reader.read("to", rule.schedule.to);
    for (const SettingsNode* item : reader.items("schedule")) {
        rule.schedule.recurrences.push_back(compile_recurrence(compilation, *item));
    }
    if (!reader.has("from") && !reader.has("to") && !reader.has("schedule")) {
        compilation.problems.add(node.where, node.path, "would hold for ever", "give it `to`, or a `schedule`");
    }
    if (reader.has("schedule") && rule.schedule.recurrences.empty()) {
        reader.problem("schedule", "is empty, so it would hold for ever",
                       "say when: {weekdays: [sun], at: '02:00', for: 2h}");
    }
    if (rule.schedule.from.is_set() && rule.schedule.to.is_set() && rule.schedule.to <= rule.schedule.from) {
        reader.problem("to", "must be later than `from`, " + to_rfc3339(rule.schedule.from));
    }
    compilation.set.silences.push_back(std::move(rule));
    compilation.places.silences.push_back({node.where, node.path});
}

}  // namespace

void compile_silence(Compilation& compilation, const SettingsNode& node) {
    compile_quiet(compilation, node, *rule_file_shape().find("silences")->shape, false);
}

void compile_maintenance(Compilation& compilation, const SettingsNode& node) {
    compile_quiet(compilation, node, *rule_file_shape().find("maintenance")->shape, true);
}

void compile_inhibit(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("inhibit")->shape;
    FieldReader reader(node, shape, compilation.problems);
    InhibitRule rule;
    rule.name = compilation.name_of(reader, "inhibit", 0);
    rule.source = reader.matchers("source");
    rule.target = reader.matchers("target");
    rule.equal = reader.labels("equal");
    rule.equal_optional = read_optional(reader);
    compilation.set.inhibit.push_back(std::move(rule));
    compilation.places.inhibit.push_back({node.where, node.path});
}

void compile_flapping(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("flapping")->shape;
    FieldReader reader(node, shape, compilation.problems);
    FlappingRule rule;
    rule.name = compilation.name_of(reader, "flapping", compilation.set.flapping.size() + 1);
    rule.match = reader.matchers("match");
    reader.read("window", rule.window);
    reader.read("start", rule.start);
    reader.read("stop_quiet", rule.stop_quiet);
    reader.read("high", rule.high_percent);
    reader.read("low", rule.low_percent);
    const bool counts_checks = reader.has("high") || reader.has("low");
    for (const char* other : {"window", "start"}) {
        if (!counts_checks || !reader.has(other)) continue;
        reader.problem(other, "belongs to the time-window form, `high` and `low` to the check-count form",
                       "keep one form in a rule");
    }
    if (counts_checks && !(reader.has("high") && reader.has("low"))) {
        const char* absent = reader.has("high") ? "low" : "high";
        reader.problem(absent, "is missing: the check-count form needs `high` and `low`",
                       "Nagios uses high: 30, low: 20; Icinga 2 high: 30, low: 25");
    }
    if (rule.high_percent > 0 && rule.low_percent >= rule.high_percent) {
        reader.problem("low", "must be below `high`");
    }
    compilation.set.flapping.push_back(std::move(rule));
    compilation.places.flapping.push_back({node.where, node.path});
}

void compile_storm(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("storm")->shape;
    FieldReader reader(node, shape, compilation.problems);
    StormRule rule;
    rule.name = compilation.name_of(reader, "storm", compilation.set.storms.size() + 1);
    rule.match = reader.matchers("match");
    if (reader.has("per")) rule.per = reader.text("per");
    reader.read("floor", rule.floor);
    reader.read("factor", rule.factor);
    reader.read("window", rule.window);
    reader.read("leave_after", rule.leave_after);
    if (const auto pass = reader.choice("pass"); pass.has_value()) rule.pass = static_cast<Severity>(*pass);
    compilation.set.storms.push_back(std::move(rule));
    compilation.places.storms.push_back({node.where, node.path});
}

}  // namespace incidentd
