// What could break: an operator's word that is lost with the next crash, a dead letter nobody can revive, a command
// that anybody may give.
#include "tests/e2e/daemon.hpp"
#include "tests/support/contract_server.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

constexpr std::string_view alert = R"([{"labels":{"alertname":"Down","host":"db1","severity":"critical"}}])";

struct Bench {
    explicit Bench(const std::string& extra = {}, const std::string& rules = {}) {
        DaemonSetup setup;
        if (!rules.empty()) setup.rules = rules;
        setup.sinks = "rt: {type: request_tracker, url: '" + tracker.url() + "', queue: General, token: {file: '" +
                      secrets.write("token", "secret") + "'}, retry: {first: 100ms, most: 1s}}\n";
        setup.extra = "external_url: https://incidentd.example\n" + extra;
        daemon.emplace(setup);
        daemon->start();
    }
    bool delivery_is(const std::string& state) {
        return eventually(std::chrono::seconds(10), [&] {
            const Json list = daemon->cli_json({"deliveries", "list"});
            return list.size() == 1 && list.text("/0/state") == state;
        });
    }
    TempDirectory secrets;
    StrictRequestTracker tracker{"secret"};
    std::optional<Daemon> daemon;
};

Fault not_found() { return {{404, R"({"message":"no such queue"})"}, false}; }

}  // namespace

TEST_CASE("a dead letter is listed, shown, retried and then delivered") {
    Bench bench;
    bench.tracker.faults().add(not_found());
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(bench.delivery_is("dead"));
    CHECK(bench.daemon->cli_json({"deliveries", "list", "--state", "dead"}).text("/0/incident") == "INC-1");
    CHECK(bench.daemon->cli_json({"deliveries", "list", "--state", "delivered"}).size() == 0);
    const Run shown = bench.daemon->cli({"deliveries", "show", "INC-1", "rt"});
    CHECK(shown.code == 0);
    CHECK(shown.out.find("no such queue") != std::string::npos);
    CHECK(shown.out.find("incidentd deliveries retry INC-1 rt") != std::string::npos);

    CHECK(bench.daemon->cli({"deliveries", "retry", "INC-1", "rt"}).code == 0);
    CHECK(bench.delivery_is("delivered"));
    CHECK(bench.tracker.tickets().size() == 1);
    const Run again = bench.daemon->cli({"deliveries", "retry", "INC-1", "rt"});
    CHECK(again.code == 1);
    CHECK(again.err.find("INC-1 has no dead delivery to rt") != std::string::npos);
    CHECK(bench.daemon->cli({"deliveries", "retry", "INC-9"}).err.find("INC-9") != std::string::npos);
    CHECK(bench.daemon->cli({"deliveries", "retry", "INC-1", "xx"}).err.find("'xx'") != std::string::npos);
}

TEST_CASE("a dead letter is dropped, and stays so over a crash") {
    Bench bench;
    bench.tracker.faults().add(not_found());
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(bench.delivery_is("dead"));
    CHECK(bench.daemon->cli({"deliveries", "drop", "INC-1"}).code == 0);
    bench.daemon->crash();
    bench.daemon->start();
    CHECK(bench.delivery_is("dropped"));
    CHECK(bench.tracker.tickets().empty());
}

TEST_CASE("an acknowledgement reaches the incident, survives a crash, and is taken back") {
    Bench bench;
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(bench.delivery_is("delivered"));
    CHECK(bench.daemon->cli({"incidents", "acknowledge", "INC-1", "--actor", "ann", "--comment", "on it"}).code == 0);
    bench.daemon->crash();
    bench.daemon->start();
    const auto acknowledged_by = [&] {
        return bench.daemon->cli_json({"incidents", "show", "INC-1"}).text("/acknowledged_by");
    };
    CHECK(eventually(std::chrono::seconds(10), [&] { return acknowledged_by() == "ann"; }));
    CHECK(bench.daemon->cli({"incidents", "unacknowledge", "INC-1", "--actor", "bob"}).code == 0);
    CHECK(eventually(std::chrono::seconds(10), [&] { return acknowledged_by().empty(); }));
}

