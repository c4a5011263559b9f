// What could break: a rule test that passes though the rules do something else, a failure nobody understands, a
// pipeline that goes on after one.
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace incidentd::test {
namespace {

constexpr std::string_view rules_file = R"(version: 1
correlate:
  - name: database
    match: ['service=~"mysql|pg"']
    by: [cluster]
    within: 2m
    hold: 30s
    close: {quiet: 10m}
    incident: {title: 'Database trouble in {{cluster}}', impact: high}
  - {name: web, match: 'service="web"', by: [cluster]}
route:
  - {match: 'rule="web"', to: [chat]}
  - {to: [servicenow]}
)";

constexpr std::string_view head = R"(rule_files: [rules/*.yaml]
tests:
  - name: two hosts, one ticket
    start_timestamp: 2026-01-05T09:00:00Z
    events:
      - {at: 0s, labels: {alertname: Down, service: pg, cluster: a, instance: i1}}
      - {at: 20s, labels: {alertname: Down, service: pg, cluster: a, instance: i2}}
      - {at: 1m, acknowledge: {instance: i1}, by: alice}
      - {at: 5m, resolve: {cluster: a}}
    expect:
)";

constexpr std::string_view right = R"(      - {at: 29s, incidents: 0, alerts: 2, deliveries: 0}
      - at: 2m
        incidents: [{rule: database, alerts: 2, priority: P1, title: 'Database trouble in a', acknowledged: true}]
        deliveries: [{sink: servicenow, action: create, times: 1}, {sink: chat, action: create, times: 0}]
        explain: {alert: {instance: i2}, rule: database, because: 'cluster=a', verdict: joined}
        alerts: [{labels: {instance: i1}, acknowledged: true}]
        suppressed: 0
      - {at: 20m, incidents: [{rule: database, state: resolved}], alerts: 0, opened: 1}
      - {at: 20m, deliveries: [{sink: servicenow, action: resolve, times: 1}]}
)";

constexpr std::string_view wrong = R"(      - {at: 29s, incidents: 1}
      - at: 2m
        incidents: [{rule: database, alerts: 3, priority: P2}]
        deliveries: [{sink: servicenow, action: create, times: 2}]
        explain: {alert: {instance: i2}, because: 'cluster=b'}
)";

