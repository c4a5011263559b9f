#include "correlator/arithmetic.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace incidentd;

TEST_CASE("logarithms and decay are what libm says, but for what nobody sees") {
    for (std::uint32_t number = 1; number < 100'000; number += 7)
        REQUIRE(std::abs(log_of(number) - std::log(static_cast<double>(number))) < 1e-8);
    CHECK(log_of(1) == 0);
    CHECK(std::abs(log_of(UINT32_MAX) - std::log(4294967295.0)) < 1e-8);
    for (double lives = 0; lives < 40; lives += 0.013) REQUIRE(std::abs(left_after(lives) - std::exp2(-lives)) < 1e-9);
    CHECK(left_after(0) == 1);
    CHECK(left_after(3) == 0.125);
    CHECK(left_after(1e12) >= 0);
}
