#include "daemon/rate_limit.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t debt_us_max = minute_us;  // beyond a burst: nobody waits longer for what passed in spite of it

}  // namespace

RateLimit::RateLimit(std::uint64_t per_minute, std::uint64_t burst)
    : interval_us_(
          std::max<std::int64_t>(minute_us / static_cast<std::int64_t>(std::max<std::uint64_t>(per_minute, 1)), 1)),
      burst_us_(interval_us_ * static_cast<std::int64_t>(std::max<std::uint64_t>(burst, 1))) {}

// A clock that was set back must not make anybody wait longer than a full bucket's worth.
std::int64_t RateLimit::debt_us(Instant now) const {
    return std::clamp<std::int64_t>(paid_us_ - now.ms * 1000, 0, burst_us_ + debt_us_max);
}

Duration RateLimit::wait(Instant now, std::uint64_t units) const {
    if (!limited()) return Duration{0};
    const std::int64_t cost = std::min(interval_us_ * static_cast<std::int64_t>(units), burst_us_);
    const std::int64_t over_us = debt_us(now) + cost - burst_us_;
    return over_us <= 0 ? Duration{0} : Duration{(over_us + 999) / 1000};
}

void RateLimit::take(Instant now, std::uint64_t units) {
    if (!limited()) return;
    paid_us_ = now.ms * 1000 + debt_us(now) + interval_us_ * static_cast<std::int64_t>(units);
}

}  // namespace incidentd
