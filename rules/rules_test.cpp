// Rules that compile to something other than what the operator wrote group and route alerts wrongly without a word.
#include "rules/rules.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace incidentd;

namespace {

RuleBundle bundle_of(std::string text) { return {{{"r.yaml", std::move(text)}}, {"rt", "webhook"}}; }

std::string problems_of(std::string text) {
    Problems problems;
    const bool compiled = compile(bundle_of(std::move(text)), problems) != nullptr;
    CHECK(compiled == problems.empty());
    return problems.text();
}

std::shared_ptr<const RuleSet> compiled(const RuleBundle& bundle) {
    Problems problems;
    std::shared_ptr<const RuleSet> set = compile(bundle, problems);
    CHECK(problems.text() == "");
    REQUIRE(set != nullptr);
    return set;
}

constexpr auto full = R"(version: 1
correlate:
  - name: db-outage
    match: ['service=~"mysql|pg"', '{env="prod"}']
    op: group
    by: [cluster]
    require: optional
    within: 2m
    hold: 30s
    close: {quiet: 10m, max_age: 12h, max_alerts: 500}
    incident:
      title: 'Database outage in {{cluster}}'
      category: software/database
      service: db
      assign: team-dba
      impact: high
      urgency: '{{severity}}'
  - {name: rest-of-web, match: 'team="web"', by: []}
priority:
  matrix: {high: {critical: P2}}
route:
  - {match: ['priority="P1"', 'cluster="a"'], to: [rt, webhook], continue: true, update_every: 5m}
  - {to: rt}
)";

}  // namespace

TEST_CASE("every key of a rule file arrives in the set") {
    const std::shared_ptr<const RuleSet> set = compiled(bundle_of(full));
    REQUIRE(set->correlate.size() == 3);
    const CorrelationRule& rule = set->correlate[0];
    CHECK(rule.name == "db-outage");
    REQUIRE(rule.match.size() == 2);
    CHECK(rule.match[0].text() == "service=~\"mysql|pg\"");
    CHECK(rule.match[1].text() == "env=\"prod\"");
    CHECK(rule.by == std::vector<std::string>{"cluster"});
    CHECK(rule.by_optional);
    CHECK(rule.within == minutes(2));
    CHECK(rule.hold == seconds(30));
    CHECK(rule.quiet == minutes(10));
    CHECK(rule.max_age == hours(12));
    CHECK(rule.max_alerts == 500);
    REQUIRE(rule.title.parts().size() == 2);
    CHECK(rule.title.parts()[1].text == "cluster");
    CHECK(rule.category.parts()[0].text == "software/database");
    CHECK(rule.service.parts()[0].text == "db");
    CHECK(rule.assign.parts()[0].text == "team-dba");
    CHECK(rule.impact.parts()[0].text == "high");
    CHECK(rule.urgency.parts()[0].is_place);
    CHECK(set->correlate[1].by.empty());
    CHECK(set->priority[2][3] == Priority::p2);
    CHECK(set->priority[2][2] == Priority::p1);
    CHECK(set->priority[0][0] == Priority::p5);
    REQUIRE(set->routes.size() == 2);
    CHECK(set->routes[0].to == std::vector<std::string>{"rt", "webhook"});
    CHECK(set->routes[0].proceed);
    CHECK(set->routes[0].update_every == minutes(5));
    CHECK(set->routes[1].to == std::vector<std::string>{"rt"});
    CHECK(set->routes[1].update_every == minutes(1));
}

TEST_CASE("without rule files the built-in set takes everything and tells every sink") {
    const std::shared_ptr<const RuleSet> set = compiled({{}, {"rt", "webhook"}});
    REQUIRE(set->correlate.size() == 1);
    const CorrelationRule& rule = set->correlate[0];
    CHECK(rule.name == "default-topology");
    CHECK(rule.op == CorrelationOp::topology);
    CHECK(rule.match.empty());
    CHECK(rule.by.empty());
    CHECK(rule.quiet == minutes(5));
    CHECK(rule.gate.checks == 2);
    CHECK(rule.gate.critical_after == Duration{0});
    CHECK(rule.gate.other_after == minutes(20));
    CHECK(set->priority[1][1] == Priority::p3);
    REQUIRE(set->routes.size() == 1);
    CHECK(set->routes[0].to == std::vector<std::string>{"rt", "webhook"});
    CHECK(set->hash.size() == 16);
    CHECK(compiled({{}, {}})->routes.empty());
}

