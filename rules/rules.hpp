// What operators write: rule files -> validated, compiled, immutable RuleSet.
#pragma once

#include "correlator/rule_set.hpp"
#include "rules/settings.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

// All that compiling needs, as one text that can be journaled: rule files with their names, and the sinks there are.
struct RuleBundle {
    std::vector<std::pair<std::string, std::string>> files;  // (name, YAML), in load order
    std::vector<std::string> sinks;                          // names of the configured sinks

    std::string serialise() const;                           // canonical; equal bundles give equal text
    static Result<RuleBundle> parse(std::string_view text);  // of serialise()
    std::string hash() const;                                // 16 hex digits over serialise()
};

// Bounds of one bundle; more is a problem.
constexpr std::size_t correlate_rules_max = 2000;
constexpr std::size_t routes_max = 500;
constexpr std::size_t group_labels_max = 16;  // `by` of one rule

// The rules that stand behind every set, as the YAML they are compiled from: docs/rules.md shows them.
std::string_view default_rules();

// nullptr when any problem was found. Every set ends with default_rules(); without a `route` every sink gets
// everything.
std::shared_ptr<const RuleSet> compile(const RuleBundle& bundle, Problems& problems);

}  // namespace incidentd
