// Each section of a rule file arrives in the compiled set as it was written; a slip here silences or merges wrongly.
#include "rules/rules.hpp"
#include "rules/zone.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace incidentd;

namespace {

// Files as the daemon would read them.
const std::map<std::string, std::string>& files() {
    static const std::map<std::string, std::string> known{
        {"rules/cmdb.csv", "host,service,team,rack\nweb1,shop,web,r1\nweb2,shop,,r2\n\"db,1\",pg,dba,r1\nweb1,x,y,z\n"},
        {"t.csv", "\xEF\xBB\xBFname;team\r\nweb1;web\r\n"},
        {"bad.csv", "host,team\nweb1,web,extra\nweb2\n\"x\"y,1\n\"open,1\n"},
    };
    return known;
}

RuleSources sources() {
    return {[](const std::string& path) -> Result<std::string> {
                const auto file = files().find(path);
                if (file == files().end()) return Error(ErrorCode::io, path + " cannot be read: No such file");
                return file->second;
            },
            [](const std::string& name) -> Result<std::string> {
                return Error(ErrorCode::not_found, shown(name) + " is not a zone");
            },
            [] {
                return std::vector<std::string>{"Europe/Berlin", "Europe/Paris"};
            }};
}

struct Loaded {
    std::shared_ptr<const RuleSet> set;
    RuleBundle bundle;
    Problems problems;
};

Loaded load(std::string text) {
    Loaded out{nullptr, {{{"rules/r.yaml", "version: 1\n" + std::move(text)}}, {"rt"}}, {}};
    out.set = load_and_compile(out.bundle, sources(), Instant{}, out.problems);
    CHECK((out.set == nullptr) == !out.problems.empty());
    return out;
}

std::shared_ptr<const RuleSet> good(std::string text) {
    Loaded loaded = load(std::move(text));
    CHECK(loaded.problems.text() == "");
    REQUIRE(loaded.set != nullptr);
    return loaded.set;
}

std::string texts(const Matchers& matchers) {
    std::string out;
    for (const Matcher& matcher : matchers) out += (out.empty() ? "" : ",") + matcher.text();
    return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("enrich: templates and tables") {
    const auto set = good(R"(
enrich:
  - {match: ['host=~"(?P<site>[a-z]{3})-.*"'], set: {site: '{{site}}', where: 'in {{site}}'}}
  - {lookup: cmdb.csv, on: host, take: [service, team]}
  - {lookup: ./x/../cmdb.csv, on: host, take: rack}
  - {lookup: ../t.csv, on: host, key: name, take: [team]}
)");
    REQUIRE(set->enrich.size() == 4);
    CHECK(texts(set->enrich[0].match) == "host=~\"(?P<site>[a-z]{3})-.*\"");
    REQUIRE(set->enrich[0].set.size() == 2);
    CHECK(set->enrich[0].set[1].first == "where");
    CHECK(set->enrich[0].set[1].second.parts().size() == 2);
    CHECK(set->enrich[0].lookup == nullptr);
    REQUIRE(set->enrich[1].lookup != nullptr);
    CHECK(set->enrich[1].on == "host");
    CHECK(set->enrich[1].take == Words{"service", "team"});
    CHECK(set->enrich[1].lookup == set->enrich[2].lookup);
    const LookupTable& table = *set->enrich[1].lookup;
    CHECK(table.columns() == Words{"service", "team", "rack"});
    CHECK(table.size() == 3);
    REQUIRE(table.find("web1") != nullptr);
    CHECK(*table.find("web1") == Words{"shop", "web", "r1"});
    CHECK(*table.find("db,1") == Words{"pg", "dba", "r1"});
    CHECK(table.find("nobody") == nullptr);
    CHECK(*set->enrich[3].lookup->find("web1") == Words{"web"});
}

TEST_CASE("dedup and pair") {
    const auto set = good(R"(
dedup:
  - {match: ['source="zabbix"'], key: [host, trigger_id]}
pair:
  - {problem: ['event="linkDown"'], clear: ['event="linkUp"'], equal: [host, ifindex]}
  - {name: p, problem: 'a="1"', clear: 'a="2"', equal: host, require: optional}
)");
    REQUIRE(set->dedup.size() == 1);
    CHECK(set->dedup[0].key == Words{"host", "trigger_id"});
    REQUIRE(set->pairs.size() == 2);
    CHECK(set->pairs[0].name == "pair-1");
    CHECK(texts(set->pairs[0].problem) == "event=\"linkDown\"");
    CHECK(texts(set->pairs[0].clear) == "event=\"linkUp\"");
    CHECK(set->pairs[0].equal == Words{"host", "ifindex"});
    CHECK_FALSE(set->pairs[0].equal_optional);
    CHECK(set->pairs[1].name == "p");
    CHECK(set->pairs[1].equal_optional);
}

TEST_CASE("silences and maintenance: fixed and recurring") {
    const auto set = good(R"(
silences:
  - {name: reboot, match: ['team="web"'], schedule: {weekdays: [sun], at: '02:00', for: 2h}, comment: weekly}
  - name: close
    match: []
    from: 2026-01-01T00:00:00Z
    schedule:
      - {weekdays: 'friday:monday', days_of_month: [1, '-3:-1', '5:9'], months: [dec, 2, 'november:january'], years: '2026:2028', for: 1d}
      - {for: 30m}
maintenance:
  - {name: dc2, match: 'site="dc2"', from: 2026-12-01T20:00:00Z, to: 2026-12-02T05:00:00+01:00}
)");
    REQUIRE(set->silences.size() == 3);
    const SilenceRule& weekly = set->silences[0];
    CHECK(weekly.name == "reboot");
    CHECK(weekly.comment == "weekly");
    CHECK_FALSE(weekly.is_maintenance);
    REQUIRE(weekly.schedule.recurrences.size() == 1);
    CHECK(weekly.schedule.recurrences[0].weekdays == 1);
    CHECK(weekly.schedule.recurrences[0].start_minute == 120);
    CHECK(weekly.schedule.recurrences[0].length == hours(2));
    CHECK(weekly.schedule.recurrences[0].months == 0x0FFF);
    CHECK_FALSE(weekly.schedule.from.is_set());
    const Schedule& close = set->silences[1].schedule;
    CHECK(to_rfc3339(close.from) == "2026-01-01T00:00:00.000Z");
    REQUIRE(close.recurrences.size() == 2);
    CHECK(close.recurrences[0].weekdays == 0b1100011);
    CHECK(close.recurrences[0].days_of_month == std::vector<std::pair<int, int>>{{1, 1}, {-3, -1}, {5, 9}});
    CHECK(close.recurrences[0].months == 0b110000000011);
    CHECK(close.recurrences[0].years == std::vector<std::pair<int, int>>{{2026, 2028}});
    CHECK(close.recurrences[1].weekdays == 0x7F);
    CHECK(set->silences[2].is_maintenance);
    CHECK(to_rfc3339(set->silences[2].schedule.to) == "2026-12-02T04:00:00.000Z");
}

TEST_CASE("inhibit, flapping, storm") {
    const auto set = good(R"(
inhibit:
  - {name: host-down, source: ['alertname="HostDown"'], target: ['severity!="info"'], equal: [host]}
  - {name: loose, source: 'a="1"', target: 'a="2"', require: optional}
flapping:
  - {match: [], window: 20m, start: 8, stop_quiet: 10m}
  - {name: counted, match: 'x="y"', high: 30, low: 20.5}
storm:
  - {match: [], per: site, floor: 100, factor: 2.5, window: 30s, leave_after: 2m, pass: error}
  - {}
)");
    REQUIRE(set->inhibit.size() == 2);
    CHECK(set->inhibit[0].equal == Words{"host"});
    CHECK_FALSE(set->inhibit[0].equal_optional);
    CHECK(set->inhibit[1].equal.empty());
    CHECK(set->inhibit[1].equal_optional);
    REQUIRE(set->flapping.size() == 2);
    CHECK(set->flapping[0].name == "flapping-1");
    CHECK(set->flapping[0].window == minutes(20));
    CHECK(set->flapping[0].start == 8);
    CHECK(set->flapping[0].stop_quiet == minutes(10));
    CHECK(set->flapping[0].high_percent == 0);
    CHECK(set->flapping[1].high_percent == 30);
    CHECK(set->flapping[1].low_percent == 20.5);
    REQUIRE(set->storms.size() == 2);
    CHECK(set->storms[0].per == "site");
    CHECK(set->storms[0].floor == 100);
    CHECK(set->storms[0].factor == 2.5);
    CHECK(set->storms[0].window == seconds(30));
    CHECK(set->storms[0].leave_after == minutes(2));
    CHECK(set->storms[0].pass == Severity::error);
    CHECK(set->storms[1].per == "source");
    CHECK(set->storms[1].pass == Severity::critical);
}

TEST_CASE("correlate: every operation") {
    const auto set = good(R"(
correlate:
  - {name: t, op: threshold, match: 'a="1"', by: [cluster], distinct: instance, count: 3, within: 2m, continue: true,
     incident: {knowledge: ['runbooks/db', 'runbooks/pg']}}
  - {name: s, op: sequence, by: [host], within: 10m, steps: ['e="link"', ['e="bgp"', 'peer=~"x.*"']]}
  - {name: a, op: absence, match: 'job="backup",state="begin"', until: 'job="backup",state="end"', by: [host], within: 2h}
  - {name: dead, op: absence, match: 'alertname="Watchdog"', by: [], within: 5m}
)");
    REQUIRE(set->correlate.size() == 5);
    CHECK(set->correlate[0].op == CorrelationOp::threshold);
    CHECK(set->correlate[0].distinct == "instance");
    CHECK(set->correlate[0].count == 3);
    CHECK(set->correlate[0].proceed);
    CHECK(set->correlate[0].knowledge == Words{"runbooks/db", "runbooks/pg"});
    CHECK(set->correlate[1].op == CorrelationOp::sequence);
    REQUIRE(set->correlate[1].steps.size() == 2);
    CHECK(texts(set->correlate[1].steps[1]) == "e=\"bgp\",peer=~\"x.*\"");
    CHECK(set->correlate[2].op == CorrelationOp::absence);
    CHECK(texts(set->correlate[2].until) == "job=\"backup\",state=\"end\"");
    CHECK(texts(set->correlate[3].until) == "alertname=\"Watchdog\"");
}

TEST_CASE("problems of the sections name line, column and remedy") {
    struct Row {
        std::string text, expected;
    };
    static const Row rows[] = {
        {"enrich:\n  - {match: 'a=\"1\"'}\n", "3:5: enrich[0]: changes nothing; give it `set` or `lookup`\n"},
        {"enrich:\n  - {set: {a: '{{ }}'}}\n", "3:16: enrich[0].set.a: {{}} needs a label's name, such as {{host}}\n"},
        {"enrich:\n  - {set: {a: {{b}}}}\n",
         "3:16: enrich[0].set.a: a key must be plain text; a text with braces needs quotes: '{{host}}'\n3:15: "
         "enrich[0].set.a: must be text, found a map; a text with braces needs quotes: '{{host}}'\n"},
        {"enrich:\n  - {lookup: gone.csv, on: host, take: a}\n",
         "3:14: enrich[0].lookup: rules/gone.csv cannot be read: No such file\n"},
        {"enrich:\n  - {lookup: cmdb.csv, on: host, take: [service, taem, team, rack]}\n",
         "3:50: enrich[0].take[1]: the table rules/cmdb.csv has no column 'taem'; did you mean 'team'? columns: host, "
         "service, team, rack\n"},
        {"enrich:\n  - {lookup: cmdb.csv}\n",
         "3:5: enrich[0].on: is missing, a lookup needs it\n3:5: enrich[0].take: is missing, a lookup needs it\n"},
        {"enrich:\n  - {set: {a: b}, on: c}\n",
         "3:23: enrich[0].on: belongs to a lookup, and there is none; name the CSV file: lookup: cmdb.csv\n"},
        {"enrich:\n  - {match: ['a=~\"(?P<x>.)\"', 'b=~\"(?P<x>.)\"'], set: {c: '{{x}}'}}\n",
         "3:13: enrich[0].match: names the group 'x' in two regexes; give each group its own name\n"},
        {"dedup:\n  - {match: []}\n",
         "3:5: dedup[0].key: is missing; list the labels whose values say which alert it is\n"},
        {"dedup:\n  - {key: []}\n", "3:11: dedup[0].key: must have 1 to 16, found 0\n"},
        {"pair:\n  - {problem: 'a=\"1\"', clear: 'a=\"2\"', equal: [x], name: p}\n  - {problem: 'b=\"1\"', clear: "
         "'b=\"2\"', equal: [x], name: p}\n",
         "4:58: pair[1].name: 'p' is the name of another rule, in rules/r.yaml line 3; give each rule its own name\n"},
        {"silences:\n  - {name: a, match: []}\n",
         "3:5: silences[0]: would hold for ever; give it `to`, or a `schedule`\n"},
        {"silences:\n  - {name: a, to: 2026-01-01T00:00:00Z}\n",
         "3:5: silences[0].match: is missing; name the alerts; `match: []` means all of them\n"},
        {"silences:\n  - {name: a, match: [], from: 2026-01-02, to: soon}\n",
         "3:32: silences[0].from: must be a time such as 2026-12-01T20:00:00Z or 2026-12-01T21:00:00+01:00, found "
         "'2026-01-02'\n3:48: silences[0].to: must be a time such as 2026-12-01T20:00:00Z or "
         "2026-12-01T21:00:00+01:00, found 'soon'\n"},
        {"maintenance:\n  - {name: a, match: [], from: 2026-01-02T00:00:00Z, to: 2026-01-01T00:00:00Z}\n",
         "3:58: maintenance[0].to: must be later than `from`, 2026-01-02T00:00:00.000Z\n"},
        {"silences:\n  - {name: a, match: [], schedule: {weekdays: [sun, mno], for: 1h}}\n",
         "3:53: silences[0].schedule.weekdays[1]: must be a weekday such as mon, or a range such as 'monday:friday', "
         "found 'mno'\n"},
        {"silences:\n  - {name: a, match: [], schedule: {weekdays: 'monday:firday', for: 1h}}\n",
         "3:55: silences[0].schedule.weekdays: must be a weekday such as mon, or a range such as 'monday:friday', "
         "found 'monday:firday'; did you mean 'friday'?\n"},
        {"silences:\n  - {name: a, match: [], schedule: {days_of_month: [32, '9:2', '-1:2'], for: 1h}}\n",
         "3:53: silences[0].schedule.days_of_month[0]: must be a day from 1 to 31 or from -1 to -31, or a range such "
         "as '1:7', found '32'\n3:57: silences[0].schedule.days_of_month[1]: '9:2' ends before it begins\n3:64: "
         "silences[0].schedule.days_of_month[2]: '-1:2' ends before it begins\n"},
        {"silences:\n  - {name: a, match: [], schedule: {at: '24:00', for: 8d}}\n",
         "3:41: silences[0].schedule.at: must be a time of day from '00:00' to '23:59', found '24:00'\n3:55: "
         "silences[0].schedule.for: must be from 1m to 1w, found 1w1d\n"},
        {"silences:\n  - {name: a, match: [], schedule: {for: 1h, zone: Europe/Belrin}}\n",
         "3:52: silences[0].schedule.zone: 'Europe/Belrin' is not a zone; did you mean 'Europe/Berlin'?\n"},
        {"silences:\n  - {name: a, match: [], schedule: []}\n",
         "3:36: silences[0].schedule: is empty, so it would hold for ever; say when: {weekdays: [sun], at: '02:00', "
         "for: 2h}\n"},
        {"inhibit:\n  - {name: a, source: 'a=1'}\n", "3:5: inhibit[0].target: is missing\n"},
        {"flapping:\n  - {high: 30, low: 40}\n", "3:21: flapping[0].low: must be below `high`\n"},
        {"flapping:\n  - {high: 30, window: 5m}\n",
         "3:24: flapping[0].window: belongs to the time-window form, `high` and `low` to the check-count form; keep "
         "one form in a rule\n3:5: flapping[0].low: is missing: the check-count form needs `high` and `low`; Nagios "
         "uses high: 30, low: 20; Icinga 2 high: 30, low: 25\n"},
        {"storm:\n  - {factor: '10', pass: crit}\n",
         "3:14: storm[0].factor: must be a number from 1 to 1000, found '10'; remove the quotes\n3:26: storm[0].pass: "
         "must be info, unknown, warning, error or critical, found 'crit'\n"},
        {"correlate:\n  - {name: a, by: [x], op: similar}\n",
         "3:28: correlate[0].op: 'similar' is not in this version: similarity comes later; there are: group, "
         "threshold, "
         "sequence, absence, topology\n3:5: correlate[0].within: is missing, op: similar needs it; say the span that "
         "must hold all of it, such as within: 5m\n"},
        {"correlate:\n  - {name: a, by: [x], op: sequence, within: 0s, steps: ['a=1']}\n",
         "3:46: correlate[0].within: must be longer than 0s with op: sequence; say the span that must hold all of it, "
         "such as within: 5m\n3:57: correlate[0].steps: must have 2 to 16, found 1\n"},
        {"correlate:\n  - name: a\n    by: [x]\n    match: |\n      a=\"1\",\n      b~\"2\"\n",
         "7:8: correlate[0].match: 'a=\"1\",\\x0ab~\"2\"\\x0a' is not a matcher: expected =, !=, =~ or !~ after the "
         "label name, found '~'\n"},
        {"escalate: {}\n",
         "2:1: escalate: is not in this version: escalation comes with a later version; remove the section\n"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        std::string found = load(row.text).problems.text();
        for (std::size_t at = 0; (at = found.find("rules/r.yaml:", at)) != std::string::npos;) {
            const bool begins = at == 0 || found[at - 1] == '\n';
            begins ? void(found.erase(at, 13)) : void(at += 13);
        }
        CHECK(found == row.expected);
    }
}

TEST_CASE("a faulty table names its own lines") {
    const Loaded loaded = load("enrich:\n  - {lookup: /../bad.csv, on: host, take: team}\n");
    CHECK(loaded.problems.text() == "rules/r.yaml:3:14: enrich[0].lookup: /bad.csv cannot be read: No such file\n");
    CHECK(load("enrich:\n  - {lookup: ../bad.csv, on: host, take: team}\n").problems.text() ==
          "bad.csv:2:10: this row has 3 cells, the first line names 2 columns; quote a cell that holds the "
          "separator\nbad.csv:3:1: this row has 1 cells, the first line names 2 columns; quote a cell that holds the "
          "separator\nbad.csv:4:4: expected the separator or the line's end after the closing quote; a quote inside a "
          "quoted cell is doubled: \"\"\nbad.csv:4:1: this row has 1 cells, the first line names 2 columns; quote a "
          "cell that holds the separator\nbad.csv:5:1: the quote that begins here is never closed\n");
}

TEST_CASE("a bundle carries its tables, so that it compiles again elsewhere") {
    const Loaded loaded = load("enrich:\n  - {lookup: cmdb.csv, on: host, take: [service, team]}\n");
    REQUIRE(loaded.set != nullptr);
    REQUIRE(loaded.bundle.tables.size() == 1);
    CHECK(loaded.bundle.tables[0].first == "rules/cmdb.csv");
    const Result<RuleBundle> again = RuleBundle::parse(loaded.bundle.serialise());
    REQUIRE(again.has_value());
    CHECK(again->hash() == loaded.bundle.hash());
    Problems problems;
    const auto set = compile(*again, problems);
    CHECK(problems.text() == "");
    REQUIRE(set != nullptr);
    CHECK(set->hash == loaded.set->hash);
    CHECK(set->enrich[0].lookup->find("web1") != nullptr);
    RuleBundle changed = *again;
    changed.tables[0].second += "web9,a,b,c\n";
    CHECK(changed.hash() != again->hash());
    RuleBundle without = *again;
    without.tables.clear();
    CHECK(compile(without, problems) == nullptr);
    CHECK(problems.text().find("the table 'rules/cmdb.csv' is not among what was handed over") != std::string::npos);
}