TEST_CASE("problems of rule files name file, line, column and key") {
    struct Row {
        std::string text;
        std::string expected;
    };
    static const Row rows[] = {
        {"correlate: []\n", "r.yaml:1:1: version: is missing; begin the file with 'version: 1'\n"},
        {"", "r.yaml: version: is missing; begin the file with 'version: 1'\n"},
        {"version: 2\n", "r.yaml:1:10: version: must be a whole number from 1 to 1, found '2'\n"},
        {"version: 1\ncorelate: []\n",
         "r.yaml:2:1: corelate: unknown key; did you mean 'correlate'? allowed here: version, enrich, dedup, pair, "
         "silences, maintenance, inhibit, flapping, storm, correlate, topology, priority, route\n"},
        {"version: 1\nsla: []\n",
         "r.yaml:2:1: sla: is not in this version: time limits for acknowledging and resolving come with a later "
         "version; remove the section\n"},
        {"version: 1\ncorrelate:\n  - by: [a]\n", "r.yaml:3:5: correlate[0].name: is missing\n"},
        {"version: 1\ncorrelate:\n  - name: a\n",
         "r.yaml:3:5: correlate[0].by: is missing; list the labels that form a group, or [] for one group of all it "
         "matches\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], match: 'x=~\"(\"'}\n",
         "r.yaml:3:35: correlate[0].match: 'x=~\"(\"' is not a matcher: bad regex '(': missing ): (\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], match: [a=b, c]}\n",
         "r.yaml:3:38: correlate[0].match[1]: 'c' is not a matcher: expected =, !=, =~ or !~ after the label name, "
         "found the end\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], match: {a: b}}\n",
         "r.yaml:3:31: correlate[0].match: must be a matcher as text, or a list of them, found a map; quote it: "
         "'severity=\"critical\"'\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], op: threshold}\n",
         "r.yaml:3:5: correlate[0].count: is missing, op: threshold needs it; say how many make an incident, such as "
         "count: 3\nr.yaml:3:5: correlate[0].within: is missing, op: threshold needs it; say the span that must hold "
         "all of it, such as within: 5m\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], count: 3}\n",
         "r.yaml:3:31: correlate[0].count: belongs to op: threshold, this rule has op: group; remove it, or write op: "
         "threshold\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x, x]}\n",
         "r.yaml:3:23: correlate[0].by[1]: names 'x' twice; remove one of them\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], require: optinal}\n",
         "r.yaml:3:33: correlate[0].require: must be present or optional, found 'optinal'; did you mean 'optional'?\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], within: 5}\n",
         "r.yaml:3:32: correlate[0].within: must be a duration such as 90s, 5m, 2h or 1d, found '5'\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], hold: 2d}\n",
         "r.yaml:3:30: correlate[0].hold: must be from 0s to 1d, found 2d\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], close: {max_alerts: 0}}\n",
         "r.yaml:3:44: correlate[0].close.max_alerts: must be a whole number from 1 to 1000000, found '0'\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], incident: {title: 'a {{b'}}\n",
         "r.yaml:3:45: correlate[0].incident.title: the {{ that begins here is never closed with }}\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x], incident: {impact: hihg}}\n",
         "r.yaml:3:43: correlate[0].incident.impact: must be one of low, medium, high, or a template such as "
         "'{{impact}}', found 'hihg'; did you mean 'high'?\n"},
        {"version: 1\ncorrelate:\n  - {name: a, by: [x]}\n  - {name: a, by: [y]}\n",
         "r.yaml:4:12: correlate[1].name: 'a' is the name of another rule, in r.yaml line 3; give each rule its own "
         "name\n"},
        {"version: 1\ncorrelate:\n  - {name: default-x, by: [x]}\n",
         "r.yaml:3:12: correlate[0].name: must not begin with 'default-': those names belong to the built-in rules\n"},
        {"version: 1\npriority:\n  matrix: {high: {critical: 1, urgent: P1}}\n",
         "r.yaml:3:32: priority.matrix.high.urgent: unknown key; allowed here: low, medium, high, critical\n"
         "r.yaml:3:29: priority.matrix.high.critical: must be P1, P2, P3, P4 or P5, found '1'\n"},
        {"version: 1\nroute:\n  - {to: [r]}\n",
         "r.yaml:3:11: route[0].to: names the sink 'r', which is not configured; configured sinks: rt, webhook\n"},
        {"version: 1\nroute:\n  - {to: [webhok]}\n",
         "r.yaml:3:11: route[0].to: names the sink 'webhok', which is not configured; did you mean 'webhook'? "
         "configured sinks: rt, webhook\n"},
        {"version: 1\nroute:\n  - {match: 'severity=critical', to: rt}\n",
         "r.yaml:3:5: route[0]: is the last route, yet not every incident ends here: the others would reach no sink; "
         "end with a route without match and continue: {to: [...]}, or {to: []} to tell nobody\n"},
        {"version: 1\nroute:\n  - {match: 'team=web', to: rt}\n  - {to: []}\n",
         "r.yaml:3:5: route[0].match: the label 'team' is never there: routes see the incident and the labels its "
         "rules group by; there are: alertname, assignment_group, category, cluster, host, instance, job, namespace, "
         "priority, rule, service, severity; another label must be added to `by` of a correlate rule\n"},
        {"version: 1\nroute:\n  - {}\n", "r.yaml:3:5: route[0].to: is missing; list sinks, or [] to tell nobody\n"},
        {"version: 1\nroute: rt\n", "r.yaml:2:8: route: must be a list, found 'rt'\n"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(problems_of(row.text) == row.expected);
    }
}

TEST_CASE("all problems of all files are found in one go") {
    Problems problems;
    const RuleBundle bundle{{{"a.yaml", "version: 1\nx: 1\n"},
                             {"b.yaml", "version: [\n"},
                             {"c.yaml", "version: 1\npriority: {matrix: {}}\n"},
                             {"d.yaml", "version: 1\npriority: {matrix: {}}\n"}},
                            {}};
    CHECK(compile(bundle, problems) == nullptr);
    REQUIRE(problems.items().size() == 3);
    CHECK(problems.items()[0].where.file == "a.yaml");
    CHECK(problems.items()[1].where.file == "b.yaml");
    CHECK(problems.items()[2].message.find("in c.yaml line 2") != std::string::npos);
}

TEST_CASE("a bundle survives its journaled form, and only equal bundles share a hash") {
    const RuleBundle bundle{{{"a b\n.yaml", "x\n7 y"}, {"", std::string("\0\xFF", 2)}}, {"s 1", ""}};
    const Result<RuleBundle> again = RuleBundle::parse(bundle.serialise());
    REQUIRE(again.has_value());
    CHECK(again->files == bundle.files);
    CHECK(again->sinks == bundle.sinks);
    CHECK(again->hash() == bundle.hash());
    RuleBundle other = bundle;
    other.files[0].first += "x";
    CHECK(other.hash() != bundle.hash());
    const RuleBundle split{{{"a", "b"}}, {"x", "y"}};
    const RuleBundle joined{{{"a", "b"}}, {"x y"}};
    CHECK(split.hash() != joined.hash());

    const std::string text = bundle.serialise();
    for (std::size_t length = 0; length < text.size(); ++length) {
        const Result<RuleBundle> cut = RuleBundle::parse(std::string_view(text).substr(0, length));
        CHECK((cut.has_error() || cut->serialise() == text.substr(0, length)));
    }
    CHECK(RuleBundle::parse(text + "x").has_error());
    CHECK(RuleBundle::parse("incidentd-rules 1\nsink 99999999999999999999 x\n").has_error());
    CHECK(RuleBundle::parse("incidentd-rules 1\nsink 18446744073709551615 x\n").has_error());
}

TEST_CASE("what docs/rules.md shows is what is compiled") {
    std::ifstream in(INCIDENTD_SOURCE_DIR "/docs/rules.md");
    const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::vector<std::string> blocks;
    for (std::size_t at = page.find("```yaml\n"); at != std::string::npos; at = page.find("```yaml\n", at)) {
        at += 8;
        const std::size_t end = page.find("```", at);
        REQUIRE(end != std::string::npos);
        blocks.push_back(page.substr(at, end - at));
        at = end;
    }
    REQUIRE(blocks.size() == 3);  // all sections, a topology file, the defaults
    RuleBundle bundle{{{"docs/rules.md", blocks[0]}}, {"rt", "hook"}};
    const auto zone = [](const std::string& name) -> Result<std::string> {
        std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
        return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    };
    Problems problems;
    CHECK(load_and_compile(bundle, {{}, zone, {}}, Instant{}, problems) != nullptr);
    CHECK(render_problems(problems, false) == "");
    REQUIRE(bundle.zones.size() == 1);
    compiled(bundle);
    CHECK(default_rules().substr(0, blocks[2].size()) == blocks[2]);
}
