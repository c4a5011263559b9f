// What could break: a simulated failure whose alerts, incidents or root the shipped program does not show, lines that
// it does not read back, mistakes that are not said.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

constexpr std::string_view topology = R"(version: 1
links:
  - {upper: sw12, lower: [web1, web2, web3], kind: net}
  - {upper: web1, lower: shop-0, kind: runs}
  - {upper: web2, lower: shop-1, kind: runs}
  - {upper: [shop-0, shop-1], lower: shop, kind: member}
  - {upper: orders-db, lower: shop, kind: call}
aliases:
  - {entity: sw12, names: [10.0.0.12]}
)";

constexpr std::string_view by_check = R"(version: 1
correlate:
  - {name: per-check, match: 'alertname!=""', by: [alertname]}
)";

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class Desk {
public:
    Run run_it(std::vector<std::string> arguments) const {
        std::vector<std::string> all{INCIDENTD_BINARY, "simulate", "--topology", file};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run(all);
    }
    Json json(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--output", "json"});
        const Run result = run_it(arguments);
        REQUIRE_MESSAGE(result.code == 0, result.err);
        return Json(result.out);
    }
    TempDirectory directory;
    std::string file = directory.write("topology.yaml", topology);
};

}  // namespace

TEST_CASE("a dead switch: one incident, one ticket, its root named") {
    const Desk desk;
    const Json json = desk.json({"--fail", "sw12", "--for", "20m"});
    CHECK(json.text("/failures/0/entity") == "sw12");
    CHECK(json.text("/failures/0/kind") == "network");
    CHECK(json.text("/failures/0/type") == "switch_down");
    CHECK(json.text("/failures/0/from") == "2026-01-05T09:00:00.000Z");
    CHECK(json.number("/failures/0/incidents") == 1);
    CHECK(json.number("/failures/0/root_rank") == 1);
    CHECK(json.number("/failures/0/alerts_in_main") == json.number("/failures/0/alerts"));
    CHECK(json.number("/failures/0/alerts") > 5);
    REQUIRE(json.size("/incidents") == 1);
    CHECK(json.text("/incidents/0/roots/0/entity") == "sw12");
    REQUIRE(json.size("/incidents/0/tickets") >= 2);
    CHECK(json.text("/incidents/0/tickets/0/action") == "open_ticket");
    CHECK(json.text("/incidents/0/tickets/0/sink") == "tickets");
    // Whose monitors all say when it is over.
    const Json disk = desk.json({"--fail", "web3=disk_full"});
    REQUIRE(disk.size("/incidents") == 1);
    CHECK(disk.text("/incidents/0/state") == "resolved");
}

TEST_CASE("the text shows failure, alerts, incidents with reasons, and the verdict") {
    const Desk desk;
    const Run text = desk.run_it({"--fail", "sw12", "--for", "20m"});
    REQUIRE_MESSAGE(text.code == 0, text.err);
    CHECK(holds(text.out, "failure 1: sw12 (network) as switch_down at 2026-01-05T09:00:00.000Z for 20m"));
    CHECK(holds(text.out, "unreachable  web1"));
    CHECK(holds(text.out, "why: "));
    CHECK(holds(text.out, "root: 1. sw12 "));
    CHECK(holds(text.out, "(this is what failed)"));
    CHECK(holds(text.out, "timeline:\n"));
    CHECK(holds(text.out, "sw12: 1 incident, INC-1 with "));
    CHECK(holds(text.out, "named as root cause 1\n"));
    CHECK(text.out == desk.run_it({"--fail", "sw12", "--for", "20m"}).out);
    CHECK(text.out != desk.run_it({"--fail", "sw12", "--for", "20m", "--seed", "2"}).out);
    // Under one of its other names.
    CHECK(text.out == desk.run_it({"--fail", "10.0.0.12", "--for", "20m"}).out);
}

TEST_CASE("their own rules are asked, and noise may come with it") {
    const Desk desk;
    const std::string rules = desk.directory.write("rules.yaml", by_check);
    const Json own = desk.json({"--fail", "sw12", "--rules", rules, "--sink", "desk"});
    CHECK(own.number("/failures/0/incidents") > 1);
    CHECK(own.text("/incidents/0/rule") == "per-check");
    CHECK(own.size("/incidents/0/roots") == 0);
    CHECK(own.text("/incidents/0/tickets/0/sink") == "desk");
    const Json noisy = desk.json({"--fail", "sw12", "--noise", "600"});
    std::size_t noise = 0;
    for (std::size_t i = 0; i < noisy.size("/alerts"); ++i)
        noise += noisy.boolean("/alerts/" + std::to_string(i) + "/noise") ? 1U : 0U;
    CHECK(noise > 0);
    const Json two = desk.json({"--fail", "orders-db=slow_database", "--fail", "web3=disk_full"});
    REQUIRE(two.size("/failures") == 2);
    CHECK(two.text("/failures/0/type") == "slow_database");
    CHECK(two.text("/failures/1/type") == "disk_full");
}

TEST_CASE("its lines are what rules replay reads") {
    const Desk desk;
    const Run lines = desk.run_it({"--fail", "sw12", "--output", "lines"});
    REQUIRE_MESSAGE(lines.code == 0, lines.err);
    const std::string alerts = desk.directory.write("alerts.ndjson", lines.out);
    const Run replayed = run({INCIDENTD_BINARY, "rules", "replay", "--alerts", alerts, "--output", "json", "--rules",
                              desk.directory.write("rules.yaml", by_check)});
    REQUIRE_MESSAGE(replayed.code == 0, replayed.err);
    const auto count = std::count(lines.out.begin(), lines.out.end(), '\n');
    CHECK(Json(replayed.out).number("/messages") == count);
    CHECK(count > 10);
}

TEST_CASE("mistakes are said, with what there is") {
    const Desk desk;
    const auto check = [&desk](std::vector<std::string> arguments, int code, std::string_view part) {
        const Run result = desk.run_it(std::move(arguments));
        CHECK(result.code == code);
        CHECK_MESSAGE(holds(result.err, part), result.err);
        CHECK(result.out.empty());
    };
    check({"--fail", "nothing"}, 2, "nothing is not in the topology");
    check({"--fail", "sw12=disk_full"}, 2, "it can as: switch_down, network_loss, link_flap");
    check({"--fail", "sw12", "--at", "soon"}, 2, "--at: expected a time");
    check({"--fail", "sw12", "--for", "ages"}, 2, "--for: expected a span");
    check({}, 2, "--fail");
    check({"--fail", "sw12", "--rules", "nowhere.yaml"}, 1, "nowhere.yaml");
    const std::string broken = desk.directory.write("broken.yaml", "version: 1\nlinks:\n  - {upper: a}\n");
    const Run result = run({INCIDENTD_BINARY, "simulate", "--topology", broken, "--fail", "a"});
    CHECK(result.code == 1);
    CHECK_MESSAGE(holds(result.err, "broken.yaml:3:"), result.err);
}

}  // namespace incidentd::test
