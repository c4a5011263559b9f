// A flapping alert that opens a ticket a minute is noise; one whose last recovery is lost is a ticket for ever.
#include "correlator/flapping.hpp"
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test;

namespace {

RuleSet flapping() {
    RuleSet set = Engine::rules();
    set.correlate[0].quiet = seconds(10);
    FlappingRule rule;
    rule.name = "often";
    rule.window = minutes(30);
    rule.start = 6;
    rule.stop_quiet = minutes(15);
    set.flapping = {rule};
    return set;
}

// Fires and ends once a minute each, `times` times.
void flap(Engine& engine, int times, const char* labels = "host=a") {
    for (int i = 0; i < times; ++i) {
        engine.fire({labels});
        engine.pass(minutes(1));
        engine.end({labels});
        engine.pass(minutes(1));
    }
}

}  // namespace

TEST_CASE("the weights are those of Icinga 2: its documented example is 39.1 %") {
    CheckHistory history;
    for (const int change : {0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1}) history.add(change == 1);
    CHECK(history.percent() == doctest::Approx(39.1));
    for (int i = 0; i < 7; ++i) history.add(false);
    CHECK(history.percent() < 25);
    for (int i = 0; i < 20; ++i) history.add(true);
    CHECK(history.percent() == doctest::Approx(99.0));
    for (int i = 0; i < 20; ++i) history.add(false);
    CHECK(history.percent() == 0);
}

TEST_CASE("an alert that flaps for an hour and ends resolved: one incident from then on, and nothing is left open") {
    Engine engine(flapping());
    std::uint64_t incidents = 0;
    for (int i = 0; i < 30; ++i) {
        flap(engine, 1);
        if (i == 4) incidents = engine.incident.id.value;
        if (i > 4) CHECK(engine.open() == 1);
    }
    CHECK(engine.incident.id.value == incidents);
    CHECK(engine.engine().sizes().alerts_flapping == 1);
    engine.verdicts();
    engine.pass(minutes(20));
    CHECK(engine.verdicts() == "flapping");
    CHECK(engine.because == "it flaps no more: it did not change for 15m, and is over");
    CHECK(engine.open() == 0);
    CHECK(engine.engine().sizes().alerts_flapping == 0);
    engine.pass(hours(2));
    CHECK(engine.engine().sizes().alerts_held == 0);
}

TEST_CASE("an alert that ends firing stays open until its recovery") {
    Engine engine(flapping());
    flap(engine, 5);
    engine.fire({"host=a"});
    engine.pass(minutes(20));
    CHECK(engine.engine().sizes().alerts_flapping == 0);
    CHECK(engine.open() == 1);
    engine.pass(hours(3));
    CHECK(engine.open() == 1);
    engine.end({"host=a"});
    engine.pass(minutes(1));
    CHECK(engine.open() == 0);
}

TEST_CASE("few changes within the window are no flapping") {
    Engine engine(flapping());
    for (int i = 0; i < 20; ++i) {
        engine.fire({"host=a"});
        engine.pass(minutes(7));
        engine.end({"host=a"});
        engine.pass(minutes(7));
    }
    CHECK(engine.engine().sizes().alerts_flapping == 0);
}

TEST_CASE("the severity that an incident shows follows an alert while it flaps") {
    Engine engine(flapping());
    for (int i = 0; i < 5; ++i) {
        engine.fire({.labels = "host=a", .severity = Severity::warning});
        engine.pass(minutes(1));
        engine.end({"host=a"});
        engine.pass(seconds(1));
    }
    CHECK(engine.engine().sizes().alerts_flapping == 1);
    engine.fire({.labels = "host=a", .severity = Severity::critical});
    CHECK(engine.incident.severity == Severity::critical);
}

TEST_CASE("what changes under maintenance is no flapping; one that flapped before is quiet after its time") {
    RuleSet set = flapping();
    SilenceRule window;
    window.name = "work";
    window.is_maintenance = true;
    window.schedule.from = Instant{1'767'225'600'000} + minutes(30);
    window.schedule.to = window.schedule.from + hours(2);
    set.silences = {window};
    Engine engine(set);
    engine.pass(minutes(30));
    flap(engine, 10);
    CHECK(engine.engine().sizes().alerts_flapping == 0);
    CHECK(engine.open() == 0);
    engine.pass(hours(2));

    Engine before(set);
    flap(before, 14);
    CHECK(before.engine().sizes().alerts_flapping == 1);
    CHECK(before.open() == 1);
    flap(before, 12);
    CHECK(before.engine().sizes().alerts_flapping == 0);
    before.pass(minutes(5));
    CHECK(before.open() == 0);
}

TEST_CASE("by messages: repeated ones calm it, and silence does too when no message comes any more") {
    RuleSet set = flapping();
    set.flapping[0].high_percent = 30;
    set.flapping[0].low_percent = 25;
    Engine engine(set);
    flap(engine, 5);
    CHECK(engine.engine().sizes().alerts_flapping == 1);
    engine.fire({"host=a"});
    for (int i = 0; i < 20 && engine.engine().sizes().alerts_flapping > 0; ++i) engine.fire({"host=a"});
    CHECK(engine.engine().sizes().alerts_flapping == 0);
    CHECK(engine.open() == 1);
    flap(engine, 12);
    CHECK(engine.engine().sizes().alerts_flapping == 1);
    engine.pass(minutes(20));
    CHECK(engine.engine().sizes().alerts_flapping == 0);
    engine.pass(minutes(1));
    CHECK(engine.open() == 0);
}

TEST_CASE("rules without flapping end it at once") {
    Engine engine(flapping());
    flap(engine, 10);
    REQUIRE(engine.open() == 1);
    engine.activate(Engine::rules());
    engine.pass(minutes(15));
    CHECK(engine.engine().sizes().alerts_flapping == 0);
    engine.pass(minutes(15));
    CHECK(engine.open() == 0);
}
