// A gate that opens too easily wakes people for noise; one that opens too late keeps an outage from them.
#include "correlator/opening_gate.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};
constexpr CheckHabit usual{12, 2};

OpeningGate gate_of(std::uint32_t checks) {
    OpeningGate gate;
    gate.wants = {checks, seconds(0), minutes(20), hours(4)};
    gate.watch({0, 0, 1, 0, 0}, start);
    return gate;
}

}  // namespace

TEST_CASE("Checks that usually fire alone count as one together, and alone one more is wanted") {
    OpeningGate gate = gate_of(2);
    gate.count(Severity::warning, 1, &usual);
    gate.count(Severity::warning, 2, &usual);
    CHECK_FALSE(gate.is_passed(start));
    CHECK(gate.due() == start + hours(4));
    gate.count(Severity::warning, 3, &usual);
    CHECK(gate.is_passed(start));
    OpeningGate mixed = gate_of(3);
    mixed.count(Severity::warning, 1, &usual);
    mixed.count(Severity::warning, 2, &usual);
    mixed.count(Severity::warning, 3, nullptr);
    CHECK_FALSE(mixed.is_passed(start));
    CHECK(mixed.due() == start + minutes(20));
    mixed.count(Severity::warning, 4, nullptr);
    CHECK(mixed.is_passed(start));
    CHECK(mixed.passed_because(start) == "4 different checks fired: it opens");
    OpeningGate first = gate_of(1);
    first.count(Severity::warning, 1, &usual);
    CHECK(first.is_passed(start));
}

TEST_CASE("It says what it waits for, the habit too, and why it opened") {
    OpeningGate gate = gate_of(2);
    gate.count(Severity::warning, 1, &usual);
    CHECK(gate.waits_for() ==
          "held: nobody is told until 2 different checks fire, an alert that is critical or of unknown severity fires, "
          "or "
          "a lesser one has for 4h; its check usually fires alone (in 12 of 14 cases)");
    OpeningGate flapping = gate_of(2);
    flapping.count(Severity::warning, 1, nullptr);
    CHECK(flapping.waits_for().ends_with("or a lesser one has for 20m"));
    flapping.fired = 2;
    CHECK_FALSE(flapping.is_passed(start));
    flapping.fired = 3;
    CHECK(flapping.is_passed(start));
    CHECK(flapping.passed_because(start) == "it fired 3 times: it opens");
    gate.fired = 30;  // a habit
    CHECK_FALSE(gate.is_passed(start));
    gate.take(flapping);
    CHECK(gate.is_passed(start));
}
