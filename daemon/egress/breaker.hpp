// A circuit breaker: after so many failures in a row nothing is attempted for a while, then one probe decides. Keeps a
// dead ticket system from being asked by every incident. Pure: time is passed in.
#pragma once

#include "correlator/time.hpp"

#include <cstdint>
#include <optional>

namespace incidentd {

enum class BreakerState : std::uint8_t { closed = 0, half_open = 1, open = 2 };  // the metric's values

class Breaker {
public:
    explicit Breaker(std::uint32_t failures_max) : failures_max_(failures_max) {}  // 0: never opens

    BreakerState state() const { return state_; }
    unsigned failures() const { return failures_; }  // in a row; those that end while it is open do not count

    // When the next attempt may begin; nullopt: not before the probe's end is known.
    std::optional<Instant> admits_from() const;

    // Each returns true when the state changed.
    bool begun();                             // an attempt begins, at admits_from() or later
    bool succeeded();                         // the system answered, whatever it thought of the request
    bool failed(Instant now, Duration rest);  // no answer or 5xx; `rest`: how long to leave it alone if this opens it
    Instant open_until() const { return open_until_; }

private:
    std::uint32_t failures_max_;
    BreakerState state_ = BreakerState::closed;
    unsigned failures_ = 0;
    Instant open_until_;
};

}  // namespace incidentd
