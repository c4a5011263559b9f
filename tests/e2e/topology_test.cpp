// What could break: the outage of a switch that becomes a ticket for each of its hosts, a ticket that does not say
// where to look, a topology that is changed over the API and forgotten by a crash, a held warning that nobody can find.
#include "tests/e2e/daemon.hpp"
#include "tests/support/contract_server.hpp"

#include <doctest/doctest.h>

#include <mutex>

namespace incidentd::test {
namespace {

// A ticket system that counts what is opened and keeps the last body of each kind.
class Receiver {
public:
    Receiver()
        : server_([this](const ContractRequest& request) {
              const std::lock_guard lock(mutex_);
              bodies_.push_back(request.body);
              return ContractAnswer{};
          }) {}
    std::string url() const { return server_.url(); }
    std::vector<std::string> of(std::string_view event) const {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> found;
        for (const std::string& body : bodies_)
            if (Json(body).text("/event") == event) found.push_back(body);
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_;
    ContractServer server_;  // last: its threads use the others
};

constexpr std::string_view rules = R"(version: 1
topology:
  files: [estate.yaml, cables.tsv]
correlate:
  - {name: by-evidence, op: topology}
route:
  - {to: [hook], update_every: 0s}
)";

constexpr std::string_view estate = R"(version: 1
links:
  - {upper: sw12, lower: [web1, web2, web3, web4], kind: network}
aliases:
  - {entity: sw12, names: [10.0.0.12]}
)";

DaemonSetup with_topology(const Receiver& receiver) {
    DaemonSetup setup;
    setup.rules = rules;
    setup.sources += "building:\n  type: generic\n  mapping: {title: /what, host: /where, severity: /level}\n";
    setup.sinks = "hook: {type: webhook, url: '" + receiver.url() + "/in'}\n";
    return setup;
}

void write_files(const Daemon& daemon) {
    daemon.directory().write("estate.yaml", estate);
    daemon.directory().write("cables.tsv", "upper\tlower\tkind\ncore1\tsw12\tnetwork\n");
}

std::string host_down(const std::string& host) {
    return alert_json({{"alertname", "HostDown"}, {"instance", host}, {"severity", "critical"}}, host + " is down");
}

bool is_quiet(const Daemon& daemon) {
    return daemon.metric("incidentd_deliveries_waiting") == 0 && daemon.metric("incidentd_actions_outstanding") == 0;
}

}  // namespace

TEST_CASE("a switch fails, two sources tell of its hosts and then of itself: one ticket, and it names the switch") {
    const Receiver receiver;
    Daemon daemon(with_topology(receiver));
    write_files(daemon);
    daemon.start();
    CHECK(daemon.send(json_array({host_down("WEB1.example.com:9100"), host_down("web2:9100")})).status == 200);
    CHECK(daemon.send(json_array({host_down("web3:9100")})).status == 200);
    const HttpResponse late =
        daemon.client().post("/v1/ingest/building", R"({"what":"Switch silent","where":"10.0.0.12",
        "level":"critical"})",
                             {{"Content-Type", "application/json"}});
    CHECK(late.status < 300);
    REQUIRE(eventually(std::chrono::seconds(20), [&] { return count_incidents(daemon, "open") == 1; }));
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        return is_quiet(daemon) && daemon.cli_json({"incidents", "show", "INC-1"}).number("/alerts_total") == 4;
    }));
    const Json shown = daemon.cli_json({"incidents", "show", "INC-1"});
    CHECK(shown.text("/causes/0/entity") == "sw12");
    const Run text = daemon.cli({"incidents", "show", "INC-1"});
    CHECK(text.out.find("cause       sw12 (") != std::string::npos);
    const std::vector<std::string> opened = receiver.of("incident.created");
    std::vector<std::string> resolved = receiver.of("incident.resolved");
    // Symptoms that came first may have had a ticket of their own for a moment: it is resolved and says where work goes
    // on.
    CHECK(opened.size() == resolved.size() + 1);
    for (const std::string& body : resolved) CHECK(Json(body).text("/incident/merged_into") == "INC-1");
    const std::vector<std::string> updated = receiver.of("incident.updated");
    REQUIRE_FALSE(updated.empty());
    CHECK(Json(updated.back()).text("/incident/causes/0/entity") == "sw12");
}

