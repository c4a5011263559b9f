// Alerts that a rule makes wait for others, and what must come in time. Private to correlator/.
#pragma once

#include "correlator/fingerprint.hpp"
#include "correlator/time.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

struct Waiter {
    std::uint32_t slot = 0;
    Instant at;               // its onset
    std::uint64_t value = 0;  // threshold: hash of the label whose values count; 0: it has none
};

// The alerts of one group of a threshold, sequence or absence rule that open nothing yet.
struct WaitGroup {
    std::string rule;
    std::uint64_t definition = 0;  // hash of what the rule says: another one, and its alerts are asked anew
    std::vector<Waiter> waiters;   // in the order of their onsets
    std::vector<Instant> began;    // sequence: for each step the latest beginning of the steps up to it; absent: none
};

// What must come again and again, or once in time.
struct AbsenceWatch {
    std::string rule;
    std::uint64_t definition = 0;
    Fingerprint group;
    std::vector<std::pair<std::string, std::string>> values;  // of the labels in `by`
    Instant due;                                              // absent: nothing is waited for
    std::uint32_t generation = 0;                             // grows when a wait begins
};

struct Patterns {
    static constexpr std::size_t groups_max = 100'000;  // past it alerts open as `group` rules would have them

    std::map<Fingerprint, WaitGroup> waiting;
    boost::unordered_flat_map<std::uint32_t, std::vector<Fingerprint>> waits_in;  // by slot; follows from `waiting`
    std::map<std::uint32_t, AbsenceWatch> absences;                               // by number, which grows
    std::uint32_t next_absence = 1;
    std::map<Fingerprint, std::uint32_t> absence_of_group;                     // follows from `absences`
    boost::unordered_flat_map<std::uint32_t, std::uint32_t> absence_alerts;    // slot of our own alert -> number
    boost::unordered_flat_map<std::uint32_t, std::vector<Fingerprint>> winds;  // by slot of a firing alert: groups
                                                                               // whose wait its messages end
};

}  // namespace incidentd
