// What could break: an acknowledged alert that becomes no incident, or more than one; counts that do not add up; a CLI
// that tells another story than the API.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace incidentd::test {
namespace {

constexpr std::string_view per_service_rules = R"(version: 1
correlate:
  - name: per-service
    match: ['service!=""']
    by: [service]
    close: {quiet: 1s}
    incident: {title: 'Trouble in {{service}}'}
)";

DaemonSetup with_rules() {
    DaemonSetup setup;
    setup.rules = per_service_rules;
    return setup;
}

// Alert `i` of 200 fingerprints in 10 services.
std::string numbered_alert(int i) {
    const int host = i % 200;
    return alert_json({{"alertname", "DiskFull"},
                       {"host", "h" + std::to_string(host)},
                       {"service", "s" + std::to_string(host % 10)},
                       {"severity", "critical"}},
                      "Disk is full");
}

}  // namespace

TEST_CASE("an alert becomes an incident, its recovery resolves it") {
    Daemon daemon(with_rules());
    daemon.start();
    const Labels labels = {{"alertname", "DiskFull"}, {"host", "db1"}, {"service", "shop"}, {"severity", "critical"}};
    const HttpResponse reply = daemon.send(json_array({alert_json(labels, "Disk of db1 is full")}));
    CHECK(reply.status == 200);
    CHECK(reply.body.empty());
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 1; }));

    const Json shown = daemon.cli_json({"incidents", "show", "INC-1"});
    CHECK(shown.text("/id") == "INC-1");
    CHECK(shown.text("/state") == "open");
    CHECK(shown.text("/title") == "Trouble in shop");
    CHECK(shown.text("/rule") == "per-service");
    CHECK(shown.text("/severity") == "critical");
    CHECK(shown.number("/alerts_total") == 1);
    CHECK(shown.size("/alerts") == 1);

    const Run text = daemon.cli({"incidents", "show", "INC-1"});
    CHECK(text.code == 0);
    CHECK(text.out.find("Trouble in shop") != std::string::npos);
    CHECK(text.out.find("Disk of db1 is full") != std::string::npos);

    const HttpResponse active = daemon.client().get("/api/v2/alerts");
    REQUIRE(active.status == 200);
    const Json alerts(active.body);
    REQUIRE(alerts.size() == 1);
    const Run explained = daemon.cli({"explain", alerts.text("/0/fingerprint")});
    CHECK(explained.code == 0);
    CHECK(explained.out.find("per-service") != std::string::npos);
    CHECK(explained.out.find("INC-1") != std::string::npos);

    CHECK(daemon.send(json_array({alert_json(labels, "", "2020-01-01T00:00:00Z")})).status == 200);
    CHECK(eventually(std::chrono::seconds(20), [&] { return count_incidents(daemon, "resolved") == 1; }));
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() == 0);
}

TEST_CASE("10,000 alerts of 200 fingerprints in 10 services are 200 alerts and 10 incidents") {
    Daemon daemon(with_rules());
    daemon.start();
    constexpr int total = 10'000;
    constexpr int per_request = 100;
    for (int sent = 0; sent < total; sent += per_request) {
        std::vector<std::string> alerts;
        for (int i = 0; i < per_request; ++i) alerts.push_back(numbered_alert(sent + i));
        REQUIRE(daemon.send(json_array(alerts)).status == 200);
    }
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() == 200);

    const auto messages_of = [&](const std::string& id) {
        return daemon.cli_json({"incidents", "show", id}).number("/messages_total");
    };
    CHECK(eventually(std::chrono::seconds(20),
                     [&] { return count_incidents(daemon) == 10 && messages_of("INC-10") == 1000; }));
    const Json list = daemon.cli_json({"incidents", "list"});
    REQUIRE(list.size() == 10);
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string id = list.text("/" + std::to_string(i) + "/id");
        const Json incident = daemon.cli_json({"incidents", "show", id});
        CHECK(incident.number("/alerts_total") == 20);
        CHECK(incident.number("/alerts_firing") == 20);
        CHECK(incident.number("/messages_total") == 1000);
        CHECK(incident.size("/alerts") == 20);
        CHECK(incident.number("/alerts/0/count") == 50);
    }
}

