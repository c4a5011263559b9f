// What could break: an import that takes alerts another way than Alertmanager did, one that is silent about what it
// left out, one whose rules cannot be loaded.
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace incidentd::test {
namespace {

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// Runs the import and a rule test on its result.
struct Imported {
    explicit Imported(std::string_view alertmanager) {
        directory.write("alertmanager.yml", alertmanager);
        result = run({INCIDENTD_BINARY, "rules", "import", directory.file("alertmanager.yml")});
        directory.write("rules.yaml", result.out);
    }
    Run check() const { return run({INCIDENTD_BINARY, "rules", "check", directory.file("rules.yaml")}); }
    // Events and expectations of one test, both indented by four.
    Run test(std::string_view body) const {
        directory.write("test.yaml", "rule_files: [rules.yaml]\ntests:\n  - name: imported\n" + std::string(body));
        return run({INCIDENTD_BINARY, "rules", "test", directory.file("test.yaml")});
    }
    TempDirectory directory;
    Run result;
};

// As a team's configuration looks: nested routes, old and new matchers, a sub-route that inherits, continue.
constexpr std::string_view nested = R"(global:
  smtp_smarthost: 'localhost:25'
route:
  receiver: Team-X Mails
  group_by: [alertname, cluster]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 3h
  routes:
    - match_re: {service: ^(foo1|foo2|baz)$}
      receiver: Team-X Mails
      routes:
        - match: {severity: critical}
          receiver: team-X-pager
    - matchers: ['service="files"', 'env!~"test|dev"']
      receiver: team-Y-mails
      group_by: [host]
    - matchers: ['audit="yes"']
      receiver: audit
      continue: true
    - match: {service: database}
      receiver: team-DB-pager
      group_by: []
    - matchers: ['alertname=~"Watchdog|InfoInhibitor"']
      receiver: 'null'
inhibit_rules:
  - source_match: {severity: critical}
    target_match_re: {severity: warning|info}
    equal: [alertname, cluster]
receivers:
  - name: Team-X Mails
    email_configs: [{to: x@example.org}]
  - name: team-X-pager
    pagerduty_configs: [{routing_key: k}]
  - name: team-Y-mails
    email_configs: [{to: y@example.org}]
  - name: team-DB-pager
    pagerduty_configs: [{routing_key: d}]
  - name: audit
    webhook_configs: [{url: 'http://audit/'}]
  - name: 'null'
)";

}  // namespace

TEST_CASE("a tree of routes sends each alert where Alertmanager sends it") {
    const Imported imported(nested);
    CHECK(imported.result.code == 0);
    CHECK(holds(imported.result.err, "alertmanager.yml:8:20: repeat_interval is left out"));
    CHECK(holds(imported.result.err, "configure the sink 'team-x-mails'"));
    const Run checked = imported.check();
    CHECK_MESSAGE(checked.code == 0, checked.err);
    const Run tested = imported.test(R"(    events:
      - {at: 0s, labels: {alertname: A, service: foo1, severity: critical, cluster: a}}
      - {at: 0s, labels: {alertname: A, service: foo1, severity: info, cluster: b}}
      - {at: 0s, labels: {alertname: B, service: files, env: prod, host: h1}}
      - {at: 0s, labels: {alertname: C, service: files, env: prod, host: h1}}
      - {at: 0s, labels: {alertname: B, service: files, env: test, host: h1}}
      - {at: 0s, labels: {alertname: D, service: database, host: d1}}
      - {at: 0s, labels: {alertname: E, service: database, host: d2}}
      - {at: 0s, labels: {alertname: F, service: database, audit: 'yes'}}
      - {at: 0s, labels: {alertname: G, audit: 'yes'}}
      - {at: 0s, labels: {alertname: Watchdog}}
    expect:
      - {at: 29s, incidents: 0}
      - at: 1m
        deliveries:
          - {sink: team-x-pager, action: create, times: 1}
          - {sink: team-x-mails, action: create, times: 2}
          - {sink: team-y-mails, action: create, times: 1}
          - {sink: team-db-pager, action: create, times: 2}
          - {sink: audit, action: create, times: 2}
      - {at: 1m, opened: 8}
)");
    CHECK_MESSAGE(tested.code == 0, tested.out);
}

TEST_CASE("several receivers of one alert, muted hours and all-label groups") {
    const Imported imported(R"(route:
  receiver: default
  group_by: ['...']
  routes:
    - matchers: [team="db"]
      receiver: db
      mute_time_intervals: [weekends, nights]
      active_time_intervals: [weekends]
time_intervals:
  - name: weekends
    time_intervals: [{weekdays: ['saturday:sunday'], location: Europe/Berlin}]
mute_time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: '00:00', end_time: '06:30'}, {start_time: '22:00', end_time: '24:00'}]
        months: ['1:3', december]
        days_of_month: ['1:5', '-3:-1']
receivers:
  - name: default
    webhook_configs: [{url: 'http://x/'}]
  - name: db
    slack_configs: [{channel: '#db'}]
)");
    CHECK(imported.result.code == 0);
    CHECK(holds(imported.result.out, "{weekdays: ['saturday:sunday'], at: '00:00', for: 24h, zone: 'Europe/Berlin'}"));
    CHECK(holds(imported.result.out,
                "{days_of_month: ['1:5', '-3:-1'], months: ['1:3', 'december'], at: '00:00', for: 390m}"));
    CHECK(holds(imported.result.out, "at: '22:00', for: 2h}"));
    CHECK(holds(imported.result.out, "name: 'outside-weekends'"));
    CHECK(holds(imported.result.out, "{weekdays: ['monday:friday'], at: '00:00', for: 24h, zone: 'Europe/Berlin'}"));
    CHECK(holds(imported.result.err, "group_by: ['...']"));
    CHECK(imported.check().code == 0);
}