TEST_CASE(
    "an incident like an earlier one names it and what people said of it, in the ticket too, also after a crash") {
    Bench bench({}, "version: 1\ncorrelate:\n  - {name: one, by: [host], close: {quiet: 1s}}\n");
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(bench.delivery_is("delivered"));
    CHECK(bench.daemon->metric_sum("incidentd_incidents_recurred_total{") == 0);
    CHECK(bench.daemon->cli({"incidents", "acknowledge", "INC-1", "--actor", "ann", "--comment", "grew the volume"})
              .code == 0);
    const auto over =
        alert_json({{"alertname", "Down"}, {"host", "db1"}, {"severity", "critical"}}, "", "2020-01-01T00:00:00Z");
    REQUIRE(bench.daemon->send(json_array({over})).status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        return bench.daemon->cli_json({"incidents", "show", "INC-1"}).text("/state") == "resolved" &&
               bench.daemon->metric("incidentd_actions_outstanding") == 0;
    }));
    bench.daemon->crash();
    bench.daemon->start();
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(eventually(std::chrono::seconds(20), [&] { return bench.tracker.tickets().size() == 2; }));
    REQUIRE(eventually(std::chrono::seconds(20), [&] {
        return bench.daemon->cli_json({"incidents", "list"}).size() == 2;
    }));
    const Json shown = bench.daemon->cli_json({"incidents", "show", "INC-2"});
    CHECK(shown.text("/earlier/0/incident") == "INC-1");
    CHECK(shown.number("/earlier/0/percent") == 100);
    CHECK(shown.text("/earlier/0/said_by") == "ann");
    CHECK(shown.text("/earlier/0/said") == "grew the volume");
    CHECK(shown.text("/earlier/0/ticket") == std::to_string(bench.tracker.tickets().front().id));
    CHECK(bench.daemon->cli({"incidents", "show", "INC-2"}).out.find("like        INC-1 (100 %), ended ") !=
          std::string::npos);
    CHECK(bench.tracker.tickets().back().content.find("Seen before: INC-1 (100 % alike), ended ") != std::string::npos);
    CHECK(bench.daemon->metric_sum("incidentd_incidents_recurred_total{") == 1);
}

TEST_CASE("commands need a token where the API has one, and a daemon that runs") {
    const std::string token = "operator-token-0123456789";
    // sha256 of the token, as `incidentd token` would print it.
    const TempDirectory places;
    const Json made(run({INCIDENTD_BINARY, "token", "--output", "json"}).out);
    const std::string file = places.write("token", made.text("/token") + "\n");
    Bench bench("api: {tokens: ['" + made.text("/hash") + "']}\n");
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(bench.delivery_is("delivered"));
    const Run refused = bench.daemon->cli({"incidents", "acknowledge", "INC-1"});
    CHECK(refused.code == 1);
    CHECK(refused.err.find("--token-file") != std::string::npos);
    CHECK(bench.daemon->cli({"incidents", "acknowledge", "INC-1", "--token-file", places.write("bad", token)}).code ==
          1);
    CHECK(bench.daemon->cli({"incidents", "acknowledge", "INC-1", "--token-file", file}).code == 0);

    bench.daemon->stop();
    const Run nobody = bench.daemon->cli({"incidents", "acknowledge", "INC-1", "--token-file", file});
    CHECK(nobody.code == 1);
    CHECK(nobody.err.find("does not answer") != std::string::npos);
    CHECK(nobody.err.find("need the running daemon") != std::string::npos);
}

TEST_CASE("the API takes commands only as JSON, and says what is wrong with others") {
    Bench bench;
    REQUIRE(bench.daemon->send(alert).status == 200);
    REQUIRE(bench.delivery_is("delivered"));
    HttpClient client = bench.daemon->client();
    const std::string path = "/api/v1/incidents/INC-1/acknowledge";
    CHECK(client.post(path, "{}", {{"Content-Type", "text/plain"}}).status == 415);
    CHECK(client.post(path, "[]").status == 400);
    CHECK(client.post(path, R"({"actor":1})").status == 400);
    CHECK(client.post(path, R"({"who":"ann"})").status == 400);
    CHECK(client.post(path, R"({"comment":")" + std::string(5000, 'a') + "\"}").status == 400);
    CHECK(client.post("/api/v1/incidents/INC-0/acknowledge", "{}").status == 404);
    CHECK(client.post("/api/v1/incidents/INC-1/retry", "{}").status == 404);
    CHECK(client.post("/api/v1/incidents/INC-1", "{}").status == 404);
    CHECK(client.post("/api/v1/deliveries/INC-1/rt/retry", "{}").status == 409);
    CHECK(client.get(path).status == 405);
    const HttpResponse done = client.post(path, R"({"actor":"ann","comment":"mine"})");
    CHECK(done.status == 200);
    CHECK(Json(done.body).text("/incident") == "INC-1");
    CHECK(Json(done.body).text("/actor") == "ann");
}

}  // namespace incidentd::test
