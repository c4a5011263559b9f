// What could break: a bound that lets everything through, one that refuses a recovery, alerts lost between a refusal
// and its repetition.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace incidentd::test {
namespace {

std::string recovery_of(const std::string& host) {
    return json_array(
        {alert_json({{"alertname", "Big"}, {"host", host}, {"service", "s0"}}, "", "2020-01-01T00:00:00Z")});
}

constexpr int flood_alerts = 600;  // in a request; four of them are more than half of the smallest inbox

std::string flood_of(int thread) {
    std::vector<std::string> alerts;
    for (int i = 0; i < flood_alerts; ++i)
        alerts.push_back(alert_json(
            {{"alertname", "Flood"}, {"host", "f" + std::to_string(thread * flood_alerts + i)}, {"service", "s0"}}));
    return json_array(alerts);
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

TEST_CASE("drill: a source floods, another one and all recoveries get through") {
    DrillOptions options;
    options.extra = "limits: {inbox: 1MiB}\nhttp: {max_body: 1MiB}\n";
    options.more_sources =
        "quiet: {type: generic, mapping: {key: /name, title: /name, labels: {host: /name, service: {value: s1}}}}\n";
    Drill drill("a source floods beside a quiet one, for 6 s", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> taken{0}, refused{0};
    std::vector<std::thread> flood;
    for (int thread = 0; thread < 4; ++thread)
        flood.emplace_back([&, client = daemon.client(), body = flood_of(thread)]() mutable {
            while (!stopping) ++(client.post("/api/v2/alerts", body).status == 200 ? taken : refused);
        });
    HttpClient quiet = daemon.client(), recovering = daemon.client();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(6);
    int sent = 0;
    for (; sent < 20 || std::chrono::steady_clock::now() < end; ++sent) {
        const HttpResponse reply =
            quiet.post("/v1/ingest/quiet", R"({"name":"quiet)" + std::to_string(sent % 50) + R"("})");
        CHECK_MESSAGE(reply.status / 100 == 2, reply.status << " " << reply.body);
        const HttpResponse recovery = recovering.post("/api/v2/alerts", recovery_of("r" + std::to_string(sent)));
        CHECK_MESSAGE(recovery.status == 200, recovery.status << " " << recovery.body);
        std::this_thread::sleep_for(milliseconds(20));
    }
    stopping = true;
    for (std::thread& thread : flood) thread.join();
    MESSAGE("of the flood " << taken.load() << " requests of " << flood_alerts << " alerts were taken and "
                            << refused.load() << " refused; of the quiet source and of recoveries all " << sent);
    Load load(daemon, {});  // and the flood leaves nothing behind
    CHECK(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    load.stop();
    CHECK_MESSAGE(load.refused_count() == 0, load.refusals());
    drill.note(load);
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

namespace {

constexpr double mebibyte = 1024 * 1024;

// Resident memory at its highest, of the daemon alone.
double peak_memory(Daemon& daemon) {
    std::ifstream status("/proc/" + std::to_string(daemon.process().pid()) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
    return 0;
}

// What may come on top of the ceiling, which is looked at once a second: the requests of that second, what waits for
// the read model, what the shard tells it at once (256 alerts), and one request on its way in as body, batch and
// record.
double allowance(double request_bytes, double requests_a_second, double alert_bytes, double queue_bytes) {
    return request_bytes * (requests_a_second + 1) + queue_bytes + 256 * alert_bytes + 3 * request_bytes;
}

}  // namespace

TEST_CASE("drill: the memory ceiling is met") {
    constexpr double ceiling = 96 * mebibyte, queue = 8 * mebibyte;
    constexpr std::size_t words_bytes = 60'000, alerts_in_request = 50, requests_a_second = 10;
    DrillOptions options;
    options.extra = "limits: {memory: 96MiB}\nread_model: {queue: 8MiB}\nrestart_grace: 0s\n";
    Drill drill("memory ceiling of 96 MiB met by large alerts", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    Load load(daemon, {});
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    load.stop();
    drill.note(load);

    const std::string words(words_bytes, 'w');
    HttpResponse reply;
    int sent = 0;
    std::string last_taken;
    for (; sent < 200; ++sent) {
        std::vector<std::string> alerts;
        for (std::size_t i = 0; i < alerts_in_request; ++i) {
            const std::string host = "big" + std::to_string(static_cast<std::size_t>(sent) * alerts_in_request + i);
            alerts.push_back(alert_json({{"alertname", "Big"}, {"host", host}, {"service", "s0"}}, words + host));
        }
        reply = daemon.send(json_array(alerts));
        if (reply.status != 200) break;
        last_taken = "big" + std::to_string(static_cast<std::size_t>(sent) * alerts_in_request);
        std::this_thread::sleep_for(milliseconds(1000 / requests_a_second));
    }
    CHECK((reply.status == 429 || reply.status == 503));
    CHECK(!reply.header("retry-after").empty());
    CHECK(daemon.metric(R"(incidentd_overload_refused_total{reason="memory"})") > 0);
    CHECK(daemon.metric("incidentd_memory_bytes") > 90 * mebibyte);
    // A refused source goes on trying: that must not grow anything.
    for (int again = 0; again < 20; ++again)
        (void)daemon.send(json_array({alert_json({{"alertname", "Big"}, {"host", "again"}}, words)}));
    const double most = ceiling + allowance(words_bytes * alerts_in_request, requests_a_second, words_bytes, queue);
    MESSAGE("resident memory at its highest " << peak_memory(daemon) / mebibyte << " MiB, at most " << most / mebibyte);
    CHECK(peak_memory(daemon) < most);
    REQUIRE(!last_taken.empty());
    CHECK(daemon.send(recovery_of(last_taken)).status == 200);
    CHECK_FALSE(active_hosts(daemon).contains(last_taken));
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
