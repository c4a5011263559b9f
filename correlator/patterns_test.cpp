// A threshold that forgets an alert never opens; an absence that is not noticed is a backup nobody has.
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test;

namespace {

CorrelationRule pattern(CorrelationOp op) {
    CorrelationRule rule;
    rule.name = "pattern";
    rule.op = op;
    rule.by = {"cluster"};
    rule.within = minutes(2);
    rule.quiet = seconds(10);
    return rule;
}

RuleSet with(CorrelationRule rule) {
    RuleSet set = Engine::rules();
    set.correlate.insert(set.correlate.begin(), std::move(rule));
    return set;
}

CorrelationRule threshold(std::uint32_t count, std::string distinct = {}) {
    CorrelationRule rule = pattern(CorrelationOp::threshold);
    rule.count = count;
    rule.distinct = std::move(distinct);
    return rule;
}

bool is_waiting(Engine& engine, Fingerprint alert) {
    return engine.engine().alert_state(engine.engine().find_alert(alert).value()).waiting;
}

}  // namespace

TEST_CASE("below the threshold alerts wait and are explained; at it all of them join") {
    Engine engine(with(threshold(3)));
    engine.fire({"cluster=a,instance=i1"});
    CHECK(engine.verdicts() == "waiting");
    CHECK(engine.because.find("threshold 1/3: rule pattern, cluster=a") == 0);
    CHECK(is_waiting(engine, engine.last_fingerprint));
    engine.pass(seconds(20));
    engine.fire({"cluster=a,instance=i2"});
    engine.fire({"cluster=b,instance=i1"});
    CHECK(engine.verdicts() == "waiting waiting");
    CHECK(engine.open() == 0);
    engine.pass(seconds(20));
    engine.fire({"cluster=a,instance=i3"});
    CHECK(engine.verdicts() == "opened joined joined");
    CHECK(engine.because.find("threshold 3/3; rule pattern: cluster=a") == 0);
    CHECK(engine.open() == 1);
    CHECK(engine.incident.alerts_total == 3);
    CHECK_FALSE(is_waiting(engine, engine.last_fingerprint));
    engine.fire({"cluster=a,instance=i4"});
    CHECK(engine.verdicts() == "joined");
    for (const char* i : {"i1", "i2", "i3", "i4"}) engine.end({std::string("cluster=a,instance=") + i});
    engine.pass(minutes(1));
    CHECK(engine.open() == 0);
    engine.verdicts();
    engine.fire({"cluster=a,instance=i1"});
    CHECK(engine.verdicts() == "waiting");
}

TEST_CASE("only alerts that fire count, and only those that began within the time") {
    Engine engine(with(threshold(2)));
    engine.fire({"cluster=a,instance=i1"});
    engine.end({"cluster=a,instance=i1"});
    engine.fire({"cluster=a,instance=i2"});
    CHECK(engine.verdicts() == "waiting resolved waiting");
    engine.pass(seconds(121));
    engine.fire({"cluster=a,instance=i3"});
    CHECK(engine.verdicts() == "waiting");
    engine.pass(seconds(120));
    engine.fire({"cluster=a,instance=i4"});
    CHECK(engine.verdicts() == "opened joined joined");  // the one that waits longer joins as well
}

TEST_CASE("distinct counts values, not alerts") {
    Engine engine(with(threshold(2, "instance")));
    engine.fire({"cluster=a,instance=i1,n=1"});
    engine.fire({"cluster=a,instance=i1,n=2"});
    engine.fire({"cluster=a,n=3"});
    CHECK(engine.open() == 0);
    engine.fire({"cluster=a,instance=i2,n=1"});
    CHECK(engine.open() == 1);
    CHECK(engine.incident.alerts_total == 4);
}

TEST_CASE("with continue the next rule has the alert until the threshold is reached") {
    CorrelationRule rule = threshold(2);
    rule.proceed = true;
    RuleSet set = with(rule);
    set.correlate[1].hold = minutes(1);
    Engine engine(set);
    engine.fire({"cluster=a,host=h1"});
    CHECK(engine.verdicts() == "waiting opened");
    engine.fire({"cluster=a,host=h2"});
    CHECK(engine.open() == 1);
    engine.pass(minutes(1));
    CHECK(engine.open() == 1);
    CHECK(engine.pending() == 0);
}

TEST_CASE("a suppressed alert does not count, and waits no more") {
    RuleSet set = with(threshold(2));
    set.silences.resize(1);
    set.silences[0].name = "s";
    set.silences[0].match = match("instance=\"i1\"");
    set.silences[0].schedule.from = Instant{1'767'225'600'000} + minutes(1);
    set.silences[0].schedule.to = set.silences[0].schedule.from + minutes(1);
    Engine engine(set);
    engine.fire({"cluster=a,instance=i1"});
    engine.pass(seconds(61));
    engine.fire({"cluster=a,instance=i2"});
    CHECK(engine.open() == 0);
    engine.pass(minutes(1));
    CHECK(engine.open() == 1);
    CHECK(engine.incident.alerts_total == 2);
}

