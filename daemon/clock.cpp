#include "daemon/clock.hpp"

#include <algorithm>
#include <ctime>

namespace incidentd {

Instant wall_clock_now() {
    using namespace std::chrono;
    return {duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count()};
}

Duration uptime_now() {
    using namespace std::chrono;
    return {duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count()};
}

Instant SteadyTime::at(Instant wall, Duration uptime) {
    if (counted_to_ && wall < last_) {
        const std::int64_t steps = std::max<std::int64_t>((uptime - *counted_to_).ms / 2, 0);
        last_ = last_ + Duration{steps};
        counted_to_ = *counted_to_ + Duration{steps * 2};
    }
    if (wall >= last_) {
        last_ = wall;
        counted_to_ = uptime;
    } else if (!counted_to_) {
        counted_to_ = uptime;
    }
    ahead_ = last_ - wall;
    return last_;
}

std::chrono::steady_clock::time_point monotonic_now() { return std::chrono::steady_clock::now(); }

double cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace incidentd
