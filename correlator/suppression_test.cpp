// A suppression that outlives its cause hides an outage; one that comes too late wakes people for nothing.
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::test;

namespace {

RuleSet silencing(Instant from, Instant to, bool is_maintenance = false) {
    RuleSet set = Engine::rules();
    SilenceRule rule;
    rule.name = "reboot";
    rule.match = match("team=\"web\"");
    rule.comment = "kernel";
    rule.schedule.from = from;
    rule.schedule.to = to;
    rule.is_maintenance = is_maintenance;
    set.silences = {rule};
    return set;
}

RuleSet inhibiting(Duration hold = Duration{0}) {
    RuleSet set = Engine::rules();
    set.correlate[0].by = {"host", "service"};
    set.correlate[0].hold = hold;
    set.inhibit = {{"host-down", match("alertname=\"HostDown\""), match("severity!=\"info\""), {"host"}, false}};
    return set;
}

SilenceSet silence(const std::string& id, std::string_view matcher, Instant from, Instant to) {
    SilenceSet set;
    set.id = id;
    set.match = match(matcher);
    set.starts_at = from;
    set.ends_at = to;
    set.created_by = "ann";
    set.comment = "planned";
    return set;
}

constexpr Instant start{1'767'225'600'000};

}  // namespace

TEST_CASE("while a silence holds its alerts are kept and counted, and open nothing; at its end they are onsets") {
    Engine engine(silencing(start, start + hours(1)));
    engine.fire({"host=a,team=web"});
    CHECK(engine.verdicts() == "suppressed");
    CHECK(engine.because == "silence reboot (kernel)");
    CHECK(engine.open() == 0);
    CHECK(engine.row(engine.last_fingerprint).reasons ==
          std::vector<SuppressionReason>{{SuppressionKind::silence, "reboot", start}});
    engine.fire({"host=b,team=web"});
    engine.end({"host=b,team=web"});
    engine.fire({"host=c,team=db"});
    CHECK(engine.verdicts() == "suppressed resolved opened");
    engine.pass(hours(1));
    CHECK(engine.verdicts() == "noted opened");
    CHECK(engine.open() == 2);
    CHECK(engine.engine().sizes().alerts_suppressed == 0);
    CHECK(engine.engine().sizes().suppressed_by_silence == 0);
}

TEST_CASE("an alert says what holds it back, by which rule or silence, and since when, until that ends") {
    using Reasons = std::vector<SuppressionReason>;
    RuleSet rules = inhibiting(seconds(0));
    SilenceRule window;
    window.name = "work";
    window.match = match("host=\"a\"");
    window.is_maintenance = true;
    window.schedule.from = start + minutes(2);
    window.schedule.to = start + minutes(4);
    rules.silences = {window};
    FlappingRule flapping;
    flapping.name = "often";
    flapping.match = match("host=\"f\"");
    flapping.window = minutes(10);
    flapping.start = 2;
    flapping.stop_quiet = minutes(2);
    rules.flapping = {flapping};
    Engine engine(rules);
    engine.fire({"host=a,service=web,severity=critical"});
    const Fingerprint web = engine.last_fingerprint;
    CHECK(engine.row(web).reasons.empty());
    engine.pass(minutes(1));
    engine.apply(silence("s1", "host=\"a\"", start + minutes(1), start + minutes(3)));
    engine.pass(minutes(1));
    engine.fire({"host=a,alertname=HostDown,severity=info"});
    const SuppressionReason by_silence{SuppressionKind::silence, "s1", start + minutes(1)};
    const SuppressionReason by_window{SuppressionKind::maintenance, "work", start + minutes(2)};
    CHECK(engine.row(web).reasons ==
          Reasons{by_silence, by_window, {SuppressionKind::inhibition, "host-down", engine.now}});
    engine.end({"host=a,alertname=HostDown,severity=info"});
    CHECK(engine.row(web).reasons == Reasons{by_silence, by_window});
    engine.pass(minutes(1));
    CHECK(engine.row(web).reasons == Reasons{by_window});
    engine.pass(minutes(1));
    CHECK(engine.row(web).reasons.empty());
    CHECK(engine.engine().sizes().suppressed_by_maintenance == 0);
    CHECK(engine.engine().sizes().suppressed_by_inhibition == 0);
    engine.fire({"host=f"});
    engine.end({"host=f"});
    engine.fire({"host=f"});
    const Instant flaps_since = engine.now;
    const Fingerprint changing = engine.last_fingerprint;
    CHECK(engine.row(changing).reasons == Reasons{{SuppressionKind::flapping, "often", flaps_since}});
    engine.pass(minutes(1));
    CHECK(engine.row(changing).reasons == Reasons{{SuppressionKind::flapping, "often", flaps_since}});
    engine.pass(minutes(2));
    CHECK(engine.row(changing).reasons.empty());
}

