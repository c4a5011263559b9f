// What the sections' compilers share. Private to rules/: one function a section, each in the file of its kind.
#pragma once

#include "correlator/rule_set.hpp"
#include "rules/csv.hpp"
#include "rules/field_reader.hpp"
#include "rules/rules.hpp"
#include "rules/topology_files.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace incidentd {

// Where a rule stands, for problems that show only when all rules are known.
struct RulePlace {
    Location where;
    std::string path;
    struct Key {
        std::string key;
        int line = 0, column = 0;  // of the value
    };
    std::vector<Key> keys{};

    bool has(std::string_view key) const;
    Location at(std::string_view key) const;  // the rule's own place when it has no such key
};
RulePlace place_of(const SettingsNode& rule);

// Beside each list of the set, the places of its rules, in the same order; the built-in rules have none.
struct RulePlaces {
    std::vector<RulePlace> enrich, dedup, pairs, silences, inhibit, flapping, storms, correlate, routes;
};

struct Compilation {
    const RuleBundle& bundle;
    const RuleSources* sources = nullptr;  // nullptr: the bundle holds everything
    Problems& problems;
    bool is_built_in = false;  // the rules behind all others are being compiled

    RuleSet set{};
    RulePlaces places{};
    std::set<std::string> group_labels{};  // every `by`: what routes may ask for
    std::optional<Location> matrix_at{};
    std::map<std::string, std::map<std::string, Location>> names{};  // by section

    // What the rules refer to, by the name in the bundle. A null: it could not be read, which was reported.
    struct Table {
        std::optional<CsvTable> csv;
        std::string text;
    };
    std::map<std::string, Table> tables{};
    struct Zone {
        std::shared_ptr<const ZoneTable> table;
        std::string text;
    };
    std::map<std::string, Zone> zones{};
    // Lookups are built when it is known which columns any rule takes.
    struct Lookup {
        std::size_t rule = 0;  // in set.enrich
        std::string table, key;
    };
    std::vector<Lookup> lookups{};
    TopologyDraft topology{};
    std::optional<RulePlace> learn_at{};                  // `topology.learn`, of the one file that may have it
    std::map<std::string, std::string> topology_files{};  // texts by the name in the bundle

    // The name under `name`, unique in the section; "section-N" when there is none.
    std::string name_of(FieldReader& reader, const std::string& section, std::size_t ordinal);
};

void compile_enrich(Compilation& compilation, const SettingsNode& node);
void build_lookups(Compilation& compilation);  // after all files
void compile_topology(Compilation& compilation, const SettingsNode& node);
void build_topology(Compilation& compilation);  // after all files
void compile_dedup(Compilation& compilation, const SettingsNode& node);
void compile_pair(Compilation& compilation, const SettingsNode& node);
void compile_silence(Compilation& compilation, const SettingsNode& node);
void compile_maintenance(Compilation& compilation, const SettingsNode& node);
void compile_inhibit(Compilation& compilation, const SettingsNode& node);
void compile_flapping(Compilation& compilation, const SettingsNode& node);
void compile_storm(Compilation& compilation, const SettingsNode& node);
void compile_correlate(Compilation& compilation, const SettingsNode& node);
void compile_priority(Compilation& compilation, const SettingsNode& node);
void compile_route(Compilation& compilation, const SettingsNode& node);
void check_routes(Compilation& compilation);  // after all files

Recurrence compile_recurrence(Compilation& compilation, const SettingsNode& node);
// The path beside the rule file, without "." and ".." where they can be resolved.
std::string path_beside(const std::string& rule_file, const std::string& path);
// `require`: true for `optional`.
bool read_optional(FieldReader& reader);

}  // namespace incidentd
