// For rules that are read without a configuration beside them: tests, checks in a repository of rules.
#pragma once

#include "rules/rules.hpp"

#include <string>
#include <vector>

namespace incidentd {

// The sinks that the routes of the bundle's files name, in order, each once. What cannot be read names none.
std::vector<std::string> named_sinks(const RuleBundle& bundle);

}  // namespace incidentd