TEST_CASE("alerts that came in a storm say so while they fire") {
    RuleSet rules = Engine::rules();
    StormRule storm;
    storm.name = "flood";
    storm.floor = 2;
    rules.storms = {storm};
    Engine engine(rules);
    for (const char* host : {"host=a", "host=b", "host=c"}) engine.fire({host, Severity::warning});
    const AlertRow row = engine.row(engine.last_fingerprint);
    REQUIRE(row.reasons.size() == 1);
    CHECK(row.reasons[0] == SuppressionReason{SuppressionKind::storm, "flood", start});
    CHECK_FALSE(row.suppressed);
    engine.end({"host=c", Severity::warning});
    CHECK(engine.row(engine.last_fingerprint).reasons.empty());
}

TEST_CASE("alerts of an open incident stay in it when a silence begins, new ones are suppressed") {
    Engine engine(silencing(start + minutes(1), start + hours(1)));
    engine.fire({"host=a,team=web,n=1"});
    engine.pass(minutes(1));
    CHECK(engine.verdicts() == "opened suppressed");
    CHECK(engine.incident.alerts_firing == 1);
    CHECK(engine.engine().sizes().alerts_suppressed == 1);
    engine.fire({"host=a,team=web,n=2"});
    CHECK(engine.verdicts() == "suppressed");
    engine.end({"host=a,team=web,n=1"});
    engine.pass(minutes(10));
    CHECK(engine.open() == 0);
    engine.pass(hours(1));
    CHECK(engine.verdicts() == "resolved noted opened");
}

TEST_CASE("silences of the API begin, change, end and are forgotten") {
    Engine engine(Engine::rules());
    engine.fire({"host=a"});
    engine.apply(silence("s1", "host=\"a\"", start + minutes(1), start + minutes(10)));
    CHECK(engine.verdicts() == "opened");
    engine.pass(minutes(1));
    CHECK(engine.verdicts() == "suppressed");
    CHECK(engine.because.find("silence s1 by ann (planned) until 2026-01-01T00:10:00") == 0);
    engine.apply(silence("s1", "host=\"a\"", start + minutes(1), start + minutes(20)));
    engine.pass(minutes(15));
    CHECK(engine.verdicts() == "");
    engine.apply(SilenceExpired{"s1", "ann"});
    CHECK(engine.verdicts() == "noted");
    CHECK(engine.engine().silences().size() == 1);
    CHECK(engine.engine().silences()[0].state == SilenceState::expired);
    engine.pass(hours(121));
    CHECK(engine.engine().silences().empty());
}

TEST_CASE("a silence that replaces another one leaves no moment between them") {
    Engine engine(Engine::rules());
    engine.apply(silence("s1", "host=\"a\"", start, start + minutes(10)));
    engine.fire({"host=a"});
    SilenceSet next = silence("s2", "host=~\"a|b\"", start, start + minutes(20));
    next.replaces = "s1";
    engine.apply(next);
    CHECK(engine.verdicts() == "suppressed suppressed suppressed");  // by the first, by both, by the second
    CHECK(engine.open() == 0);
    engine.pass(minutes(20));
    CHECK(engine.open() == 1);
}

TEST_CASE("the table of silences is bounded: what expired first makes room, and without any the new one is refused") {
    EngineLimits limits;
    limits.silences_max = 2;
    Engine engine(Engine::rules(), limits);
    for (const char* id : {"s1", "s2", "s3"}) engine.apply(silence(id, "host=\"a\"", start, start + hours(1)));
    CHECK(engine.engine().silences().size() == 2);
    engine.apply(SilenceExpired{"s1", "ann"});
    engine.apply(silence("s3", "host=\"a\"", start, start + hours(1)));
    REQUIRE(engine.engine().silences().size() == 2);
    CHECK(engine.engine().find_silence("s1") == std::nullopt);
    CHECK(engine.engine().find_silence("s3").has_value());
}

TEST_CASE("a source that comes after its target takes it out of the incident that waits, or marks it in an open one") {
    Engine held(inhibiting(seconds(30)));
    held.fire({"host=a,service=web,severity=critical"});
    held.pass(seconds(10));
    held.fire({"host=a,alertname=HostDown,severity=info"});
    CHECK(held.verdicts() == "opened opened suppressed");
    held.pass(seconds(30));
    CHECK(held.open() == 1);

    Engine open(inhibiting());
    open.fire({"host=a,service=web,severity=critical"});
    open.fire({"host=a,alertname=HostDown,severity=info"});
    CHECK(open.open() == 2);
    CHECK(open.engine().sizes().alerts_suppressed == 1);
}

