// What could break: an explanation that tells another story than the engine, or leaves out the rule that matters.
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

constexpr std::string_view rules = R"(version: 1
correlate:
  - {name: web, match: 'service="web"', by: [cluster]}
  - {name: by-rack, match: 'env="prod"', by: [rack]}
  - name: database
    match: ['service=~"mysql|pg"']
    by: [cluster]
    hold: 30s
    incident: {title: 'Database trouble in {{cluster}}', impact: high, assign: dba}
route:
  - {match: 'rule="web"', to: [chat]}
  - {match: 'priority="P1"', to: [pager], continue: true}
  - {to: [servicenow]}
)";
constexpr std::string_view alert =
    R"({"at":"2026-01-05T09:00:00Z","labels":{"alertname":"Down","service":"pg","env":"prod","cluster":"a","severity":"critical"}})";

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Run explain(const TempDirectory& directory, std::vector<std::string> more) {
    std::vector<std::string> all{INCIDENTD_BINARY, "rules", "explain", "--rules", directory.file("rules.yaml")};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
}

}  // namespace

TEST_CASE("each rule says yes or no and why, and the engine has the last word") {
    const TempDirectory directory;
    directory.write("rules.yaml", rules);
    const std::string file = directory.write("alert.json", alert);
    const Run text = explain(directory, {"--alert", file});
    REQUIRE_MESSAGE(text.code == 0, text.err);
    CHECK(holds(text.out, "  no  web: service=\"web\" fails: service is \"pg\"\n"));
    CHECK(holds(text.out, "  no  by-rack: there is no label rack, which it groups by\n"));
    CHECK(holds(text.out, "  YES database: group cluster=\"a\", hold 30s\n"));
    CHECK(holds(text.out, "default-topology"));
    CHECK(holds(text.out, "  title            Database trouble in a\n"));
    CHECK(holds(text.out, "  priority         P1 (impact high, urgency critical)\n"));
    CHECK(holds(text.out, "  no  #1: rule=\"web\" fails: rule is \"database\"\n"));
    CHECK(holds(text.out, "  YES #2: to pager, then on\n"));
    CHECK(holds(text.out, "sinks told\n  pager, servicenow\n"));

    const Json json(explain(directory, {"--alert", file, "--output", "json"}).out);
    CHECK(json.text("/incidents/0/rule") == "database");
    CHECK(json.text("/incidents/0/assignment_group") == "dba");
    CHECK(json.text("/sinks/1") == "servicenow");
    CHECK(json.text("/steps/0/rule") == "web");
    CHECK_FALSE(json.boolean("/steps/0/applies"));
    CHECK(json.text("/decisions/0/verdict") == "opened");
}

TEST_CASE("labels are rewritten before anything else looks at them, and each section answers") {
    const TempDirectory directory;
    directory.write("cmdb.csv", "host,team\nfra-1,dba\n");
    directory.write("rules.yaml", R"(version: 1
enrich:
  - {match: 'host=~"(?P<site>[a-z]+)-.*"', set: {site: '{{site}}'}}
  - {match: 'site="muc"', set: {far: 'yes'}}
  - {lookup: cmdb.csv, on: host, take: [team]}
dedup:
  - {match: 'check="disk"', key: [host]}
silences:
  - {name: sunday, match: 'team="dba"', schedule: {weekdays: sun, at: '02:00', for: 2h}}
inhibit:
  - {name: host-down, source: 'alertname="HostDown"', target: 'check!=""', equal: [host]}
correlate:
  - {name: by-site, match: 'site!=""', by: [site]}
)");
    const std::string file = directory.write(
        "alert.json", R"({"at":"2026-01-05T09:00:00Z","labels":{"check":"disk","host":"fra-1","disk":"sda"}})");
    const Run text = explain(directory, {"--alert", file});
    REQUIRE_MESSAGE(text.code == 0, text.err);
    CHECK_MESSAGE(holds(text.out, "  YES #1: site=\"fra\" is new\n"), text.out);
    CHECK(holds(text.out, "  no  #2: site=\"muc\" fails: site is \"fra\"\n"));
    CHECK(holds(text.out, "has a row for host=\"fra-1\"; team=\"dba\" is new\n"));
    CHECK(holds(text.out, "  YES #1: one alert of the source for host=\"fra-1\"\n"));
    CHECK(holds(text.out, "  no  sunday: matches, but does not hold at 2026-01-05T09:00:00.000Z"));
    CHECK(holds(text.out, "  YES host-down: while an alert fires that is a source of it, with equal host=\"fra-1\"\n"));
    CHECK(holds(text.out, "  YES by-site: group site=\"fra\"\n"));
}

TEST_CASE("what cannot be explained is said") {
    const TempDirectory directory;
    directory.write("rules.yaml", rules);
    const Run broken = explain(directory, {"--alert", directory.write("broken.json", "{\"labels\":")});
    CHECK(broken.code == 1);
    CHECK(holds(broken.err, "broken.json: "));
    CHECK(explain(directory, {"--alert", directory.file("absent.json")}).code == 1);
    CHECK(explain(directory, {}).code == 2);
    directory.write("rules.yaml", "version: 1\nnonsense: 1\n");
    CHECK(explain(directory, {"--alert", directory.write("alert.json", alert)}).code == 1);
}

}  // namespace incidentd::test
