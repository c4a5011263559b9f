// What could break: a bound that lets everything through, one that refuses a recovery, alerts lost between a refusal
// and its repetition.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace incidentd::test {
namespace {

std::string recovery_of(const std::string& host) {
    return json_array(
        {alert_json({{"alertname", "Big"}, {"host", host}, {"service", "s0"}}, "", "2020-01-01T00:00:00Z")});
}

}  // namespace

TEST_CASE("drill: a source sends more than its rate") {
    constexpr double rate = 50, burst = 100;  // far below what a loaded machine takes
    DrillOptions options;
    options.source_extra = ", rate: {alerts_per_second: 50, burst: 100}";
    Drill drill("a source sends more than its rate for 4 s", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    const auto start = std::chrono::steady_clock::now();
    Load load(daemon, {});
    std::this_thread::sleep_for(std::chrono::seconds(4));
    CHECK(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 200; }));
    const HttpResponse recovery = daemon.send(recovery_of("never-fired"));
    CHECK(recovery.status == 200);
    load.stop();
    const double elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    CHECK(load.refused_count() > 0);
    CHECK(static_cast<double>(load.acknowledged_count()) <= burst + rate * (elapsed_s + 1));
    CHECK(daemon.metric(R"(incidentd_overload_refused_total{reason="rate"})") > 0);
    drill.note(load);
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("drill: the memory ceiling is met") {
    DrillOptions options;
    options.extra = "limits: {memory: 96MiB}\nrestart_grace: 0s\n";
    Drill drill("memory ceiling of 96 MiB met by large alerts", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    Load load(daemon, {});
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    load.stop();
    drill.note(load);

    const std::string words(60'000, 'w');
    HttpResponse reply;
    int sent = 0;
    std::string last_taken;
    for (; sent < 200; ++sent) {
        std::vector<std::string> alerts;
        for (int i = 0; i < 50; ++i) {
            const std::string host = "big" + std::to_string(sent * 50 + i);
            alerts.push_back(alert_json({{"alertname", "Big"}, {"host", host}, {"service", "s0"}}, words + host));
        }
        reply = daemon.send(json_array(alerts));
        if (reply.status != 200) break;
        last_taken = "big" + std::to_string(sent * 50);
        std::this_thread::sleep_for(milliseconds(100));
    }
    CHECK((reply.status == 429 || reply.status == 503));
    CHECK(!reply.header("retry-after").empty());
    CHECK(daemon.metric(R"(incidentd_overload_refused_total{reason="memory"})") > 0);
    CHECK(daemon.metric("incidentd_memory_bytes") > 90.0 * 1024 * 1024);
    REQUIRE(!last_taken.empty());
    CHECK(daemon.send(recovery_of(last_taken)).status == 200);
    CHECK_FALSE(active_hosts(daemon).contains(last_taken));
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
