// What the calling thread computed, in seconds: waiting for a processor that others use does not count.
#pragma once

#include <time.h>

#include <algorithm>

namespace incidentd::quality {

inline double cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// Of one span between two readings that the reading itself takes: a fifth of a microsecond is much beside a repeat.
inline double cpu_reading_cost() {
    double least = 1;
    for (int i = 0; i < 1000; ++i) {
        const double begun = cpu_seconds();
        least = std::min(least, cpu_seconds() - begun);
    }
    return least;
}

class CpuSpan {
public:
    CpuSpan() : begun_(cpu_seconds()) {}
    double seconds() const {
        static const double reading = cpu_reading_cost();
        return std::max(0.0, cpu_seconds() - begun_ - reading);
    }

private:
    double begun_;
};

}  // namespace incidentd::quality
