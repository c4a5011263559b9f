// The hours outside of time intervals, as schedules: what `active_time_intervals` leaves muted. Private to
// rules/import/.
#pragma once

#include "rules/import/time_intervals.hpp"

#include <string>
#include <vector>

namespace incidentd::importing {

struct OffTimes {
    std::vector<std::string> schedules;  // lines of `schedule:` of a silence; none: the intervals hold all the time
    std::string why_not;                 // not empty: these hours cannot be said, in words
};
// When none of the intervals holds.
OffTimes outside_of(const std::vector<const NamedInterval*>& intervals);

}  // namespace incidentd::importing