// Office hours of two parts, in winter: 08:00 to 16:00 UTC on workdays of half the year.
TEST_CASE("outside of its active times a route is silenced") {
    const Imported imported(R"(route:
  receiver: default
  routes:
    - matchers: [team="db"]
      receiver: db
      active_time_intervals: [office, saturdays]
time_intervals:
  - name: office
    time_intervals:
      - weekdays: ['Monday:friday']
        times: [{start_time: '09:00', end_time: '12:00'}, {start_time: '13:00', end_time: '17:00'}]
        months: ['january:june']
        location: Europe/Berlin
  - name: saturdays
    time_intervals: [{weekdays: [saturday], location: Europe/Berlin}]
receivers:
  - name: default
    webhook_configs: [{url: 'http://x/'}]
  - name: db
    slack_configs: [{channel: '#db'}]
)");
    REQUIRE_MESSAGE(imported.result.code == 0, imported.result.err);
    CHECK_FALSE(holds(imported.result.err, "left out"));
    CHECK_MESSAGE(imported.check().code == 0, imported.check().err);
    const auto suppressed_at = [&](const std::string& start, int suppressed) {
        const Run tested = imported.test("    start_timestamp: " + start + R"(
    events: [{at: 0s, labels: {alertname: A, team: db}}, {at: 0s, labels: {alertname: A, team: web}}]
    expect: [{at: 0s, suppressed: )" + (suppressed == 0 ? std::string("[]") : "[{labels: {team: db}}]") +
                                         "}]\n");
        CHECK_MESSAGE(tested.code == 0, start << tested.out << tested.err);
    };
    suppressed_at("2026-01-05T07:59:59Z", 1);  // a Monday
    suppressed_at("2026-01-05T08:00:00Z", 0);
    suppressed_at("2026-01-05T10:59:59Z", 0);
    suppressed_at("2026-01-05T11:00:00Z", 1);
    suppressed_at("2026-01-05T12:00:00Z", 0);
    suppressed_at("2026-01-05T16:00:00Z", 1);
    suppressed_at("2026-01-10T03:00:00Z", 0);  // a Saturday
    suppressed_at("2026-01-11T03:00:00Z", 1);
    suppressed_at("2026-07-06T10:00:00Z", 1);  // a Monday in July
}

TEST_CASE("active times that no silence can say are reported, undefined ones and those of the root are refused") {
    constexpr std::string_view tail = R"(time_intervals:
  - name: ends
    time_intervals: [{days_of_month: ['-3:-1']}]
  - name: here
    time_intervals: [{weekdays: [monday], location: Europe/Berlin}]
  - name: there
    time_intervals: [{weekdays: [monday], location: Asia/Tokyo}]
receivers: [{name: a}]
)";
    const auto with = [tail](const std::string& names) {
        return Imported("route:\n  receiver: a\n  routes:\n    - {matchers: [a=b], active_time_intervals: [" + names +
                        "]}\n" + std::string(tail));
    };
    CHECK(holds(with("ends").result.err,
                "alertmanager.yml:4:7: active_time_intervals 'ends' are left out, because they "
                "count days from a month's end"));
    CHECK(holds(with("here, there").result.err, "because they are of several time zones"));
    const Imported unknown = with("nowhere");
    CHECK(unknown.result.code == 1);
    CHECK(holds(unknown.result.err, "active_time_intervals: names 'nowhere', which is not defined"));
    for (const std::string key : {"mute_time_intervals", "active_time_intervals"}) {
        const Imported root("route:\n  receiver: a\n  " + key + ": [here]\n" + std::string(tail));
        CHECK(root.result.code == 1);
        CHECK_MESSAGE(holds(root.result.err, key + ": may not stand at the root route"), root.result.err);
    }
}

TEST_CASE("what is no configuration of an Alertmanager is refused with its place") {
    const Imported no_route("receivers: []\n");
    CHECK(no_route.result.code == 1);
    CHECK(holds(no_route.result.err, "route: is missing"));
    const Imported secret("kind: Secret\nstringData:\n  alertmanager.yaml: |-\n    route: {receiver: a}\n");
    CHECK(holds(secret.result.err, "this is a Kubernetes secret"));
    const Imported resource("kind: AlertmanagerConfig\nspec: {route: {receiver: a}}\n");
    CHECK(holds(resource.result.err, "alertmanager-NAME-generated"));
    const Imported bad_matcher("route:\n  receiver: a\n  routes: [{matchers: ['a=\"b']}]\nreceivers: [{name: a}]\n");
    CHECK(bad_matcher.result.code == 1);
    CHECK(holds(bad_matcher.result.err, "alertmanager.yml:3:"));
    const Imported unknown("route: {receiver: nobody}\nreceivers: [{name: a}]\n");
    CHECK(unknown.result.code == 1);
    CHECK(holds(unknown.result.err, "names 'nobody'"));
    CHECK(run({INCIDENTD_BINARY, "rules", "import"}).code == 2);
}

}  // namespace incidentd::test
