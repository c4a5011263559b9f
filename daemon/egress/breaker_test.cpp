// A breaker that never opens hammers a dead system; one that never closes again withholds every ticket.
#include "daemon/egress/breaker.hpp"

#include <doctest/doctest.h>

namespace incidentd {

TEST_CASE("breaker: opens after so many failures in a row, one probe decides") {
    Breaker breaker(3);
    const Instant now{1000};
    CHECK(!breaker.failed(now, seconds(5)));
    CHECK(!breaker.failed(now, seconds(5)));
    CHECK(!breaker.succeeded());
    for (int i = 0; i < 2; ++i) CHECK(!breaker.failed(now, seconds(5)));
    CHECK(breaker.failed(now, seconds(5)));
    CHECK(breaker.state() == BreakerState::open);
    CHECK(breaker.admits_from() == now + seconds(5));
    CHECK(!breaker.failed(now, seconds(50)));  // begun before
    CHECK(breaker.admits_from() == now + seconds(5));
    CHECK(breaker.begun());
    CHECK(breaker.state() == BreakerState::half_open);
    CHECK(!breaker.admits_from().has_value());
    CHECK(breaker.failed(now + seconds(6), seconds(10)));
    CHECK(breaker.failures() == 4);
    CHECK(breaker.admits_from() == now + seconds(16));
    CHECK(breaker.begun());
    CHECK(breaker.succeeded());
    CHECK(breaker.state() == BreakerState::closed);
    CHECK(breaker.failures() == 0);
    CHECK(breaker.admits_from() == Instant{});
}

TEST_CASE("breaker: an answer to something begun before closes it, zero means never") {
    Breaker breaker(1);
    CHECK(breaker.failed(Instant{1}, seconds(5)));
    CHECK(breaker.succeeded());
    CHECK(breaker.state() == BreakerState::closed);
    Breaker never(0);
    for (int i = 0; i < 1000; ++i) CHECK(!never.failed(Instant{1}, seconds(5)));
    CHECK(never.state() == BreakerState::closed);
}

}  // namespace incidentd