class Place {
public:
    Place() {
        std::filesystem::create_directory(directory_.file("rules"));
        directory_.write("rules/a.yaml", rules_file);
    }
    std::string write(std::string_view test) const {
        return directory_.write("test.yaml", std::string(head) + std::string(test));
    }
    Run test(std::vector<std::string> arguments) const {
        std::vector<std::string> all{INCIDENTD_BINARY, "rules", "test"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run(all);
    }
    std::string file(std::string_view name) const { return directory_.file(name); }

private:
    TempDirectory directory_;
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a test whose expectations all hold passes") {
    const Place place;
    const Run result = place.test({place.write(right)});
    CHECK(result.out == place.file("test.yaml") + "\n  ok   two hosts, one ticket\n1 test, 0 failed\n");
    CHECK(result.code == 0);
}

TEST_CASE("every expectation that does not hold is shown beside what was found, with the reasons") {
    const Place place;
    const std::string file = place.write(wrong);
    const Run result = place.test({file});
    CHECK(result.code == 1);
    CHECK(holds(result.out, file + ":11:30: at 29s: incidents: expected 1 open incident, found 0"));
    CHECK(holds(result.out, "!   alerts: 3       |   alerts: 2\n"));
    CHECK(holds(result.out, "!   priority: P2    |   priority: P1\n"));
    CHECK(holds(result.out, "    rule: database  |   rule: database\n"));
    CHECK(holds(result.out, "! servicenow, create x2  | servicenow, create x1\n"));
    CHECK(holds(result.out, "!   because: cluster=b  |   because: rule database: cluster=a"));
    CHECK(holds(result.out, "+20s {alertname=Down, cluster=a, instance=i2, service=pg}: joined INC-1"));
    CHECK(holds(result.out, "1 test, 1 failed"));

    const Json json(place.test({file, "--output", "json"}).out);
    CHECK(json.number("/failed") == 1);
    CHECK(json.size("/files/0/tests/0/failures") == 4);
    CHECK(json.number("/files/0/tests/0/failures/0/line") == 11);
    CHECK(json.text("/files/0/tests/0/failures/1/rows/2/expected") == "  alerts: 3");
}

TEST_CASE("JUnit XML and coverage say what ran and what no test touches") {
    const Place place;
    const Run result = place.test({place.write(wrong), "--coverage", "--junit", place.file("junit.xml")});
    CHECK(result.code == 1);
    CHECK(holds(result.out, "coverage: 2 of 4 rules (50 %)"));
    CHECK(holds(result.out, "never touched by a test:\n  correlate web\n  route #1\n"));
    const std::string xml = read_file(place.file("junit.xml"));
    CHECK(holds(xml, "<testsuites name=\"incidentd rules test\" tests=\"1\" failures=\"1\" errors=\"0\">"));
    CHECK(holds(xml, "<testcase name=\"two hosts, one ticket\""));
    CHECK(holds(xml, "<failure type=\"expectation\""));
}

TEST_CASE("what is wrong with a test file or its rules is a problem with its place, and fails") {
    const Place place;
    const std::string file = place.write("      - {at: 1m, incidents: [{rule: database, prioritty: P1}]}\n");
    const Run result = place.test({file});
    CHECK(result.code == 1);
    CHECK(holds(result.out,
                "test.yaml:11:47: tests[0].expect[0].incidents[0].prioritty: unknown key; did you mean "
                "'priority'?"));
    CHECK(holds(result.out, "1 file could not be run"));
    CHECK(place.test({place.file("absent.yaml")}).code == 1);
    CHECK(place.test({}).code == 2);
    CHECK(place.test({place.write(right), "--only", "no such test"}).code == 1);
}

TEST_CASE("repetitions, severities and what cannot be played") {
    const Place place;
    const Run result = place.test({place.write(R"(      - {at: 1m, alerts: 2}
  - name: many
    events:
      - {at: 0s, labels: {alertname: Slow, service: web, cluster: 'c{{n}}'}, severity: warning, times: 5, every: 1s}
      - {at: 10s, resolve: {cluster: c9}}
    expect:
      - {at: 10s, opened: 5, alerts: [{labels: {cluster: c5}, severity: warning, rule: web, count: 1}]}
)")});
    CHECK(result.code == 1);
    CHECK(holds(result.out, "this event cannot be played: no alert with {cluster: c9} was sent before"));
    CHECK(holds(result.out, "2 tests, 1 failed"));
    CHECK(!holds(result.out, "opened: expected"));
}

// Every section that decides before correlation: what the engine says must be what a test can ask for.
TEST_CASE("silences, inhibition, enrichment, pairs and dedup are testable") {
    const TempDirectory directory;
    directory.write("rules.yaml", R"(version: 1
enrich:
  - {match: 'host=~"(?P<site>[a-z]+)-.*"', set: {site: '{{site}}'}}
dedup:
  - {match: 'check="disk"', key: [host]}
pair:
  - {name: link, problem: 'event="linkDown"', clear: 'event="linkUp"', equal: [host]}
silences:
  - {name: sunday, match: 'team="web"', schedule: {weekdays: sun, at: '02:00', for: 2h, zone: Europe/Berlin}}
inhibit:
  - {name: host-down, source: 'alertname="HostDown"', target: 'alertname!="HostDown"', equal: [host]}
correlate:
  - {name: by-site, match: 'site!=""', by: [site]}
route: [{to: [rt]}]
)");
    const std::string file = directory.write("test.yaml", R"(rule_files: [rules.yaml]
tests:
  - name: a label is read from the host's name
    events:
      - {at: 0s, labels: {alertname: Down, host: fra-1}}
      - {at: 1s, labels: {alertname: Down, host: fra-2}}
    expect:
      - {at: 1m, incidents: [{rule: by-site, alerts: 2, labels: {site: fra}}], alerts: [{labels: {site: fra}}]}
  - name: two disks of a host are one alert
    events:
      - {at: 0s, labels: {check: disk, host: fra-1, disk: sda}}
      - {at: 1s, labels: {check: disk, host: fra-1, disk: sdb}}
    expect:
      - {at: 1m, alerts: 1, opened: 1}
  - name: a clear with another name ends its problem
    events:
      - {at: 0s, labels: {event: linkDown, host: fra-1}}
      - {at: 1m, labels: {event: linkUp, host: fra-1}}
    expect:
      - {at: 30s, alerts: 1}
      - {at: 2m, alerts: 0}
  - name: the weekly reboot of the web hosts
    start_timestamp: 2026-01-04T00:30:00Z
    events:
      - {at: 0s, labels: {alertname: Down, host: fra-1, team: db}}
      - {at: 1h, labels: {alertname: Down, host: muc-1, team: web}}
    expect:
      - {at: 2h, opened: 1, suppressed: [{labels: {host: muc-1}, because: sunday}]}
      - {at: 4h, opened: 2, suppressed: 0}
  - name: what is on a host that is down is quiet
    events:
      - {at: 0s, labels: {alertname: HostDown, host: fra-1}}
      - {at: 1s, labels: {alertname: DiskFull, host: fra-1}}
    expect:
      - {at: 1m, alerts: 2, suppressed: [{labels: {alertname: DiskFull}, because: host-down}]}
      - {at: 1m, incidents: [{alerts: 1}]}
  - name: somebody silences a host
    events:
      - {at: 0s, silence: ['host="fra-1"'], for: 10m, by: ann}
      - {at: 1m, labels: {alertname: Down, host: fra-1}}
    expect:
      - {at: 2m, opened: 0, suppressed: 1}
      - {at: 11m, opened: 1, suppressed: 0}
)");
    const Run result = run({INCIDENTD_BINARY, "rules", "test", file, "--coverage"});
    CHECK_MESSAGE(result.code == 0, result.out);
    CHECK_MESSAGE(holds(result.out, "coverage: 7 of 7 rules (100 %)"), result.out);
}

}  // namespace incidentd::test
