// Rule files from the disk, for the daemon and for the commands that work without one.
#pragma once

#include "correlator/result.hpp"
#include "rules/rules.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// The files that `patterns` name, each once: a path as it is, a pattern (*, ?, [..]) in the order of its names.
// Relative ones start in `directory`. `fault` is told of a pattern that names nothing.
std::vector<std::string> find_rule_files(const std::vector<std::string>& patterns, const std::string& directory,
                                         const std::function<void(const std::string& message)>& fault);

// Reads them into a bundle. `fault` is told of those that cannot be read; false: past the bounds of a bundle, which
// must not be compiled then.
bool read_rule_files(const std::vector<std::string>& files, RuleBundle& bundle,
                     const std::function<void(const std::string& message)>& fault);

// The bundle a configuration names, read without its secrets: rules and names of sinks. Problems are added.
RuleBundle rules_of_config(const std::string& config_file, Problems& problems);

// The bundle of files named on a command line; its sinks are those its routes name. Problems are added.
RuleBundle rules_of_files(const std::vector<std::string>& patterns, Problems& problems);

}  // namespace incidentd
