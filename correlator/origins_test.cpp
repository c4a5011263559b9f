// Labels rewritten wrongly route to nobody; messages taken for one alert that are two hide the second.
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test;

namespace {

RuleSet enriching() {
    RuleSet set = Engine::rules();
    EnrichRule site;
    site.match = match("host=~\"(?P<site>[a-z]{3})-(?P<rack>r[0-9]+)?.*\"");
    site.set = {{"site", place("{{site}}")}, {"where", place("{{site}}/{{host}}")}, {"rack", place("{{rack}}")}};
    EnrichRule cmdb;
    auto table = std::make_shared<LookupTable>("cmdb.csv", std::vector<std::string>{"team", "service"});
    table->add("ber-r1-db", {"dba", ""});
    cmdb.lookup = table;
    cmdb.on = "host";
    cmdb.take = {"team", "service"};
    EnrichRule later;
    later.match = match("team=\"dba\"");
    later.set = {{"oncall", place("{{team}}-{{severity}}")}, {"junk", Template()}};
    set.enrich = {site, cmdb, later};
    return set;
}

RuleSet deduping() {
    RuleSet set = Engine::rules();
    DedupRule rule;
    rule.match = match("trigger=~\".+\"");
    rule.key = {"host", "trigger"};
    set.dedup = {rule};
    return set;
}

}  // namespace

TEST_CASE("rules rewrite labels in order, each sees what those before it made") {
    Engine engine(enriching());
    engine.fire({"host=ber-r1-db,service=pg,junk=x"});
    const AlertRow row = engine.row(engine.last_fingerprint);
    CHECK(Engine::label(row, "site") == "ber");
    CHECK(Engine::label(row, "where") == "ber/ber-r1-db");
    CHECK(Engine::label(row, "rack") == "r1");
    CHECK(Engine::label(row, "team") == "dba");
    CHECK(Engine::label(row, "service") == "pg");  // an empty cell leaves the label
    CHECK(Engine::label(row, "oncall") == "dba-critical");
    CHECK(Engine::label(row, "junk") == "");
    engine.fire({"host=ber-xx"});
    CHECK(Engine::label(engine.row(engine.last_fingerprint), "rack") == "");
    CHECK(Engine::label(engine.row(engine.last_fingerprint), "team") == "");
}

TEST_CASE("an unchanged message of a rewritten alert is a short refresh, with a key and without") {
    for (const std::string key : {"", "k1"}) {
        Engine engine(enriching());
        const Message message{.labels = "host=ber-r1-db", .key = key};
        engine.fire(message);
        CHECK_FALSE(engine.was_refresh);
        engine.fire(message);
        CHECK(engine.was_refresh);
        CHECK(engine.row(engine.last_fingerprint).count == 2);
        CHECK(engine.verdicts() == "opened");
    }
}

TEST_CASE("other rules rewrite at the next change or onset, not before") {
    Engine engine(enriching());
    engine.fire({.labels = "host=ber-r1-db", .title = "a"});
    RuleSet other = enriching();
    other.enrich[0].set[0].second = place("site-{{site}}");
    engine.activate(other);
    engine.fire({.labels = "host=ber-r1-db", .title = "a"});
    CHECK(Engine::label(engine.row(engine.last_fingerprint), "site") == "ber");
    engine.fire({.labels = "host=ber-r1-db", .title = "b"});
    CHECK(Engine::label(engine.row(engine.last_fingerprint), "site") == "site-ber");
    engine.end({.labels = "host=ber-r1-db"});
    engine.activate(Engine::rules());
    engine.fire({.labels = "host=ber-r1-db", .title = "b"});
    CHECK(Engine::label(engine.row(engine.last_fingerprint), "site") == "");
}

TEST_CASE("labels stay within their bounds") {
    RuleSet set = Engine::rules();
    EnrichRule rule;
    for (int i = 0; i < 100; ++i) rule.set.emplace_back("n" + std::to_string(i), place("v"));
    rule.set.emplace_back("host", place(std::string(5000, 'a') + "{{host}}"));
    set.enrich = {rule};
    Engine engine(set);
    engine.fire({"host=a"});
    const AlertRow row = engine.row(engine.last_fingerprint);
    CHECK(row.labels.size() == EventLimits{}.labels_max);
    CHECK(Engine::label(row, "host").size() == EventLimits{}.label_value_bytes_max);
}

