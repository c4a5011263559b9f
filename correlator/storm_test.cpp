// A storm seen too late is a thousand tickets; one that never ends swallows the next real problem.
#include "correlator/storm.hpp"
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test;

namespace {

RuleSet stormy() {
    RuleSet set = Engine::rules();
    StormRule rule;
    rule.name = "flood";
    rule.floor = 10;
    rule.factor = 10;
    rule.leave_after = minutes(5);
    set.storms = {rule};
    return set;
}

void burst(Engine& engine, int first, int count, Severity severity = Severity::error) {
    for (int i = first; i < first + count; ++i)
        engine.fire({.labels = "host=h" + std::to_string(i), .severity = severity});
}

}  // namespace

TEST_CASE("from the bound on new alerts gather in one incident, all are kept, and the top severity passes") {
    Engine engine(stormy());
    burst(engine, 0, 10);
    CHECK(engine.open() == 10);
    CHECK(engine.engine().sizes().storms == 0);
    burst(engine, 10, 90);
    CHECK(engine.open() == 11);
    CHECK(engine.engine().sizes().storms == 1);
    CHECK(engine.engine().sizes().alerts_firing == 100);
    CHECK(engine.incident.alerts_total == 90);
    CHECK(engine.incident.rule == "flood");
    CHECK(engine.because.find("storm flood of source nagios: 100 new alerts within 1m; 10 are allowed") == 0);
    burst(engine, 100, 1, Severity::critical);
    CHECK(engine.open() == 12);
    engine.fire({.labels = "host=h0", .severity = Severity::error}, "zabbix");  // another source has no storm
    CHECK(engine.open() == 12);                                                 // it joins the incident of its host
}

TEST_CASE("a burst over the border of two windows is one burst") {
    Engine engine(stormy());
    burst(engine, 0, 1);
    engine.pass(seconds(58));
    burst(engine, 1, 6);
    engine.pass(seconds(4));
    burst(engine, 7, 6);
    CHECK(engine.engine().sizes().storms == 1);
}

TEST_CASE("when it was quiet for long enough the storm is over and alerts are correlated as usual") {
    Engine engine(stormy());
    burst(engine, 0, 50);
    engine.pass(minutes(4));
    burst(engine, 50, 2);
    CHECK(engine.open() == 11);
    engine.pass(minutes(2));
    CHECK(engine.engine().sizes().storms == 0);
    burst(engine, 60, 2);
    CHECK(engine.open() == 13);
    for (int i = 0; i < 100; ++i) engine.end({"host=h" + std::to_string(i)});
    engine.pass(hours(1));
    CHECK(engine.open() == 0);
    CHECK(engine.engine().sizes().alerts_firing == 0);
}

TEST_CASE("what is usual for a source is no storm") {
    Engine engine(stormy());
    int next = 0;
    for (int minute = 0; minute < 60; ++minute) {  // grows slowly to 30 a minute
        burst(engine, next, 2 + minute / 2);
        next += 2 + minute / 2;
        engine.pass(minutes(1));
        CHECK(engine.engine().sizes().storms == 0);
    }
    burst(engine, next, 300);
    CHECK(engine.engine().sizes().storms == 1);
}

TEST_CASE("suppressed alerts make no storm") {
    RuleSet set = stormy();
    SilenceRule all;
    all.name = "all";
    set.silences = {all};
    Engine engine(set);
    burst(engine, 0, 100);
    CHECK(engine.engine().sizes().storms == 0);
}

TEST_CASE("rules without the storm end it at its next look") {
    Engine engine(stormy());
    burst(engine, 0, 50);
    engine.activate(Engine::rules());
    burst(engine, 50, 1);
    CHECK(engine.open() == 12);
    engine.pass(minutes(6));
    CHECK(engine.engine().sizes().storms == 0);
}
