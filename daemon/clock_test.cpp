// A clock that an operator or NTP sets back must not stop what waits, nor take time from anybody.
#include "daemon/clock.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("steady time is the wall clock while that goes forwards") {
    SteadyTime time;
    CHECK(time.at(Instant{1'000}, milliseconds(7)) == Instant{1'000});
    CHECK(time.at(Instant{1'500}, milliseconds(507)) == Instant{1'500});
    CHECK(time.at(Instant{9'000}, milliseconds(508)) == Instant{9'000});  // set forwards
    CHECK(time.ahead() == Duration{0});
}

TEST_CASE("after a step back steady time goes on at half speed until the wall clock has caught up") {
    SteadyTime time;
    CHECK(time.at(Instant{10'000}, milliseconds(0)) == Instant{10'000});
    CHECK(time.at(Instant{6'000}, milliseconds(0)) == Instant{10'000});
    CHECK(time.ahead() == seconds(4));
    Instant before{10'000};
    for (std::int64_t ms = 1; ms <= 8'000; ++ms) {
        const Instant now = time.at(Instant{6'000 + ms}, milliseconds(ms));
        CHECK(now >= before);
        before = now;
        if (ms == 2'001) CHECK(now == Instant{11'000});
    }
    CHECK(before == Instant{14'000});
    CHECK(time.ahead() == Duration{0});
    CHECK(time.at(Instant{15'000}, milliseconds(9'000)) == Instant{15'000});
}

TEST_CASE("steady time begins where an earlier life left off") {
    SteadyTime time(Instant{10'000});
    CHECK(time.at(Instant{4'000}, milliseconds(50)) == Instant{10'000});
    CHECK(time.at(Instant{4'100}, milliseconds(150)) == Instant{10'050});
    CHECK(time.at(Instant{20'000}, milliseconds(151)) == Instant{20'000});
}
