// What operators write: rule files -> validated, compiled, immutable RuleSet.
#pragma once

#include "correlator/rule_set.hpp"
#include "rules/settings.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

// All that compiling needs, as one text that can be journaled: rule files with their names, the sinks there are, and
// what the rules refer to, so that a replay elsewhere knows the same tables and the same calendar.
struct RuleBundle {
    using NamedTexts = std::vector<std::pair<std::string, std::string>>;
    NamedTexts files;                // (name, YAML), in load order
    std::vector<std::string> sinks;  // names of the configured sinks
    NamedTexts tables{};             // (name, text), by name: CSV and topology files; filled by load_and_compile()
    NamedTexts zones{};              // (name, offsets as zone_text() writes them), by name; likewise

    std::string serialise() const;  // canonical; equal bundles give equal text
    static Result<RuleBundle> parse(
        std::string_view text);  // of serialise(), also of versions without tables and zones
    std::string hash() const;    // 16 hex digits over serialise()
};

// Where load_and_compile() gets what rules refer to; rules/ itself reads no file. Errors become problems at the
// reference.
struct RuleSources {
    std::function<Result<std::string>(const std::string& path)>
        table;  // bytes of a table or topology; path as in the bundle
    // Bytes of a TZif file (RFC 9636) of the time zone database. not_found: there is no such zone.
    std::function<Result<std::string>(const std::string& name)> zone;
    std::function<std::vector<std::string>()> zone_names;  // for hints; may give none
};

// Bounds of one bundle; more is a problem.
constexpr std::size_t rules_max = 20'000;  // of each section
constexpr std::size_t lookup_rows_max = 500'000;
constexpr std::size_t lookup_bytes_max = 32 * 1024 * 1024;  // of one CSV file

// The rules that stand behind every set, as the YAML they are compiled from: docs/rules.md shows them.
std::string_view default_rules();

// Compiles, takes the tables and zones the rules name into the bundle, and adds warnings about rules that are probably
// not meant so. `now`: silences that are over by then are warned of; absent: none are. nullptr when there are problems.
std::shared_ptr<const RuleSet> load_and_compile(RuleBundle& bundle, const RuleSources& sources, Instant now,
                                                Problems& problems);

// The same set from a bundle that holds everything, without the search for warnings: replay, tests. nullptr when any
// problem was found. Every set ends with default_rules(); without a `route` every sink gets everything.
std::shared_ptr<const RuleSet> compile(const RuleBundle& bundle, Problems& problems);

}  // namespace incidentd
