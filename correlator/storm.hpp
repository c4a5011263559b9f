// How many new alerts are usual, and when there are too many. Private to correlator/.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace incidentd {

struct StormRule;

// Of one value of one storm rule. Counts in windows that follow one another from the first alert on.
struct StormWatch {
    static constexpr std::size_t watches_max = 10'000;  // past it all further values are watched as one

    std::string rule, value;
    Instant window_began;
    std::uint64_t count = 0, count_before = 0;  // new alerts in this window and in the one before
    double usual = 0;                           // exponentially weighted mean of windows outside of storms
    Instant last_over;                          // when the bound was last passed
    bool is_on = false;

    void roll(Instant now, Duration window);
    // New alerts in the window that ends now: what of the last one lies within it counts by its share.
    double recent(Instant now, Duration window) const;
};

double storm_bound(const StormRule& rule, const StormWatch& watch);

}  // namespace incidentd
