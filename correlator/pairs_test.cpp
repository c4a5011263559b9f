// A clear that misses its problem leaves a ticket open for ever; one that hits the wrong one closes a real outage.
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test;

namespace {

RuleSet links() {
    RuleSet set = Engine::rules();
    PairRule rule;
    rule.name = "link";
    rule.problem = match("event=\"linkDown\"");
    rule.clear = match("event=\"linkUp\"");
    rule.equal = {"host", "ifindex"};
    set.pairs = {rule};
    return set;
}

}  // namespace

TEST_CASE("a clear ends the problems with equal values, and is no alert itself") {
    Engine engine(links());
    engine.fire({"event=linkDown,host=a,ifindex=1,cause=x"});
    engine.fire({"event=linkDown,host=a,ifindex=1,cause=y"});
    engine.fire({"event=linkDown,host=a,ifindex=2"});
    engine.fire({"event=linkDown,host=b,ifindex=1"});
    engine.verdicts();
    engine.fire({.labels = "event=linkUp,host=a,ifindex=1", .title = "Link up"});
    CHECK(engine.verdicts() == "resolved resolved cleared");
    CHECK(engine.because == "clears 2 with host=a, ifindex=1");
    CHECK(engine.engine().sizes().alerts_firing == 2);
    CHECK(engine.engine().sizes().alerts_held == 4);
    engine.end({"event=linkUp,host=b,ifindex=1"});
    CHECK(engine.verdicts() == "resolved cleared");
    engine.pass(hours(1));
    CHECK(engine.open() == 1);
}

// Could break: a repetition that is journaled as a short refresh never reaches the rule that now takes it for a clear.
TEST_CASE("what fired as an alert before a reload is a clear after it, each time it is told") {
    Engine engine(Engine::rules());
    const Message up{"event=linkUp,host=a,ifindex=1"}, down{"event=linkDown,host=a,ifindex=1"};
    engine.fire(up);
    engine.fire(up);
    CHECK(engine.was_refresh);
    engine.fire(down);
    engine.activate(links());
    engine.verdicts();
    engine.fire(up);
    CHECK_FALSE(engine.was_refresh);
    CHECK(engine.verdicts().starts_with("resolved"));
    CHECK(engine.engine().sizes().alerts_firing <= 1);
    engine.fire(down);
    engine.verdicts();
    engine.fire(up);
    CHECK(engine.verdicts().starts_with("resolved"));
}

TEST_CASE("a clear without one of the labels clears nothing and is an alert like others") {
    Engine engine(links());
    engine.fire({"event=linkDown,host=a,ifindex=1"});
    engine.fire({"event=linkUp,host=a"});
    CHECK(engine.verdicts() == "opened joined");
}

TEST_CASE("a clear that overtook its problem ends it, once, and only one that its source dates no later") {
    Engine engine(links());
    const Message up{.labels = "event=linkUp,host=a,ifindex=1", .starts_at = engine.now};
    Message down{.labels = "event=linkDown,host=a,ifindex=1", .starts_at = engine.now - seconds(5)};
    engine.fire(up);
    engine.pass(seconds(90));
    engine.fire(down);
    CHECK(engine.verdicts() == "cleared stale");
    CHECK(engine.because == "its clear came 1m30s before it (pair link)");
    CHECK(engine.engine().sizes().alerts_firing == 0);
    engine.fire(down);  // sent again: it is there after all
    CHECK(engine.verdicts() == "opened");

    engine.fire({.labels = "event=linkUp,host=c,ifindex=1", .starts_at = engine.now});
    engine.fire({.labels = "event=linkDown,host=c,ifindex=1", .starts_at = engine.now + seconds(1)});
    CHECK(engine.verdicts() == "cleared opened");
    engine.fire({.labels = "event=linkUp,host=d,ifindex=1", .starts_at = engine.now});
    engine.pass(minutes(3));
    engine.fire({.labels = "event=linkDown,host=d,ifindex=1", .starts_at = engine.now - minutes(4)});
    CHECK(engine.verdicts() == "cleared opened");
}

TEST_CASE("without the source's times only a problem right behind its clear was overtaken") {
    Engine engine(links());
    engine.fire({"event=linkUp,host=a,ifindex=1"});
    engine.pass(seconds(10));
    engine.fire({"event=linkDown,host=a,ifindex=1"});
    CHECK(engine.verdicts() == "cleared stale");
    engine.fire({"event=linkUp,host=b,ifindex=1"});
    engine.pass(seconds(11));
    engine.fire({"event=linkDown,host=b,ifindex=1"});
    CHECK(engine.verdicts() == "cleared opened");
}

TEST_CASE("a clear that found its problem is not kept for the next one") {
    Engine engine(links());
    engine.fire({"event=linkDown,host=a,ifindex=1"});
    engine.fire({"event=linkUp,host=a,ifindex=1"});
    engine.fire({"event=linkDown,host=a,ifindex=1"});
    CHECK(engine.verdicts() == "opened resolved cleared rejoined");
}

TEST_CASE("a problem and its clear in one request: what follows is journaled whole") {
    Engine engine(links());
    engine.fire({"event=linkDown,host=a,ifindex=1"});
    AlertBatch batch("nagios");
    AlertDraft draft;
    for (const char* event : {"linkUp", "linkDown"}) {
        draft.labels = {{"event", event}, {"host", "a"}, {"ifindex", "1"}};
        (void)batch.add(draft, EventLimits{}).value();
    }
    Correlator::Changed changed;
    engine.engine().note_refreshes(batch.events(), changed);
    CHECK_FALSE(batch.events()[1].refresh);
    engine.verdicts();
    engine.apply(AlertsReceived{batch.events()});
    CHECK(engine.verdicts() == "resolved cleared rejoined");
}
