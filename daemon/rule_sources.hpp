// What rules refer to, read from this machine: CSV files, and the time zone database under /usr/share/zoneinfo.
#pragma once

#include "rules/rules.hpp"

namespace incidentd {

// Bounded reads of regular files; a zone's name cannot leave the database's directory. No state: any thread.
RuleSources rule_sources();

}  // namespace incidentd
