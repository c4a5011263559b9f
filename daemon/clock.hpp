// The only place that names a clock.
#pragma once

#include "correlator/time.hpp"

#include <chrono>
#include <optional>

namespace incidentd {

Instant wall_clock_now();
std::chrono::steady_clock::time_point monotonic_now();
Duration uptime_now();  // monotonic, from some beginning

// Time for everything that waits: the wall clock, but never backwards. When that was set back, this one goes on from
// where it was at half speed until the two meet, so that nothing that waits stands still for as long as the step was.
// Pure; one thread.
class SteadyTime {
public:
    explicit SteadyTime(Instant not_before = {}) : last_(not_before) {}

    Instant at(Instant wall, Duration uptime);
    Duration ahead() const {
        return ahead_;
    }  // of the wall clock, at the last call; 0 but for a while after a step back

private:
    Instant last_;
    Duration ahead_;
    std::optional<Duration> counted_to_;  // the uptime that last_ accounts for
};
double cpu_seconds();  // of the calling thread, since it began

}  // namespace incidentd
