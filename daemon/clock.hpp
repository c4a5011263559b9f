// The only place that names a clock.
#pragma once

#include "correlator/time.hpp"

#include <chrono>

namespace incidentd {

Instant wall_clock_now();
std::chrono::steady_clock::time_point monotonic_now();
double cpu_seconds();  // of the calling thread, since it began

}  // namespace incidentd
