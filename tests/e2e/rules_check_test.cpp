// What could break: a broken rule file that passes the check, a problem without its place, an exit code that lets a
// pipeline go on.
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

constexpr std::string_view good = R"(version: 1
correlate:
  - {name: web, match: 'team="web"', by: [team]}
route:
  - {match: 'team="web"', to: [slack-web]}
  - {to: [servicenow]}
)";

constexpr std::string_view broken = R"(version: 1
correlate:
  - {name: web, match: 'team="web', by: [team]}
  - {name: web, matches: 'a="b"', by: []}
)";

Run rules(std::vector<std::string> arguments) {
    std::vector<std::string> all{INCIDENTD_BINARY, "rules"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
}

}  // namespace

TEST_CASE("good rules pass, and sinks are those the routes name") {
    const TempDirectory directory;
    const std::string file = directory.write("good.yaml", good);
    const Run text = rules({"check", file});
    CHECK(text.code == 0);
    CHECK(text.out.find("good: 1 rule file") != std::string::npos);
    const Run json = rules({"check", file, "--output", "json"});
    CHECK(json.code == 0);
    CHECK(Json(json.out).size() == 0);
}

TEST_CASE("every problem is reported with its place, in text and in JSON") {
    const TempDirectory directory;
    directory.write("good.yaml", good);
    const std::string file = directory.write("broken.yaml", broken);
    const Run text = rules({"check", directory.file("*.yaml")});
    CHECK(text.code == 1);
    CHECK(text.err.find("broken.yaml:3:") != std::string::npos);
    CHECK(text.err.find("broken.yaml:4:17: correlate[1].matches: unknown key; did you mean 'match'?") !=
          std::string::npos);
    CHECK(text.err.find("is the name of another rule") != std::string::npos);
    const Run json = rules({"check", file, "--output", "json"});
    CHECK(json.code == 1);
    const Json problems(json.out);
    REQUIRE(problems.size() == 3);
    CHECK(problems.text("/0/file") == file);
    CHECK(problems.number("/0/line") == 3);
}

TEST_CASE("without files the configuration says which rules and sinks there are; its secrets are not read") {
    const TempDirectory directory;
    directory.write("rules.yaml", good);
    const std::string config = directory.write("incidentd.yaml", R"(rules: [rules.yaml]
sinks:
  slack-web: {type: webhook, url: 'https://example.org/', secret: {file: /nonexistent/secret}}
)");
    const Run missing = rules({"check", "--config", config});
    CHECK(missing.code == 1);
    CHECK(missing.err.find("the sink 'servicenow', which is not configured") != std::string::npos);
    CHECK(rules({"check", "--config", config, "--sink", "servicenow"}).code == 0);
}

TEST_CASE("warnings are shown with the line they are in, and count only when asked") {
    const TempDirectory directory;
    const std::string file = directory.write("r.yaml", R"(version: 1
enrich:
  - {lookup: teams.csv, on: host, take: [team]}
silences:
  - {name: past, match: [], schedule: {years: 2020, for: 1h, zone: Europe/Berlin}}
correlate:
  - {name: all, by: []}
  - {name: web, match: 'team="web"', by: [team]}
)");
    directory.write("teams.csv", "host,team,rack\nweb1,web,r1\n");
    const Run text = rules({"check", file});
    CHECK(text.code == 0);
    CHECK(text.out.find("good: 1 rule file") != std::string::npos);
    CHECK(text.err.find("warning: " + file + ":8:5: correlate[1]: can never apply: the rule 'all' in line 7") !=
          std::string::npos);
    CHECK(text.err.find("\n      - {name: web, match: 'team=\"web\"', by: [team]}\n        ^\n") != std::string::npos);
    CHECK(text.err.find("r.yaml:5:39: silences[0].schedule: never comes again") != std::string::npos);
    CHECK(text.err.find("teams.csv:1:11: no rule takes the columns rack") != std::string::npos);
    CHECK(rules({"check", file, "--strict"}).code == 1);
    const Run json = rules({"check", file, "--output", "json"});
    CHECK(json.code == 0);
    const Json warnings(json.out);
    REQUIRE(warnings.size() == 3);
    CHECK(warnings.text("/0/severity") == "warning");
    const std::string config = directory.write("incidentd.yaml", "rules: [r.yaml]\nsources: {n: {type: nagios}}\n");
    const Run whole = run({INCIDENTD_BINARY, "check-config", "--config", config});
    CHECK(whole.code == 0);
    CHECK(whole.err.find("can never apply") != std::string::npos);
}

TEST_CASE("a table or a time zone that is not there is a problem with its place") {
    const TempDirectory directory;
    const std::string file = directory.write("r.yaml", R"(version: 1
enrich:
  - {lookup: gone.csv, on: host, take: [team]}
silences:
  - {name: s, match: [], schedule: {for: 1h, zone: Europe/Belrin}}
)");
    const Run text = rules({"check", file});
    CHECK(text.code == 1);
    CHECK(text.err.find("r.yaml:3:14: enrich[0].lookup: ") != std::string::npos);
    CHECK(text.err.find("gone.csv") != std::string::npos);
    CHECK(text.err.find(
              "r.yaml:5:52: silences[0].schedule.zone: 'Europe/Belrin' is not a zone of the time zone database; "
              "did you mean 'Europe/Berlin'?") != std::string::npos);
}

TEST_CASE("the schema for editors is printed, and the tables of the reference") {
    const Run schema = rules({"schema"});
    CHECK(schema.code == 0);
    CHECK(Json(schema.out).text("/title") == "incidentd rules");
    CHECK(rules({"schema", "--markdown"}).out.find("## correlate\n\n| key | type |") != std::string::npos);
}

TEST_CASE("files that are not there and arguments that mean nothing are told apart") {
    const Run missing = rules({"check", "/nonexistent/rules.yaml"});
    CHECK(missing.code == 1);
    CHECK(missing.err.find("/nonexistent/rules.yaml") != std::string::npos);
    CHECK(rules({"check", "--no-such-option"}).code == 2);
    CHECK(rules({}).code == 2);
    CHECK(rules({"check", "--help"}).code == 0);
}

}  // namespace incidentd::test
