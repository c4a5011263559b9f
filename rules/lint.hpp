// Warnings about rules that compile and yet are probably not meant so: they can never match, an earlier rule takes all
// they match, two of them compete.
#pragma once

#include "rules/compiler.hpp"

namespace incidentd {

// Of a compilation without problems. `now`: absent means that no silence is over. The search for rules that earlier
// ones shadow compares at most shadow_comparisons_max pairs; a warning says so when that was not enough.
constexpr std::size_t shadow_comparisons_max = 1'000'000;
void warn_of_doubtful_rules(Compilation& compilation, Instant now);

}  // namespace incidentd
