// What could break: proposals without evidence, figures that do not come from the journal, rules that cannot be used.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

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
