// The way of one alert through a rule set, rule by rule, each with yes or no and why. Nothing here decides anything:
// the rules are asked again, and what the engine itself says of the alert stands beside it.
#pragma once

#include "correlator/alert.hpp"
#include "correlator/rule_set.hpp"
#include "correlator/time.hpp"

#include <string>
#include <utility>
#include <vector>

namespace incidentd {

struct PathStep {
    std::string section;  // "enrich", "silences" ...
    std::string rule;     // its name; "#2" where rules have none
    bool applies = false;
    bool asked = true;  // false: a rule before it took the alert
    std::string why;    // which matcher failed with which value, or what the rule does
};

struct AlertPath {
    std::vector<std::pair<std::string, std::string>> labels;  // as the rules leave them
    std::vector<PathStep> steps;                              // in the order the engine asks
    std::string identity;                                     // what makes it one alert, in words
};

// `event` as its source sent it, received at `at`.
AlertPath alert_path(const RuleSet& rules, const AlertEvent& event, Instant at);

// Of an incident's routes; `labels` as route_labels() gives them.
std::vector<PathStep> route_path(const RuleSet& rules, LabelsView labels);

// "" when all match; else the first that does not, and the value it met.
std::string mismatch(const Matchers& matchers, LabelsView labels);

}  // namespace incidentd
