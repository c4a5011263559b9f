// A token bucket in integers: `per_minute` units on the long run, `burst` at once. Pure: time is passed in.
#pragma once

#include "correlator/time.hpp"

#include <cstdint>

namespace incidentd {

class RateLimit {
public:
    RateLimit() = default;  // no limit
    // Both at least 1. Rates above 60 million a minute count as that.
    RateLimit(std::uint64_t per_minute, std::uint64_t burst);

    bool limited() const { return interval_us_ > 0; }

    // How long until `units` may be taken; 0: now. More than a burst is let through when the bucket is full: it could
    // never pass otherwise.
    Duration wait(Instant now, std::uint64_t units = 1) const;
    void take(Instant now, std::uint64_t units = 1);  // also what exceeds the limit: it is paid back by who comes next

private:
    std::int64_t debt_us(Instant now) const;

    std::int64_t interval_us_ = 0;  // of one unit; 0: no limit
    std::int64_t burst_us_ = 0;
    std::int64_t paid_us_ = 0;  // when everything taken so far is paid for
};

}  // namespace incidentd
