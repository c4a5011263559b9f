// The only place that names a clock.
#pragma once

#include "correlator/time.hpp"

#include <chrono>

namespace incidentd {

Instant wall_clock_now();
std::chrono::steady_clock::time_point monotonic_now();

}  // namespace incidentd
