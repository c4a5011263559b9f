// A time scale that is wrong joins or parts everything a source says.
#include "correlator/source_pace.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

}  // namespace

TEST_CASE("A source is taken for slow until enough is known") {
    SourcePace pace;
    CHECK(pace.scale() == seconds(200));
    for (int i = 0; i < 90; ++i) pace.onset(start + milliseconds(i * 7919), seconds(1));
    CHECK(pace.scale() == seconds(200));
}

TEST_CASE("The scale is where the rate of related onsets has fallen off") {
    SourcePace fast, slow;
    for (int i = 0; i < 6400; ++i) {
        fast.onset(start + milliseconds(i * 7919 + i * i % 1000),
                   i % 4 != 0 ? milliseconds(700) : seconds(700 + i % 900));
        slow.onset(start + milliseconds(i * 7919 + i * i % 1000),
                   i % 4 != 0 ? seconds(i % 100) : seconds(2000 + i % 900));
    }
    CHECK(fast.scale() >= seconds(2));
    CHECK(fast.scale() < seconds(20));
    CHECK(slow.scale() > seconds(80));
    CHECK(slow.scale() <= seconds(300));
}

TEST_CASE("A source that looks every five minutes is known by its stamps, and its scale spans several looks") {
    SourcePace pace;
    for (int i = 0; i < 200; ++i) pace.onset(start + minutes(5) * (i / 3 * 7), Duration{0});
    CHECK(pace.step() == minutes(35));
    CHECK(pace.scale() == seconds(900));
    CHECK(pace.busy_share() > 0.9);
    SourcePace any;
    for (int i = 0; i < 200; ++i) any.onset(start + milliseconds(i * 104'729), Duration{0});
    CHECK(any.step() == milliseconds(104'729));
}

TEST_CASE("A source without recoveries is told by their absence, and its alerts end by silence") {
    SourcePace pace;
    for (int i = 0; i < 200; ++i) pace.onset(start + milliseconds(i * 7919), milliseconds(700));
    CHECK_FALSE(pace.sends_recoveries());
    CHECK(pace.silence_most() < minutes(6));
    for (int i = 0; i < 100; ++i) pace.recovery();
    CHECK(pace.sends_recoveries());
    CHECK(pace.silence_most() == minutes(75));
    for (int i = 0; i < 100; ++i) pace.repetition(hours(2));
    CHECK(pace.silence_most() == hours(5));
}

TEST_CASE("How late sources are is learned from what both of them saw") {
    SourcePace early, late;
    for (int i = 0; i < 2000; ++i) late.compare(early, seconds(60 + i % 20));
    const Duration apart = late.delay() - early.delay();
    CHECK(apart > seconds(60));
    CHECK(apart < seconds(80));
}