TEST_CASE("messages of one alert under several names count together and fire until the last is over") {
    Engine engine(deduping());
    engine.fire({.labels = "host=a,trigger=1,event=x", .severity = Severity::warning});
    engine.fire({.labels = "host=a,trigger=1,event=y", .severity = Severity::critical});
    CHECK(engine.verdicts() == "opened merged severity_changed");
    REQUIRE(engine.rows().size() == 1);
    CHECK(engine.rows()[0].count == 2);
    CHECK(engine.rows()[0].severity == Severity::critical);
    engine.fire({.labels = "host=a,trigger=1,event=x", .severity = Severity::warning});
    CHECK(engine.was_refresh);
    CHECK(engine.rows()[0].severity == Severity::critical);
    engine.end({"host=a,trigger=1,event=y"});
    CHECK(engine.verdicts() == "merged severity_changed");
    CHECK(engine.rows()[0].firing);
    CHECK(engine.rows()[0].severity == Severity::warning);
    engine.end({"host=a,trigger=1,event=x"});
    CHECK(engine.verdicts() == "resolved");
    CHECK_FALSE(engine.rows()[0].firing);
    engine.fire({.labels = "host=a,trigger=1,event=y"});
    CHECK(engine.verdicts() == "rejoined");
    CHECK(engine.rows().size() == 1);
    engine.fire({"host=a,trigger=2,event=x"});
    engine.fire({"host=b,trigger=1,event=x"});
    engine.fire({"host=a,trigger=1,event=x"}, "zabbix");
    CHECK(engine.rows().size() == 4);
}

TEST_CASE("of several promises of a refresh the last one counts") {
    Engine engine(deduping());
    const auto until = [&](Duration d) { return engine.now + d; };
    engine.fire({.labels = "host=a,trigger=1,event=x", .expires_at = until(minutes(1))});
    engine.fire({.labels = "host=a,trigger=1,event=y", .expires_at = until(minutes(3))});
    engine.pass(minutes(2));
    CHECK(engine.rows()[0].firing);
    engine.fire({.labels = "host=a,trigger=1,event=y", .expires_at = until(minutes(2))});
    engine.pass(seconds(119));
    CHECK(engine.rows()[0].firing);
    engine.pass(seconds(2));
    CHECK_FALSE(engine.rows()[0].firing);
    engine.verdicts();

    engine.fire({.labels = "host=b,trigger=1,event=x", .expires_at = until(minutes(1))});
    engine.fire({.labels = "host=b,trigger=1,event=y"});  // promises nothing, ends by its own word
    engine.pass(hours(1));
    CHECK(engine.verdicts() == "opened merged");
    engine.end({"host=b,trigger=1,event=y"});
    CHECK(engine.verdicts() == "resolved");
}

TEST_CASE("an alert that lacks a label of the key is its source's own") {
    Engine engine(deduping());
    engine.fire({"trigger=1,event=x"});
    engine.fire({"trigger=1,event=y"});
    CHECK(engine.rows().size() == 2);
}

TEST_CASE("a dedup rule that comes or goes takes hold at the next problem, and nothing is left behind") {
    Engine engine(Engine::rules());
    engine.fire({"host=a,trigger=1,event=x"});
    engine.activate(deduping());
    engine.fire({"host=a,trigger=1,event=x"});
    CHECK(engine.was_refresh);
    engine.end({"host=a,trigger=1,event=x"});
    engine.fire({"host=a,trigger=1,event=x"});
    engine.fire({"host=a,trigger=1,event=y"});
    CHECK(engine.engine().sizes().alerts_firing == 1);
    engine.activate(Engine::rules());
    engine.end({"host=a,trigger=1,event=x"});
    engine.end({"host=a,trigger=1,event=y"});
    engine.fire({"host=a,trigger=1,event=x"});
    engine.fire({"host=a,trigger=1,event=y"});
    CHECK(engine.engine().sizes().alerts_firing == 2);
    engine.end({"host=a,trigger=1,event=x"});
    engine.end({"host=a,trigger=1,event=y"});
    engine.pass(hours(2));
    CHECK(engine.engine().sizes().alerts_firing == 0);
    CHECK(engine.open() == 0);
}
