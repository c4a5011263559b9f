#include "daemon/clock.hpp"

namespace incidentd {

Instant wall_clock_now() {
    using namespace std::chrono;
    return {duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count()};
}

std::chrono::steady_clock::time_point monotonic_now() { return std::chrono::steady_clock::now(); }

}  // namespace incidentd
