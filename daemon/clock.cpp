#include "daemon/clock.hpp"

#include <ctime>

namespace incidentd {

Instant wall_clock_now() {
    using namespace std::chrono;
    return {duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count()};
}

std::chrono::steady_clock::time_point monotonic_now() { return std::chrono::steady_clock::now(); }

double cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace incidentd