TEST_CASE("every source counts: the last one's end frees the targets, and only those with equal values") {
    Engine engine(inhibiting());
    engine.fire({"host=a,alertname=HostDown,severity=info,by=ping"});
    engine.fire({"host=a,alertname=HostDown,severity=info,by=ssh"});
    engine.fire({"host=a,service=web,severity=critical"});
    engine.fire({"host=b,service=web,severity=critical"});
    CHECK(engine.verdicts() == "opened joined suppressed opened");
    engine.end({"host=a,alertname=HostDown,severity=info,by=ping"});
    CHECK(engine.verdicts() == "resolved");
    engine.end({"host=a,alertname=HostDown,severity=info,by=ssh"});
    CHECK(engine.verdicts() == "resolved noted opened");
    CHECK(engine.because.find("host") != std::string::npos);
}

TEST_CASE("labels that lack inhibit nothing, unless the rule says so") {
    RuleSet set = inhibiting();
    Engine strict(set);
    strict.fire({"alertname=HostDown,severity=info"});
    strict.fire({"service=web,severity=critical"});
    CHECK(strict.engine().sizes().alerts_suppressed == 0);
    set.inhibit[0].equal_optional = true;
    Engine lax(set);
    lax.fire({"alertname=HostDown,severity=info"});
    lax.fire({"service=web,severity=critical"});
    CHECK(lax.engine().sizes().alerts_suppressed == 1);
}

TEST_CASE("alerts that are source and target alike do not silence each other, as in Alertmanager") {
    RuleSet set = inhibiting();
    set.inhibit[0].target = match("host!=\"\"");
    Engine engine(set);
    engine.fire({"host=a,alertname=HostDown,n=1"});
    engine.fire({"host=a,alertname=HostDown,n=2"});
    CHECK(engine.engine().sizes().alerts_suppressed == 0);
    engine.fire({"host=a,service=web"});
    CHECK(engine.engine().sizes().alerts_suppressed == 1);
}

TEST_CASE("several causes: the alert opens when the last of them has ended") {
    RuleSet set = inhibiting();
    set.silences = silencing(start, start + minutes(10)).silences;
    Engine engine(set);
    engine.fire({"host=a,alertname=HostDown,severity=info"});
    engine.fire({"host=a,team=web,service=w,severity=critical"});
    engine.say(EventKind::suppressed, {"host=a,team=web,service=w,severity=critical"});
    engine.pass(minutes(10));
    engine.end({"host=a,alertname=HostDown,severity=info"});
    CHECK(engine.open() == 1);
    CHECK(engine.row(engine.last_fingerprint).firing == false);
    engine.verdicts();
    engine.say(EventKind::unsuppressed, {"host=a,team=web,service=w,severity=critical"});
    CHECK(engine.verdicts() == "noted opened");
}

TEST_CASE("maintenance stops the clocks: its time is in neither time to resolve nor time between failures") {
    Engine engine(silencing(start + minutes(10), start + minutes(40), true));
    engine.fire({"host=a,team=web"});
    engine.pass(minutes(60));
    engine.end({"host=a,team=web"});
    engine.pass(hours(1));
    REQUIRE(engine.kpis.size() == 1);
    CHECK(engine.kpis[0].kpi == Kpi::time_to_resolve);
    CHECK(engine.kpis[0].value == minutes(30));
    engine.fire({"host=a,team=web"});
    REQUIRE(engine.kpis.size() == 2);
    CHECK(engine.kpis[1].kpi == Kpi::time_between_failures);
    CHECK(engine.kpis[1].value == minutes(90));
}

TEST_CASE("the same rules again change nothing; other rules free and suppress") {
    RuleSet set = inhibiting();
    set.silences = silencing(start, start + hours(1)).silences;
    Engine engine(set);
    engine.fire({"host=a,alertname=HostDown,severity=info"});
    engine.fire({"host=a,service=x,severity=critical"});
    engine.fire({"host=b,team=web,severity=critical"});
    engine.verdicts();
    const std::uint64_t before = engine.engine().digest();
    engine.activate(set);
    CHECK(engine.verdicts() == "");
    CHECK(engine.told.empty());
    CHECK(engine.engine().digest() == before);
    engine.activate(Engine::rules());
    CHECK(engine.verdicts() == "noted opened noted opened");
    engine.activate(set);
    CHECK(engine.verdicts() == "suppressed suppressed");
}
