// Deadlines that fire in another order on replay give another history.
#include "correlator/deadlines.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace incidentd;

TEST_CASE("nothing is due before its time") {
    Deadlines deadlines;
    CHECK_FALSE(deadlines.next());
    CHECK_FALSE(deadlines.pop_due(Instant{100}));
    deadlines.set(Instant{5}, DeadlineKind::update_due, 7, 3, 2);
    CHECK(deadlines.next() == Instant{5});
    CHECK_FALSE(deadlines.pop_due(Instant{4}));
    const auto due = deadlines.pop_due(Instant{5});
    REQUIRE(due);
    CHECK(due->kind == DeadlineKind::update_due);
    CHECK(due->subject == 7);
    CHECK(due->generation == 3);
    CHECK(due->detail == 2);
    CHECK(deadlines.size() == 0);
}

TEST_CASE("they come by time, and equal times in the order of setting") {
    std::mt19937_64 random(1);
    Deadlines deadlines;
    std::vector<std::pair<std::int64_t, std::uint64_t>> expected;
    for (std::uint64_t i = 0; i < 2000; ++i) {
        const auto at = static_cast<std::int64_t>(random() % 50);
        deadlines.set(Instant{at}, DeadlineKind::quiet_over, i, 0);
        expected.emplace_back(at, i);
    }
    std::sort(expected.begin(), expected.end());
    for (const auto& [at, subject] : expected) {
        const auto due = deadlines.pop_due(Instant{50});
        REQUIRE(due);
        CHECK(due->at.ms == at);
        CHECK(due->subject == subject);
    }
}
