// The figures of a replay, one a row. Private to report*.cpp.
#pragma once

#include "daemon/replay/report.hpp"

#include <string>
#include <vector>

namespace incidentd {

struct ReportRow {
    std::string name;
    std::string before, after, change;  // before and change empty without --against
};

std::vector<ReportRow> report_rows(const ReplayReport& report);

// Alerts that opened nothing of their own, in percent of all that fired.
double noise_reduction(const ReplayTally& tally);

}  // namespace incidentd
