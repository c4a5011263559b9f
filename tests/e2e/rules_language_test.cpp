// What could break: the example that the documentation shows. People copy it first.
#include "tests/support/process.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace incidentd::test {
namespace {

constexpr std::string_view rules = R"(version: 1
correlate:
  - name: db-outage
    match: ['service=~"mysql|pg"', 'env="prod"']
    op: threshold
    by: [cluster]
    distinct: instance
    count: 3
    within: 2m
    hold: 30s
    close: {quiet: 10m, max_age: 24h, max_alerts: 10000}
    incident:
      title: 'Database outage in {{cluster}}'
      category: software/database
      impact: high
      urgency: '{{severity}}'
      assign: team-dba
      knowledge: ['runbooks/db-outage']
route:
  - {to: [servicenow]}
)";

constexpr std::string_view test_file = R"(rule_files: [rules/*.yaml]
tests:
  - name: three hosts, one ticket
    start_timestamp: 2026-01-05T09:00:00Z
    events:
      - {at: 0s,  labels: {alertname: Down, service: pg, env: prod, cluster: a, instance: i1}}
      - {at: 20s, labels: {alertname: Down, service: pg, env: prod, cluster: a, instance: i2}}
      - {at: 40s, labels: {alertname: Down, service: pg, env: prod, cluster: a, instance: i3}}
      - {at: 50s, resolve: {instance: i1}}
    expect:
      - {at: 39s, incidents: 0}
      - {at: 2m, incidents: [{rule: db-outage, alerts: 3, priority: P1}], deliveries: [{sink: servicenow, action: create, times: 1}]}
      - {at: 2m, explain: {alert: {instance: i2}, rule: db-outage, because: 'threshold 3/3'}}
)";

}  // namespace

TEST_CASE("the test of the rules language passes word for word") {
    const TempDirectory directory;
    std::filesystem::create_directory(directory.file("rules"));
    directory.write("rules/db.yaml", rules);
    const std::string file = directory.write("test.yaml", test_file);
    const Run passed = run({INCIDENTD_BINARY, "rules", "test", file});
    CHECK_MESSAGE(passed.code == 0, passed.out);

    std::string wrong(test_file);
    wrong.replace(wrong.find("alerts: 3"), 9, "alerts: 4");
    const Run failed = run({INCIDENTD_BINARY, "rules", "test", directory.write("wrong.yaml", wrong)});
    CHECK(failed.code == 1);
    CHECK(failed.out.find("alerts: 4") != std::string::npos);
    CHECK(failed.out.find("alerts: 3") != std::string::npos);
}

}  // namespace incidentd::test
