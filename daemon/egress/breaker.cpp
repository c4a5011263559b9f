#include "daemon/egress/breaker.hpp"

#include <utility>

namespace incidentd {

std::optional<Instant> Breaker::admits_from() const {
    switch (state_) {
        case BreakerState::closed:
            return Instant{};
        case BreakerState::open:
            return open_until_;
        case BreakerState::half_open:
            return std::nullopt;
    }
    return std::nullopt;
}

bool Breaker::begun() {
    if (state_ != BreakerState::open) return false;
    state_ = BreakerState::half_open;
    return true;
}

bool Breaker::succeeded() {
    failures_ = 0;
    return std::exchange(state_, BreakerState::closed) != BreakerState::closed;
}

bool Breaker::failed(Instant now, Duration rest) {
    if (state_ == BreakerState::open) return false;  // begun before it opened
    ++failures_;
    if (failures_max_ == 0 || failures_ < failures_max_) return false;
    state_ = BreakerState::open;
    open_until_ = now + rest;
    return true;
}

}  // namespace incidentd
