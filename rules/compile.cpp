// Rule files into one RuleSet. Every problem of every file is found in one go.
#include "correlator/rule_index.hpp"
#include "rules/compiler.hpp"
#include "rules/lint.hpp"

#include <algorithm>
#include <iterator>

namespace incidentd {
namespace {

struct Section {
    std::string_view key;
    void (*compile)(Compilation&, const SettingsNode&);
};

constexpr Section sections[] = {
    {"enrich", compile_enrich},
    {"dedup", compile_dedup},
    {"pair", compile_pair},
    {"silences", compile_silence},
    {"maintenance", compile_maintenance},
    {"inhibit", compile_inhibit},
    {"flapping", compile_flapping},
    {"storm", compile_storm},
    {"correlate", compile_correlate},
    {"route", compile_route},
};

void compile_file(Compilation& compilation, const std::string& name, std::string_view text) {
    Problems& problems = compilation.problems;
    const std::size_t before = problems.items().size();
    const SettingsNode root = parse_settings(text, name, problems);
    if (root.kind == SettingsNode::Kind::null && problems.items().size() != before) return;
    FieldReader reader(root, rule_file_shape(), problems);
    std::uint32_t version = 1;
    reader.read("version", version);
    for (const Section& section : sections) {
        std::size_t count = 0;
        for (const SettingsNode* item : reader.items(section.key)) {
            if (++count > rules_max) {
                problems.add(item->where, item->path,
                             "is one too many: at most " + std::to_string(rules_max) + " in a section");
                break;
            }
            section.compile(compilation, *item);
        }
    }
    if (const SettingsNode* node = reader.map("topology"); node != nullptr) compile_topology(compilation, *node);
    if (const SettingsNode* node = reader.map("priority"); node != nullptr) compile_priority(compilation, *node);
}

// Over all files; the parts were checked file by file.
void check_sizes(Compilation& compilation) {
    const RuleSet& set = compilation.set;
    const std::pair<std::string_view, std::size_t> sizes[] = {
        {"enrich", set.enrich.size()},     {"dedup", set.dedup.size()},         {"pair", set.pairs.size()},
        {"silences", set.silences.size()}, {"inhibit", set.inhibit.size()},     {"flapping", set.flapping.size()},
        {"storm", set.storms.size()},      {"correlate", set.correlate.size()}, {"route", set.routes.size()}};
    for (const auto& [section, size] : sizes) {
        if (size <= rules_max) continue;
        compilation.problems.add({compilation.bundle.files.back().first, 0, 0}, std::string(section),
                                 "has " + std::to_string(size) + " rules in all files, at most " +
                                     std::to_string(rules_max) + " are allowed");
    }
}

// Behind the rules of the files stand the built-in ones.
Compilation begin(const RuleBundle& bundle, const RuleSources* sources, Problems& problems,
                  std::vector<CorrelationRule>& defaults) {
    Compilation built_in{.bundle = bundle, .problems = problems, .is_built_in = true};
    compile_file(built_in, "built-in", default_rules());
    defaults = std::move(built_in.set.correlate);
    Compilation compilation{.bundle = bundle, .sources = sources, .problems = problems};
    compilation.set.priority = built_in.set.priority;
    compilation.group_labels = std::move(built_in.group_labels);
    return compilation;
}

void finish(Compilation& compilation, std::vector<CorrelationRule> defaults) {
    RuleSet& set = compilation.set;
    check_sizes(compilation);
    build_lookups(compilation);
    build_topology(compilation);
    check_routes(compilation);
    std::move(defaults.begin(), defaults.end(), std::back_inserter(set.correlate));
    if (set.routes.empty() && !compilation.bundle.sinks.empty()) {
        set.routes.push_back({{}, compilation.bundle.sinks, false, minutes(1)});
    }
}

Compilation compile_all(const RuleBundle& bundle, const RuleSources* sources, Problems& problems) {
    std::vector<CorrelationRule> defaults;
    Compilation compilation = begin(bundle, sources, problems, defaults);
    for (const auto& [name, text] : bundle.files) compile_file(compilation, name, text);
    finish(compilation, std::move(defaults));
    return compilation;
}

std::shared_ptr<const RuleSet> indexed(RuleSet set, std::string hash) {
    set.hash = std::move(hash);
    set.index = std::make_shared<const RuleIndex>(set);
    return std::make_shared<const RuleSet>(std::move(set));
}

}  // namespace

bool RulePlace::has(std::string_view key) const {
    return std::any_of(keys.begin(), keys.end(), [key](const Key& one) { return one.key == key; });
}

Location RulePlace::at(std::string_view key) const {
    const auto found = std::find_if(keys.begin(), keys.end(), [key](const Key& one) { return one.key == key; });
    if (found == keys.end()) return where;
    return {where.file, found->line, found->column};
}

RulePlace place_of(const SettingsNode& rule) {
    RulePlace place{rule.where, rule.path, {}};
    for (const SettingsNode::Member& member : rule.members) {
        place.keys.push_back({member.key, member.value.where.line, member.value.where.column});
    }
    return place;
}

std::string Compilation::name_of(FieldReader& reader, const std::string& section, std::size_t ordinal) {
    const bool is_given = reader.has("name");
    std::string name = reader.text("name");
    if (!is_given && section != "pair" && section != "flapping" && section != "storm") return name;
    if (!is_given) name = section + "-" + std::to_string(ordinal);
    if (name.empty()) return name;
    const SettingsNode* value = reader.node().find("name");
    const Location where = value != nullptr ? value->where : reader.node().where;
    const auto [first, is_new] = names[section].try_emplace(name, where);
    if (!is_new) {
        reader.problem("name",
                       shown(name) + " is the name of another rule, in " + first->second.file + " line " +
                           std::to_string(first->second.line),
                       "give each rule its own name");
    }
    return name;
}

bool read_optional(FieldReader& reader) { return reader.choice("require") == 1U; }

std::shared_ptr<const RuleSet> compile(const RuleBundle& bundle, Problems& problems) {
    const std::size_t before = problems.items().size();
    Compilation compilation = compile_all(bundle, nullptr, problems);
    if (problems.items().size() != before) return nullptr;
    return indexed(std::move(compilation.set), bundle.hash());
}

std::shared_ptr<const RuleSet> load_and_compile(RuleBundle& bundle, const RuleSources& sources, Instant now,
                                                Problems& problems) {
    const std::size_t before = problems.items().size();
    bundle.tables.clear();
    bundle.zones.clear();
    Compilation compilation = compile_all(bundle, &sources, problems);
    std::map<std::string, std::string> texts = std::move(compilation.topology_files);
    for (auto& [name, table] : compilation.tables) texts[name] = std::move(table.text);
    for (auto& [name, text] : texts) bundle.tables.emplace_back(name, std::move(text));
    for (auto& [name, zone] : compilation.zones) bundle.zones.emplace_back(name, std::move(zone.text));
    if (problems.items().size() != before) return nullptr;
    warn_of_doubtful_rules(compilation, now);
    if (compilation.set.topology != nullptr) compilation.topology.warn_of_doubts(*compilation.set.topology, problems);
    return indexed(std::move(compilation.set), bundle.hash());
}

}  // namespace incidentd
