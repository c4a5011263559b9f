// What could break: a service manager that is told too early or never, a port that is not taken over, a reload that
// loses the running rules to a broken file, a stop that loses something.
#include "tests/e2e/daemon.hpp"
#include "tests/e2e/notify_socket.hpp"

#include <doctest/doctest.h>
#include <filesystem>

namespace incidentd::test {
namespace {

std::string rules_with_title(std::string_view title) {
    return "version: 1\ncorrelate:\n  - name: titled\n    by: [host]\n    incident: {title: '" + std::string(title) +
           "'}\n";
}

std::string alert_of(std::string_view host) {
    return json_array({alert_json({{"alertname", "Down"}, {"host", std::string(host)}})});
}

std::string title_of(const Daemon& daemon, const std::string& id) {
    std::string title;
    eventually(std::chrono::seconds(10), [&] {
        if (daemon.cli({"incidents", "show", id}).code != 0) return false;
        title = daemon.cli_json({"incidents", "show", id}).text("/title");
        return true;
    });
    return title;
}

}  // namespace

TEST_CASE("the service manager hears of readiness, of life and of the stop") {
    NotifySocket manager;
    DaemonSetup setup;
    setup.environment = {{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "400000"}};
    Daemon daemon(setup);
    daemon.spawn();
    CHECK(manager.hears("READY=1", std::chrono::seconds(20)));
    CHECK(daemon.client().get("/-/ready").status == 200);
    CHECK(manager.hears("WATCHDOG=1", std::chrono::seconds(20)));
    manager.forget();
    CHECK(manager.hears("WATCHDOG=1", std::chrono::seconds(20)));
    CHECK(daemon.stop().code == 0);
    CHECK(manager.hears("STOPPING=1", std::chrono::seconds(20)));
}

TEST_CASE("a reload takes good rules and leaves the running ones in place of broken ones") {
    NotifySocket manager;
    DaemonSetup setup;
    setup.rules = rules_with_title("first {{host}}");
    setup.environment = {{"NOTIFY_SOCKET", manager.path()}};
    Daemon daemon(setup);
    daemon.start();
    REQUIRE(daemon.send(alert_of("a")).status == 200);
    CHECK(title_of(daemon, "INC-1") == "first a");

    daemon.write_rules(rules_with_title("second {{host}}"));
    daemon.process().signal(SIGHUP);
    CHECK(eventually(std::chrono::seconds(10),
                     [&] { return daemon.metric("incidentd_config_reloads_total{result=\"success\"}") == 1; }));
    REQUIRE(daemon.send(alert_of("b")).status == 200);
    CHECK(title_of(daemon, "INC-2") == "second b");

    daemon.write_rules("version: 1\ncorrelate:\n  - nmae: broken\n");
    daemon.process().signal(SIGHUP);
    CHECK(eventually(std::chrono::seconds(10),
                     [&] { return daemon.metric("incidentd_config_reloads_total{result=\"failure\"}") == 1; }));
    CHECK(daemon.log().find("rules.yaml:3:") != std::string::npos);
    CHECK(daemon.log().find("nmae") != std::string::npos);
    REQUIRE(daemon.send(alert_of("c")).status == 200);
    CHECK(title_of(daemon, "INC-3") == "second c");
    CHECK(manager.hears("READY=1", std::chrono::seconds(20)));
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("systemd hands over the port, and requests wait for the daemon in it") {
    const std::string activate = "/usr/bin/systemd-socket-activate";
    REQUIRE(std::filesystem::exists(activate));
    Daemon daemon;
    daemon.spawn({activate, "--listen=127.0.0.1:" + std::to_string(daemon.port()), "--fdname=http"});
    // The first connection starts the daemon; its request must not be refused.
    HttpResponse first;
    eventually(std::chrono::seconds(20), [&] {
        first = daemon.client().get("/-/healthy");
        return first.status != 0;
    });
    CHECK(first.status == 200);
    CHECK(daemon.wait_ready());
    CHECK(daemon.send(alert_of("a")).status == 200);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("a second daemon on the same state or the same port says what is wrong") {
    Daemon daemon;
    daemon.start();
    const Run same_state = run({INCIDENTD_BINARY, "serve", "--config", daemon.config_file(), "--listen",
                                "127.0.0.1:" + std::to_string(free_port())});
    CHECK(same_state.code > 0);
    CHECK((same_state.out + same_state.err).find(daemon.state_directory()) != std::string::npos);
    const TempDirectory other;
    const Run same_port =
        run({INCIDENTD_BINARY, "serve", "--config", daemon.config_file(), "--state-directory", other.file("state")});
    CHECK(same_port.code > 0);
    CHECK((same_port.out + same_port.err).find(std::to_string(daemon.port())) != std::string::npos);
    CHECK(daemon.client().get("/-/ready").status == 200);
}

TEST_CASE("check-config finds every problem at once, each with its place") {
    const TempDirectory directory;
    const std::string file = directory.write("incidentd.yaml",
                                             "state_directory: /tmp/x\n"
                                             "sources:\n"
                                             "  prometheus: {type: promotheus}\n"
                                             "snks: {}\n"
                                             "rules: [missing.yaml]\n");
    const Run text = run({INCIDENTD_BINARY, "check-config", "--config", file});
    CHECK(text.code > 0);
    const std::string said = text.out + text.err;
    CHECK(said.find("incidentd.yaml:3:") != std::string::npos);
    CHECK(said.find("prometheus") != std::string::npos);
    CHECK(said.find("incidentd.yaml:4:") != std::string::npos);
    CHECK(said.find("sinks") != std::string::npos);
    CHECK(said.find("missing.yaml") != std::string::npos);

    const Run as_json = run({INCIDENTD_BINARY, "check-config", "--config", file, "--output", "json"});
    CHECK(as_json.code > 0);
    CHECK_NOTHROW(Json(as_json.out));

    const Daemon good;
    CHECK(good.cli({"check-config"}).code == 0);
    CHECK(run({INCIDENTD_BINARY, "check-config", "--config", "/nonexistent/incidentd.yaml"}).code > 0);
    CHECK(run({INCIDENTD_BINARY, "serve", "--config", file}).code > 0);
}

}  // namespace incidentd::test