TEST_CASE("a sequence opens when its steps came in order within the time") {
    CorrelationRule rule = pattern(CorrelationOp::sequence);
    rule.steps = {match("event=\"linkDown\""), match("event=\"bgpDown\""), match("event=\"siteDown\"")};
    Engine engine(with(rule));
    engine.fire({"cluster=a,event=bgpDown"});
    engine.fire({"cluster=a,event=linkDown"});
    engine.fire({"cluster=a,event=siteDown"});
    CHECK(engine.verdicts() == "waiting waiting waiting");
    CHECK(engine.because.find("sequence 1/3") == 0);
    engine.pass(seconds(60));
    engine.fire({"cluster=a,event=bgpDown,n=2"});
    CHECK(engine.because.find("sequence 2/3: rule pattern, cluster=a; next {event=\"siteDown\"}") == 0);
    engine.fire({"cluster=a,event=other,host=h"});
    CHECK(engine.verdicts() == "waiting opened");
    engine.pass(seconds(60));
    engine.fire({"cluster=a,event=siteDown,n=2"});
    CHECK(engine.verdicts() == "opened joined joined joined joined");
    CHECK(engine.because.find("sequence 3/3; rule pattern") == 0);

    Engine late(with(rule));
    late.fire({"cluster=a,event=linkDown"});
    late.pass(seconds(60));
    late.fire({"cluster=a,event=bgpDown"});
    late.pass(seconds(61));
    late.fire({"cluster=a,event=siteDown"});
    CHECK(late.open() == 0);
}

TEST_CASE("a dead-man's switch fires when nothing comes, and resolves when it comes again") {
    CorrelationRule rule = pattern(CorrelationOp::absence);
    rule.match = rule.until = match("alertname=\"Watchdog\"");
    rule.within = minutes(5);
    Engine engine(with(rule));
    const Message sign{.labels = "alertname=Watchdog,cluster=a", .severity = Severity::info};
    for (int i = 0; i < 10; ++i) {
        engine.fire(sign);
        engine.pass(minutes(4));
    }
    CHECK(engine.verdicts() == "waiting");
    CHECK(engine.open() == 0);
    engine.pass(minutes(1));
    CHECK(engine.verdicts() == "opened");
    CHECK(engine.open() == 1);
    CHECK(engine.incident.title == "Nothing matched {alertname=\"Watchdog\"} for cluster=a for 5m");
    engine.pass(hours(1));
    CHECK(engine.verdicts() == "");
    engine.fire(sign);
    CHECK(engine.verdicts() == "resolved");
    engine.pass(minutes(1));
    CHECK(engine.open() == 0);
    engine.pass(minutes(4));
    CHECK(engine.open() == 1);
}

TEST_CASE("a switch of no group is armed by the rules alone") {
    CorrelationRule rule = pattern(CorrelationOp::absence);
    rule.by = {};
    rule.until = match("alertname=\"Watchdog\"");
    rule.within = minutes(5);
    Engine engine(with(rule));
    engine.pass(minutes(5));
    CHECK(engine.open() == 1);
    engine.activate(Engine::rules());
    engine.pass(hours(1));
    CHECK(engine.open() == 0);
}

TEST_CASE("what must follow: in time nothing opens, else the one that waited joins what is missing") {
    CorrelationRule rule = pattern(CorrelationOp::absence);
    rule.match = match("event=\"backupStarted\"");
    rule.until = match("event=\"backupDone\"");
    rule.within = hours(2);
    Engine engine(with(rule));
    engine.fire({"cluster=a,event=backupStarted"});
    CHECK(engine.because.find("absence: rule pattern opens unless {event=\"backupDone\"} comes by 2026-01-01T02:00") ==
          0);
    engine.pass(hours(1));
    engine.fire({"cluster=a,event=backupDone,host=x"});
    CHECK(engine.verdicts() == "waiting waiting opened");
    engine.end({"cluster=a,event=backupStarted"});
    engine.end({"cluster=a,event=backupDone,host=x"});
    engine.pass(hours(24));
    CHECK(engine.open() == 0);
    engine.verdicts();
    engine.fire({"cluster=a,event=backupStarted"});
    engine.pass(hours(2));
    CHECK(engine.verdicts() == "waiting opened joined");
    CHECK(engine.incident.alerts_firing == 2);
    engine.fire({"cluster=a,event=backupDone,host=x"});
    engine.end({"cluster=a,event=backupStarted"});
    engine.end({"cluster=a,event=backupDone,host=x"});
    engine.pass(hours(1));
    CHECK(engine.open() == 0);
}

TEST_CASE("after a start nobody is blamed for what could not be received") {
    CorrelationRule rule = pattern(CorrelationOp::absence);
    rule.until = match("alertname=\"Watchdog\"");
    rule.within = minutes(5);
    Engine engine(with(rule));
    engine.fire({"alertname=Watchdog,cluster=a"});
    engine.now = engine.now + hours(1);
    engine.apply(Started{minutes(2)});
    CHECK(engine.open() == 0);
    engine.pass(minutes(2));
    CHECK(engine.open() == 1);
}

TEST_CASE("other rules: what waited is asked anew; equal rules: it waits on") {
    Engine engine(with(threshold(3)));
    engine.fire({"cluster=a,instance=i1"});
    engine.activate(with(threshold(3)));
    engine.fire({"cluster=a,instance=i2"});
    CHECK(engine.verdicts() == "waiting waiting");
    engine.activate(with(threshold(2)));
    CHECK(engine.verdicts() == "waiting opened joined");
    engine.fire({"cluster=b,instance=i1"});
    engine.activate(Engine::rules());
    CHECK(engine.verdicts() == "waiting opened");
}
