// What was aimed at, by set and column of the table; and what other methods reached where they were published or
// measured by others, for orientation.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace incidentd::quality {

struct Goal {
    std::string_view set, column;
    double value;
    bool is_most;  // no more than so much; else at least
};
std::span<const Goal> goals();
const Goal* goal_of(std::string_view set, std::string_view column);  // null: none
bool is_met(const Goal& goal, double value);

// How a set is called in the documentation. "small-other": alike, of another simulator.
std::string title_of(std::string_view set);

}  // namespace incidentd::quality