TEST_CASE("a storm that is too much for the database of incidents is read from the journal again") {
    Daemon daemon(with_rules());
    daemon.setup().extra += "read_model: {queue: 64KiB}\n";
    daemon.write_config();
    daemon.start();
    constexpr int total = 10'000;
    constexpr int per_request = 2'000;
    for (int sent = 0; sent < total; sent += per_request) {
        std::vector<std::string> alerts;
        for (int i = 0; i < per_request; ++i) {
            const std::string number = std::to_string(sent + i);
            alerts.push_back(alert_json(
                {{"alertname", "Storm"}, {"host", "h" + number}, {"service", "s" + std::to_string((sent + i) % 10)}}));
        }
        REQUIRE(daemon.send(json_array(alerts)).status == 200);
    }
    CHECK(eventually(std::chrono::seconds(60), [&] { return daemon.log().find("caught up") != std::string::npos; }));
    CHECK(eventually(std::chrono::seconds(60), [&] { return daemon.metric("incidentd_read_model_lag_entries") == 0; }));
    std::size_t shown = 0;
    const auto count_shown = [&] {
        shown = 0;
        const Json list = daemon.cli_json({"incidents", "list", "--most", "1000"});
        for (std::size_t i = 0; i < list.size(); ++i)
            shown += daemon.cli_json({"incidents", "show", list.text("/" + std::to_string(i) + "/id")}).size("/alerts");
        return shown;
    };
    CHECK(eventually(std::chrono::seconds(60), [&] { return count_shown() == total; }));
    const Json last = daemon.cli_json({"explain", "host=\"h9999\""});
    REQUIRE(last.size() == 1);
    CHECK(last.size("/0/verdicts") == 1);
}

TEST_CASE("a restart changes nothing that was known") {
    Daemon daemon(with_rules());
    daemon.start();
    std::vector<std::string> alerts;
    for (int i = 0; i < 200; ++i) alerts.push_back(numbered_alert(i));
    REQUIRE(daemon.send(json_array(alerts)).status == 200);
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 10; }));
    CHECK(daemon.stop().code == 0);
    // The CLI reads the state directory, also while nothing runs.
    CHECK(count_incidents(daemon, "open") == 10);

    daemon.start();
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() == 200);
    REQUIRE(daemon.send(json_array(alerts)).status == 200);
    CHECK(eventually(std::chrono::seconds(10), [&] {
        return daemon.cli_json({"incidents", "show", "INC-1"}).number("/messages_total") == 40;
    }));
    CHECK(count_incidents(daemon) == 10);
}

TEST_CASE("the database of incidents is derived anew from the journal") {
    Daemon daemon(with_rules());
    daemon.start();
    std::vector<std::string> alerts;
    for (int i = 0; i < 200; ++i) alerts.push_back(numbered_alert(i));
    REQUIRE(daemon.send(json_array(alerts)).status == 200);
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 10; }));
    const std::string before = daemon.cli({"incidents", "show", "INC-3", "--output", "json"}).out;
    CHECK(daemon.stop().code == 0);
    for (const char* file : {"incidents.sqlite", "incidents.sqlite-wal", "incidents.sqlite-shm"}) {
        std::filesystem::remove(daemon.state_directory() + "/" + file);
    }
    CHECK(daemon.cli({"incidents", "list"}).code != 0);
    daemon.start();
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 10; }));
    CHECK(daemon.cli({"incidents", "show", "INC-3", "--output", "json"}).out == before);
}

TEST_CASE("asking for what is not there is an error that says so") {
    Daemon daemon;
    daemon.start();
    const Run missing = daemon.cli({"incidents", "show", "INC-999"});
    CHECK(missing.code != 0);
    CHECK(missing.err.find("INC-999") != std::string::npos);
    const Run nonsense = daemon.cli({"incidents", "show", "nonsense"});
    CHECK(nonsense.code != 0);
    CHECK(nonsense.err.find("nonsense") != std::string::npos);
    CHECK(run({INCIDENTD_BINARY, "version"}).out.find(INCIDENTD_VERSION) != std::string::npos);
    CHECK(run({INCIDENTD_BINARY, "no-such-command"}).code != 0);
}

}  // namespace incidentd::test
