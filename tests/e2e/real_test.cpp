// What could break: everything that a mock believes and the real system does not. Each case runs the shipped binary
// between a real monitoring system and a real ticket system.
#include "tests/e2e/daemon.hpp"
#include "tests/e2e/other_system.hpp"

#include <doctest/doctest.h>
#include <fstream>

namespace incidentd::test {
namespace {

constexpr std::string_view every_alert_rules = R"(version: 1
correlate:
  - name: per-alert
    match: []
    by: [alertname, host]
    require: optional
    close: {quiet: 1s}
)";

struct Bench {
    RequestTracker tracker;
    TempDirectory secrets;
    Daemon daemon;

    explicit Bench(const std::string& sources) : daemon(setup(sources)) { daemon.start(); }

    DaemonSetup setup(const std::string& sources) const {
        DaemonSetup result;
        result.sources = sources;
        result.sinks = tracker.sink(secrets);
        result.rules = every_alert_rules;
        result.extra = "external_url: https://incidentd.example\n";
        return result;
    }

    bool becomes(std::size_t ticket, const std::string& status) const {
        return eventually(std::chrono::seconds(60),
                          [&] { return tracker.tickets() >= ticket && tracker.status(ticket) == status; });
    }
};

void append(const std::string& file, const std::string& line) { std::ofstream(file, std::ios::app) << line << '\n'; }
void overwrite(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::trunc) << text << '\n';
}

}  // namespace

TEST_CASE("nagios") {
    Bench bench("nagios: {type: nagios}\n");
    const OtherSystem nagios("nagios", {{"URL", bench.daemon.url() + "/v1/ingest/nagios"}});
    const std::string checks = nagios.value("CHECKS");

    // A service: problem, acknowledgement, recovery.
    overwrite(checks + "/web01.file", "2 disk of web01 is full");
    REQUIRE(bench.becomes(1, "new"));
    CHECK_MESSAGE(bench.tracker.texts(1).find("disk on web01 is CRITICAL") != std::string::npos,
                  bench.tracker.texts(1));
    CHECK_MESSAGE(bench.tracker.texts(1).find("disk of web01 is full") != std::string::npos, bench.tracker.texts(1));
    CHECK(bench.daemon.cli_json({"incidents", "show", "INC-1"}).text("/alerts/0/text") == "disk of web01 is full");
    CHECK(count_incidents(bench.daemon, "open") == 1);
    append(nagios.value("COMMAND_FILE"),
           "[" + std::to_string(time(nullptr)) + "] ACKNOWLEDGE_SVC_PROBLEM;web01;disk;1;1;0;alice;looking into it");
    CHECK(eventually(std::chrono::seconds(20), [&] {
        return bench.daemon.cli_json({"incidents", "show", "INC-1"}).text("/acknowledged_by") == "alice";
    }));
    overwrite(checks + "/web01.file", "0 fine again");
    CHECK(bench.becomes(1, "resolved"));
    CHECK(bench.tracker.tickets() == 1);

    // A host.
    overwrite(checks + "/db01.host", "2 no answer");
    REQUIRE(bench.becomes(2, "new"));
    overwrite(checks + "/db01.host", "0 here again");
    CHECK(bench.becomes(2, "resolved"));
    CHECK(bench.tracker.tickets() == 2);
    CHECK(count_incidents(bench.daemon) == 2);
    CHECK(count_incidents(bench.daemon, "resolved") == 2);
}

TEST_CASE("prometheus") {
    Bench bench("prometheus: {type: prometheus}\n");
    const std::string address = "127.0.0.1:" + std::to_string(bench.daemon.port());
    const OtherSystem prometheus("prometheus", {{"ALERTMANAGER", address}, {"TARGET", address}});
    const std::string metrics_file = prometheus.value("METRICS_FILE");

    overwrite(metrics_file, "demo_up{service=\"shop\",node=\"web01\"} 0");
    REQUIRE(bench.becomes(1, "new"));
    CHECK_MESSAGE(bench.tracker.texts(1).find("demo web01 is down") != std::string::npos, bench.tracker.texts(1));
    // Prometheus sends it again every 5 s; that must not become another ticket.
    CHECK(eventually(std::chrono::seconds(30), [&] {
        return bench.daemon.cli_json({"incidents", "show", "INC-1"}).number("/messages_total") >= 2;
    }));
    overwrite(metrics_file, "demo_up{service=\"shop\",node=\"web01\"} 1");
    CHECK(bench.becomes(1, "resolved"));
    CHECK(bench.tracker.tickets() == 1);

    // It also scrapes us.
    HttpClient client(prometheus.value("PROMETHEUS"));
    CHECK(eventually(std::chrono::seconds(20), [&] {
        const Json up(client.get("/api/v1/query?query=up%7Bjob%3D%22incidentd%22%7D").body);
        return up.size("/data/result") == 1 && up.text("/data/result/0/value/1") == "1";
    }));
    const std::string text = bench.daemon.client().get("/metrics").body;
    const std::string file = bench.secrets.write("metrics", text);
    const Run lint = run({"/bin/sh", "-c", "promtool check metrics <" + file});
    CHECK_MESSAGE(lint.code == 0, lint.out << lint.err);
}

