// A record that moves, or a number given twice, lets two alerts write into one.
#include "correlator/slots.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace incidentd;

TEST_CASE("numbers are dense, and freed ones are used again, last freed first") {
    Slots<int> slots;
    CHECK(slots.end() == 0);
    for (std::uint32_t i = 0; i < 5; ++i) CHECK(slots.take() == i);
    slots.give_back(1);
    slots.give_back(3);
    CHECK(slots.take() == 3);
    CHECK(slots.take() == 1);
    CHECK(slots.take() == 5);
    CHECK(slots.end() == 6);
}

TEST_CASE("growing over several chunks moves no record") {
    Slots<std::uint32_t> slots;
    std::vector<std::uint32_t*> places;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        const auto slot = slots.take();
        slots[slot] = i;
        places.push_back(&slots[slot]);
    }
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        CHECK(places[i] == &slots[i]);
        CHECK(slots[i] == i);
    }
}
