// A check that cries wolf would open an incident each time; one held for a habit that it does not have keeps an outage
// from people.
#include "correlator/check_habits.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("A check is usually alone after three cases, and no longer when it often has company") {
    CheckHabits habits;
    CHECK(habits.usually_alone(7) == nullptr);
    habits.ended_alone(7);
    habits.ended_alone(7);
    CHECK(habits.usually_alone(7) == nullptr);
    habits.ended_alone(7);
    REQUIRE(habits.usually_alone(7) != nullptr);
    CHECK(habits.usually_alone(7)->alone == 3);
    CHECK(habits.usually_alone(8) == nullptr);
    for (int i = 0; i < 4; ++i) habits.met_others(7);
    CHECK(habits.usually_alone(7) != nullptr);  // 3 of 7
    habits.met_others(7);
    CHECK(habits.usually_alone(7) == nullptr);  // 3 of 8
}

TEST_CASE("Old habits fade, and the table has an end") {
    CheckHabits habits;
    for (int i = 0; i < 10'000; ++i) habits.ended_alone(7);
    REQUIRE(habits.usually_alone(7) != nullptr);
    CHECK(habits.usually_alone(7)->alone <= habit_cases_most);
    for (std::uint32_t i = 0; i < 2 * habit_cases_most; ++i) habits.met_others(7);
    CHECK(habits.usually_alone(7) == nullptr);
    for (std::uint64_t check = 0; check < checks_with_habits_max + 100; ++check)
        for (int i = 0; i < 3; ++i) habits.ended_alone(check);
    CHECK(habits.size() == checks_with_habits_max);
    CHECK(habits.usually_alone(checks_with_habits_max + 99) == nullptr);
    CHECK(habits.usually_alone(8) != nullptr);
}