TEST_CASE("amtool") {
    Daemon daemon;
    daemon.start();
    const std::string url = "--alertmanager.url=" + daemon.url();
    const Run added = run({"amtool", url, "alert", "add", "DiskFull", "host=db1", "severity=critical",
                           "--annotation=summary=Disk of db1 is full"});
    CHECK_MESSAGE(added.code == 0, added.out << added.err);
    const Run all = run({"amtool", url, "alert", "query"});
    CHECK_MESSAGE(all.code == 0, all.out << all.err);
    CHECK(all.out.find("DiskFull") != std::string::npos);
    CHECK(all.out.find("Disk of db1 is full") != std::string::npos);
    CHECK(run({"amtool", url, "alert", "query", "host=db1"}).out.find("DiskFull") != std::string::npos);
    CHECK(run({"amtool", url, "alert", "query", "host=~web.*"}).out.find("DiskFull") == std::string::npos);
    CHECK(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 1; }));
}

TEST_CASE("alertmanager") {
    Bench bench("alertmanager: {type: alertmanager}\n");
    const OtherSystem alertmanager("alertmanager", {{"WEBHOOK", bench.daemon.url() + "/v1/ingest/alertmanager"}});
    const std::string url = "--alertmanager.url=http://" + alertmanager.value("ALERTMANAGER");
    REQUIRE(run({"amtool", url, "alert", "add", "DiskFull", "host=db1", "severity=critical"}).code == 0);
    REQUIRE(bench.becomes(1, "new"));
    REQUIRE(run({"amtool", url, "alert", "add", "DiskFull", "host=db1", "severity=critical",
                 "--start=2020-01-01T00:00:00Z", "--end=2020-01-01T01:00:00Z"})
                .code == 0);
    CHECK(bench.becomes(1, "resolved"));
    CHECK(bench.tracker.tickets() == 1);
}

TEST_CASE("zabbix") {
    Bench bench("zabbix: {type: zabbix}\n");
    const OtherSystem zabbix("zabbix", {{"URL", bench.daemon.url() + "/v1/ingest/zabbix"}});
    const auto send = [&](const std::string& value) {
        return run({"zabbix_sender", "-z", "127.0.0.1", "-p", zabbix.value("ZABBIX_PORT"), "-s", "web01", "-k",
                    "app.status", "-o", value})
            .code;
    };
    // The server takes values only once it knows the new item.
    REQUIRE(eventually(std::chrono::seconds(60), [&] { return send("1") == 0; }));
    REQUIRE(bench.becomes(1, "new"));
    CHECK_MESSAGE(bench.tracker.texts(1).find("App down on web01") != std::string::npos, bench.tracker.texts(1));
    REQUIRE(send("0") == 0);
    CHECK(bench.becomes(1, "resolved"));
    CHECK(bench.tracker.tickets() == 1);
    CHECK(count_incidents(bench.daemon) == 1);

    // What its API and its export say of dependencies is one topology.
    const std::string answers = zabbix.value("ANSWERS");
    const Run asked =
        run({INCIDENTD_BINARY, "topology", "import", "zabbix", answers + "/triggers.json", answers + "/hosts.json"});
    CHECK_MESSAGE(asked.code == 0, asked.err);
    CHECK(asked.out.find("  - {upper: ['db01'], lower: ['web01'], kind: depends}\n") != std::string::npos);
    CHECK(asked.out.find("  - {entity: 'db01', names: ['db01.example.com', '192.0.2.7']}\n") != std::string::npos);
    const Run exported = run({INCIDENTD_BINARY, "topology", "import", "zabbix", answers + "/export.yaml"});
    CHECK_MESSAGE(exported.code == 0, exported.err);
    CHECK(exported.out.find("  - {upper: ['db01'], lower: ['web01'], kind: depends}\n") != std::string::npos);
    const std::string file = bench.secrets.write("zabbix.yaml", asked.out);
    const Run checked = run({INCIDENTD_BINARY, "topology", "check", file});
    CHECK_MESSAGE(checked.code == 0, checked.err);
}

}  // namespace incidentd::test
