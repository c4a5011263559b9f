#include "rules/rules.hpp"

namespace incidentd {

// Evidence decides which alerts belong together (decision 0013). A lone warning waits 20 minutes behind the
// gate, or four hours if its check usually fires alone: an installation without rules should rather tell of it late
// than not at all (decisions 0019 and 0020).
std::string_view default_rules() {
    return R"yaml(version: 1
correlate:
  - {name: default-topology, op: topology, gate: {checks: 2, critical_after: 0s, other_after: 20m}}
priority:
  matrix:
    high: {critical: P1, high: P1, medium: P2, low: P3}
    medium: {critical: P1, high: P2, medium: P3, low: P4}
    low: {critical: P2, high: P3, medium: P4, low: P5}
)yaml";
}

}  // namespace incidentd