TEST_CASE("links that come over the API hold at once, after a crash too, and faults are told with their place") {
    const Receiver receiver;
    Daemon daemon(with_topology(receiver));
    write_files(daemon);
    daemon.start();
    const HttpHeaders json = {{"Content-Type", "application/json"}};
    HttpClient client = daemon.client();
    CHECK(
        client.request("PUT", "/api/v1/topology/cmdb", R"({"links":[{"upper":"pdu7","lower":["sw12","sw13"]}]})", json)
            .status == 200);
    CHECK(client
              .request("PATCH", "/api/v1/topology/cmdb",
                       R"({"add":{"aliases":[{"entity":"pdu7","names":["power-7"]}]},"remove":{"links":[{"upper":"pdu7",
                         "lower":"sw13"}]}})",
                       json)
              .status == 200);
    const HttpResponse wrong = client.request("PUT", "/api/v1/topology/cmdb", R"({"links":[{"upper":"a"}]})", json);
    CHECK(wrong.status == 400);
    CHECK(wrong.body.find("links[0].lower: is missing") != std::string::npos);
    CHECK(client.request("PUT", "/api/v1/topology/Not%20a%20name", "{}", json).status == 404);
    daemon.crash();
    daemon.start();
    const Run found = daemon.cli({"topology", "find", "power-7"});
    CHECK(found.code == 0);
    CHECK(found.out == "pdu7\n  needs (0): nothing\n  needed by (1):\n    sw12 (depends)\n");
    const Json whole(daemon.client().get("/api/v1/topology").body);
    CHECK(whole.number("/entities") == 7);
    CHECK(whole.text("/parts/0/name") == "cmdb");
}

TEST_CASE("a redundancy group says how it lives, and its incident weighs more once too many of its members are gone") {
    const Receiver receiver;
    Daemon daemon(with_topology(receiver));
    write_files(daemon);
    daemon.start();
    const HttpHeaders json = {{"Content-Type", "application/json"}};
    HttpClient client = daemon.client();
    const std::string group = R"({"groups":[{"name":"cart","members":["cart-1","cart-2","cart-3"],"needs":2}]})";
    CHECK(client.request("PUT", "/api/v1/topology/k8s", group, json).status == 200);
    CHECK(Json(client.get("/api/v1/topology/k8s").body).number("/groups/0/needs") == 2);
    CHECK(daemon.cli({"topology", "show"}).out.find("1 groups that need so many of their members") !=
          std::string::npos);
    CHECK(daemon.send(json_array({host_down("cart-1")})).status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] { return count_incidents(daemon, "open") == 1; }));
    CHECK(daemon.cli_json({"incidents", "show", "INC-1"}).text("/impact") == "low");
    CHECK(daemon.cli({"topology", "find", "cart"}).out.find("  lives on 2 of 3 members, needs 2\n") !=
          std::string::npos);
    CHECK(daemon.send(json_array({host_down("cart-3")})).status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        return daemon.cli_json({"incidents", "show", "INC-1"}).text("/impact") == "medium";
    }));
    daemon.crash();
    daemon.start();
    CHECK(daemon.cli({"topology", "find", "cart"})
              .out.find("lives on 1 of 3 members, needs 2: inferred to have failed\n") != std::string::npos);
}

TEST_CASE("one warning waits at the gate and can be found there; a second check of its host opens it") {
    const Receiver receiver;
    Daemon daemon(with_topology(receiver));
    write_files(daemon);
    daemon.start();
    const auto warn = [](const std::string& name) {
        return json_array({alert_json({{"alertname", name}, {"host", "web4"}, {"severity", "warning"}}, name)});
    };
    CHECK(daemon.send(warn("DiskAlmostFull")).status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] { return count_incidents(daemon, "pending") == 1; }));
    CHECK(daemon.metric("incidentd_incidents_pending") == 1);
    CHECK(daemon.cli({"incidents", "list", "--held"}).out.find("DiskAlmostFull") != std::string::npos);
    CHECK(daemon.cli({"incidents", "show", "INC-1"}).out.find("nobody is told until 2 different checks") !=
          std::string::npos);
    CHECK(receiver.of("incident.created").empty());
    CHECK(daemon.send(warn("LoadHigh")).status == 200);
    CHECK(eventually(std::chrono::seconds(20), [&] { return receiver.of("incident.created").size() == 1; }));
}

TEST_CASE("what is learned can be seen and switched off by a reload") {
    const Receiver receiver;
    Daemon daemon(with_topology(receiver));
    write_files(daemon);
    daemon.start();
    const Json before = daemon.cli_json({"topology", "learned"});
    CHECK(before.boolean("/learn/co_occurrence"));
    CHECK(daemon
              .send(json_array({alert_json(
                  {{"alertname", "Slow"}, {"namespace", "shop"}, {"node", "n1"}, {"pod", "cart-1"}}, "slow")}))
              .status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        return daemon.cli({"topology", "learned"}).out.find("  pod shop/cart-1 runs on n1\n") != std::string::npos;
    }));
    std::string off(rules);
    off.insert(off.find("  files:"), "  learn: {co_occurrence: false}\n");
    daemon.write_rules(off);
    CHECK(daemon.client().post("/-/reload", "").status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        return daemon.cli({"topology", "learned"})
            .out.starts_with("similarity on, co_occurrence off, habits on, labels on, recurrence on\n");
    }));
}

}  // namespace incidentd::test
