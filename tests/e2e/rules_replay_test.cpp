// What could break: a replay that makes something else of the journal than the daemon did, figures that do not add up,
// a comparison that misses what a rule change does.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

constexpr std::string_view by_service = R"(version: 1
correlate:
  - {name: per-service, match: 'service!=""', by: [service], close: {quiet: 1s}}
)";
constexpr std::string_view by_cluster = R"(version: 1
correlate:
  - {name: per-cluster, match: 'cluster!=""', by: [cluster], close: {quiet: 1s}}
)";
constexpr std::string_view by_host = R"(version: 1
correlate:
  - {name: per-host, match: 'host!=""', by: [host], close: {quiet: 1s}}
)";

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Run replay(std::vector<std::string> arguments) {
    std::vector<std::string> all{INCIDENTD_BINARY, "rules", "replay"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
}

std::string alert(int host, bool firing) {
    return alert_json({{"alertname", "Down"},
                       {"host", "h" + std::to_string(host)},
                       {"service", "s" + std::to_string(host % 4)},
                       {"cluster", "c" + std::to_string(host % 2)}},
                      "", firing ? "" : "2020-01-01T00:00:00Z");
}

// A daemon that saw 40 hosts of 4 services fail, some repeat and half of the services recover.
void record(Daemon& daemon) {
    daemon.start();
    std::vector<std::string> alerts, recoveries;
    for (int host = 0; host < 40; ++host) alerts.push_back(alert(host, true));
    for (int host = 0; host < 40; host += 2) recoveries.push_back(alert(host, false));
    REQUIRE(daemon.send(json_array(alerts)).status == 200);
    REQUIRE(daemon.send(json_array(alerts)).status == 200);
    REQUIRE(daemon.send(json_array(recoveries)).status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] { return count_incidents(daemon, "resolved") == 2; }));
    // Plain repetitions reach the read model now and then, not one by one.
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        const Json live = daemon.cli_json({"incidents", "list"});
        long messages = 0;
        for (std::size_t i = 0; i < live.size(); ++i)
            messages += static_cast<long>(live.number("/" + std::to_string(i) + "/messages_total"));
        return messages == 100;
    }));
}

DaemonSetup with_rules() {
    DaemonSetup setup;
    setup.rules = by_service;
    return setup;
}

}  // namespace

TEST_CASE("the live journal with the live rules gives exactly the live incidents") {
    Daemon daemon(with_rules());
    record(daemon);
    const auto check = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"--journal", daemon.state_directory(), "--output", "json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Run result = replay(arguments);
        REQUIRE_MESSAGE(result.code == 0, result.err);
        const Json replayed(result.out);
        const Json live = daemon.cli_json({"incidents", "list"});
        REQUIRE(replayed.size("/after/list") == live.size());
        CHECK(replayed.number("/messages") == 100);
        for (std::size_t i = 0; i < live.size(); ++i) {
            const std::string one = "/" + std::to_string(live.size() - 1 - i),
                              other = "/after/list/" + std::to_string(i);
            for (const char* text :
                 {"/id", "/state", "/rule", "/title", "/priority", "/severity", "/service", "/began_at", "/opened_at"})
                CHECK(replayed.text(other + text) == live.text(one + text));
            for (const char* number : {"/alerts_total", "/alerts_firing", "/messages_total"})
                CHECK(replayed.number(other + number) == live.number(one + number));
        }
    };
    check({});  // while the daemon runs
    check({"--rules", daemon.directory().file("rules.yaml")});
    CHECK(daemon.stop().code == 0);
    check({});
}

