// What operators write: rule files -> validated, compiled, immutable RuleSet.
#pragma once

#include "correlator/rule_set.hpp"
#include "rules/settings.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

// All that compiling needs, as one text that can be journaled: rule files with their names, and the sinks there are.
struct RuleBundle {
    std::vector<std::pair<std::string, std::string>> files;  // (name, YAML), in load order
    std::vector<std::string> sinks;                          // names of the configured sinks

    std::string serialise() const;                            // canonical; equal bundles give equal text
    static Result<RuleBundle> parse(std::string_view text);   // of serialise()
    std::string hash() const;                                 // 16 hex digits over serialise()
};

// nullptr when any problem was found. No files: the built-in default set (group by the identity labels, route to every sink).
std::shared_ptr<const RuleSet> compile(const RuleBundle& bundle, Problems& problems);

}  // namespace incidentd
