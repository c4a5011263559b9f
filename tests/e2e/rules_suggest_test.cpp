// What could break: proposals without evidence, figures that do not come from the journal, rules that cannot be used.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace incidentd::test {
namespace {

constexpr std::string_view one_each = R"(version: 1
correlate:
  - {name: per-check, match: 'host!=""', by: [alertname, host], close: {quiet: 1s}}
)";

// Nine times HostDown and PingLoss of one host, apart by more than two windows of a second. All within twenty windows,
// so that the control is empty; a slow machine has three seconds to spare.
void record(Daemon& daemon) {
    daemon.start();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 9; ++i) {
        std::this_thread::sleep_until(begin + i * std::chrono::milliseconds(2050));
        const std::string host = "h" + std::to_string(i);
        const auto alert = [&host](const char* name) { return alert_json({{"alertname", name}, {"host", host}}); };
        REQUIRE(daemon.send(json_array({alert("HostDown"), alert("PingLoss")})).status == 200);
    }
}

}  // namespace

TEST_CASE("rules suggest proposes a rule that rules check takes, with evidence and what it would have changed") {
    DaemonSetup setup;
    setup.rules = one_each;
    Daemon daemon(setup);
    record(daemon);
    const auto suggest = [&daemon](const std::string& output) {
        return run({INCIDENTD_BINARY, "rules", "suggest", "--journal", daemon.state_directory(), "--window", "1s",
                    "--output", output});
    };
    const Run result = suggest("json");
    REQUIRE_MESSAGE(result.code == 0, result.err);
    const Json proposals(result.out);
    REQUIRE(proposals.size() >= 1);
    CHECK(proposals.text("/0/kind") == "inhibit");
    CHECK(proposals.text("/0/first") == "HostDown");
    CHECK(proposals.text("/0/then") == "PingLoss");
    CHECK(proposals.text("/0/shared_label") == "host");
    CHECK(proposals.number("/0/evidence/cases") == 9);
    CHECK(proposals.number("/0/replay/incidents_before") == 18);
    CHECK(proposals.number("/0/replay/incidents_after") == 9);
    CHECK(proposals.number("/0/replay/suppressed_after") == 9);
    const std::string file = daemon.directory().write("suggested.yaml", proposals.text("/0/rule"));
    const Run checked = run({INCIDENTD_BINARY, "rules", "check", file});
    CHECK_MESSAGE(checked.code == 0, checked.err);
    const Run text = suggest("text");
    CHECK(text.out.find("replay: incidents 18 -> 9") != std::string::npos);
    CHECK(daemon.cli_json({"incidents", "list"}).size() == 18);  // nothing was applied
    CHECK(daemon.stop().code == 0);
}

// Nine times storage2 and then db7, and sw1 and then web1, of which the topology says that it needs sw1. With a window
// of 250 ms, cases are apart after 1.5 s, and the control lies 5.0 to 5.25 s back, between two of them.
void record_links(Daemon& daemon) {
    daemon.start();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 9; ++i) {
        std::this_thread::sleep_until(begin + i * std::chrono::seconds(2));
        const auto alert = [i](const char* name, const char* host) {
            return alert_json({{"alertname", name + std::to_string(i)}, {"host", host}, {"severity", "critical"}});
        };
        REQUIRE(daemon.send(json_array({alert("Degraded", "storage2"), alert("Unreachable", "sw1")})).status == 200);
        REQUIRE(daemon.send(json_array({alert("Latency", "db7"), alert("NoAnswer", "web1")})).status == 200);
    }
}

TEST_CASE("rules suggest proposes a link that the topology lacks, as a file that rules check takes, and applies none") {
    DaemonSetup setup;
    setup.rules = R"(version: 1
topology:
  learn: {similarity: false, co_occurrence: false}
  links:
    - {upper: sw1, lower: web1, kind: network}
correlate:
  - {name: all, op: topology}
)";
    Daemon daemon(setup);
    record_links(daemon);
    const auto suggest = [&daemon](const std::string& output) {
        return run({INCIDENTD_BINARY, "rules", "suggest", "--journal", daemon.state_directory(), "--window", "250ms",
                    "--output", output});
    };
    const Run result = suggest("json");
    REQUIRE_MESSAGE(result.code == 0, result.err);
    const Json proposals(result.out);
    INFO(result.out);
    std::vector<std::string> links;
    for (std::size_t i = 0; i < proposals.size(); ++i) {
        const std::string at = "/" + std::to_string(i);
        if (proposals.text(at + "/kind") != "topology") continue;
        links.push_back(proposals.text(at + "/first") + " " + proposals.text(at + "/then"));
        if (links.back() != "storage2 db7") continue;
        CHECK(proposals.number(at + "/evidence/cases") >= 7);
        CHECK(proposals.number(at + "/replay/incidents_before") > proposals.number(at + "/replay/incidents_after"));
        const std::string file = daemon.directory().write("link.yaml", proposals.text(at + "/rule"));
        const Run checked = run({INCIDENTD_BINARY, "rules", "check", file});
        CHECK_MESSAGE(checked.code == 0, checked.err);
    }
    CHECK(std::find(links.begin(), links.end(), "storage2 db7") != links.end());
    CHECK(std::find(links.begin(), links.end(), "sw1 web1") == links.end());
    CHECK(suggest("text").out.find("\"db7\" fails after \"storage2\"") != std::string::npos);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("rules suggest says when there is nothing to propose, and what is wrong with its arguments") {
    Daemon daemon;
    daemon.start();
    REQUIRE(daemon.send(json_array({alert_json({{"alertname", "A"}, {"host", "h"}})})).status == 200);
    const Run nothing = run({INCIDENTD_BINARY, "rules", "suggest", "--journal", daemon.state_directory()});
    CHECK(nothing.code == 0);
    CHECK(nothing.out.find("Nothing to suggest") == 0);
    const Run wrong =
        run({INCIDENTD_BINARY, "rules", "suggest", "--journal", daemon.state_directory(), "--window", "soon"});
    CHECK(wrong.code == 1);
    CHECK(wrong.err.find("--window") != std::string::npos);
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
