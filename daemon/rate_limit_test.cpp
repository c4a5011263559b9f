// A limit could let more through than configured, or lock somebody out for good after a burst or a clock set back.
#include "daemon/rate_limit.hpp"

#include <doctest/doctest.h>

namespace incidentd {

TEST_CASE("rate limit: a burst at once, then the rate") {
    RateLimit limit(60, 3);
    Instant now{1'000'000};
    for (int i = 0; i < 3; ++i) {
        CHECK(limit.wait(now) == Duration{0});
        limit.take(now);
    }
    CHECK(limit.wait(now) == seconds(1));
    now = now + milliseconds(999);
    CHECK(limit.wait(now) == milliseconds(1));
    now = now + milliseconds(1);
    CHECK(limit.wait(now) == Duration{0});
    limit.take(now);
    CHECK(limit.wait(now) == seconds(1));
    CHECK(limit.wait(now + hours(1), 3) == Duration{0});
}

TEST_CASE("rate limit: over an hour no more than the rate and one burst passes") {
    RateLimit limit(600, 20);
    std::uint64_t taken = 0;
    for (Instant now{1}; now < Instant{1} + hours(1); now = now + milliseconds(7))
        if (limit.wait(now).ms == 0) {
            limit.take(now);
            ++taken;
        }
    CHECK(taken >= 600 * 60);
    CHECK(taken <= 600 * 60 + 20);
}

TEST_CASE("rate limit: more than a burst passes a full bucket and is paid for afterwards") {
    RateLimit limit(60, 2);
    const Instant now{5'000};
    CHECK(limit.wait(now, 10) == Duration{0});
    limit.take(now, 10);
    CHECK(limit.wait(now) == seconds(9));
    CHECK(limit.wait(now, 10) == seconds(10));
}

TEST_CASE("rate limit: without a limit nobody waits; a clock set back locks nobody out") {
    RateLimit none;
    none.take(Instant{1}, 1'000'000);
    CHECK(none.wait(Instant{1}) == Duration{0});
    RateLimit limit(60, 1);
    limit.take(Instant{0} + hours(24 * 365));
    CHECK(limit.wait(Instant{1000}) <= hours(1));
}

}  // namespace incidentd