TEST_CASE("other rules are compared with those of before, in text, Markdown and JSON") {
    Daemon daemon(with_rules());
    record(daemon);
    const std::string cluster = daemon.directory().write("cluster.yaml", by_cluster);
    const std::string host = daemon.directory().write("host.yaml", by_host);
    const std::vector<std::string> base{"--journal", daemon.state_directory(), "--against", "recorded", "--rules"};
    const auto with = [&base](std::initializer_list<std::string> more) {
        std::vector<std::string> arguments = base;
        arguments.insert(arguments.end(), more);
        return replay(arguments);
    };
    const Run merged = with({cluster, "--output", "json"});
    REQUIRE_MESSAGE(merged.code == 0, merged.err);
    const Json json(merged.out);
    CHECK(json.number("/before/incidents") == 4);
    CHECK(json.number("/after/incidents") == 2);
    CHECK(json.number("/before/alerts") == 40);
    CHECK(json.number("/difference/alerts") == 40);
    CHECK(json.size("/difference/merged") == 2);
    CHECK(json.size("/difference/merged/0/parts") == 2);
    CHECK(json.number("/difference/merged/0/parts/0/alerts") == 10);
    CHECK(json.size("/difference/split") == 0);
    CHECK(json.number("/difference/moved") == 20);

    const Json split(with({host, "--output", "json"}).out);
    CHECK(split.number("/after/incidents") == 40);
    CHECK(split.size("/difference/split") == 4);

    const Run text = with({cluster});
    CHECK(holds(text.out, "100 messages in "));
    CHECK(holds(text.out, "merged: 2\n"));
    CHECK(holds(text.out, "alerts that moved: 20\n"));
    const Run markdown = with({cluster, "--output", "markdown"});
    CHECK(holds(markdown.out, "| incidents | 4 | 2 | -2 |\n"));
    CHECK(holds(markdown.out, "- merged: 2\n"));

    const Json same(with({daemon.directory().file("rules.yaml"), "--output", "json"}).out);
    CHECK(same.number("/difference/same") == 4);
    CHECK(same.number("/difference/moved") == 0);
    CHECK(same.size("/difference/changed") == 0);
}

TEST_CASE("a file of alerts is replayed too, and which alert was in which incident is exported") {
    const TempDirectory directory;
    const std::string rules = directory.write("rules.yaml", by_service);
    const std::string alerts =
        directory.write("alerts.ndjson",
                        R"({"at":1767225600000,"labels":{"service":"a","host":"h1"},"severity":"critical"}
{"at":"2026-01-01T00:00:01Z","labels":{"service":"b","host":"h2"}}
{"at":"2026-01-01T00:00:02Z","labels":{"service":"a","host":"h3"},"source":"nagios","key":"h3"}
{"at":"2026-01-01T00:00:02Z","labels":{"service":"a","host":"h1"},"severity":"critical"}
{"at":"2026-01-01T00:00:03Z","labels":{"service":"b","host":"h2"},"status":"resolved"}
{"at":"2026-01-01T00:01:00Z","labels":{"service":"b","host":"h9"}}
)");
    const Run result = replay({"--alerts", alerts, "--rules", rules, "--export", directory.file("out")});
    REQUIRE_MESSAGE(result.code == 0, result.err);
    CHECK(read_file(directory.file("out/pred.tsv")) ==
          "idx\tincident\n0\tINC-1\n1\tINC-2\n2\tINC-1\n3\tINC-1\n4\tINC-2\n5\tINC-3\n");
    CHECK(read_file(directory.file("out/roots.tsv")) ==
          "incident\tt_ms\tguesses\nINC-1\t1767225600000\t0\nINC-2\t1767225601000\t1\nINC-3\t1767225660000\t5\n");
    const std::string events = read_file(directory.file("out/events.tsv"));
    CHECK(holds(events, "1767225600000\topen\tINC-1\n"));
    CHECK(holds(events, "1767225604000\tclose\tINC-2\n"));
}

TEST_CASE("what cannot be replayed is said with its place") {
    const TempDirectory directory;
    const std::string bad =
        directory.write("bad.ndjson", "{\"at\":1767225600000,\"labels\":{\"a\":\"b\"}}\n{\"at\":5x}\n");
    const Run broken = replay({"--alerts", bad});
    CHECK(broken.code == 1);
    CHECK(holds(broken.err, "bad.ndjson:2: "));
    const Run untimed = replay({"--alerts", directory.write("untimed.ndjson", "{\"labels\":{\"a\":\"b\"}}\n")});
    CHECK(holds(untimed.err, "untimed.ndjson:1: has no `at`"));
    CHECK(replay({"--journal", directory.file("nothing")}).code == 1);
    CHECK(replay({}).code == 2);
    const Run rules = replay({"--alerts", bad, "--rules", directory.write("rules.yaml", "version: 1\nroot: 1\n")});
    CHECK(rules.code == 1);
    CHECK(holds(rules.err, "rules.yaml:2:1: root: unknown key"));
}

}  // namespace incidentd::test
