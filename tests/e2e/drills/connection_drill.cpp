// What could break: senders that are slow, silent or gone in the middle keep the others from being heard.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace incidentd::test {
namespace {

constexpr std::string_view one_alert = R"([{"labels":{"alertname":"Down","host":"half-closed","service":"s1"}}])";

std::string request_of(std::string_view body, std::string_view more_headers = {}) {
    return "POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("drill: slow clients") {
    DrillOptions options;
    options.extra = "http: {request_timeout: 2s, max_connections: 200}\n";
    Drill drill("150 clients that send a byte every 100 ms", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    std::vector<RawConnection> slow;
    for (int i = 0; i < 150; ++i) slow.emplace_back(daemon.port());
    Load load(daemon, {});
    const std::string text = request_of(one_alert);
    for (std::size_t at = 0; at < 40; ++at) {
        for (const RawConnection& connection : slow) static_cast<void>(connection.send(text.substr(at, 1)));
        std::this_thread::sleep_for(milliseconds(100));
    }
    CHECK(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    load.stop();
    CHECK_MESSAGE(load.refused_count() == 0, load.refusals());
    CHECK(slow.front().receive(std::chrono::seconds(10)).starts_with("HTTP/1.1 408"));
    CHECK(eventually(std::chrono::seconds(10),
                     [&] { return daemon.metric(R"(incidentd_connections_refused_total{reason="timeout"})") >= 150; }));
    drill.note(load);
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("drill: idle connections") {
    const std::size_t files = raise_open_files();
    const std::size_t idle = files >= 12'000 ? 10'000 : std::min<std::size_t>(files / 2, 2'000);
    DrillOptions options;
    options.extra = "http: {max_connections: 12000}\n";
    Drill drill(std::to_string(idle) + " idle connections", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    std::vector<RawConnection> connections;
    for (std::size_t i = 0; i < idle; ++i) connections.emplace_back(daemon.port());
    CHECK(std::all_of(connections.begin(), connections.end(), [](const auto& one) { return one.connected(); }));
    CHECK(eventually(std::chrono::seconds(20),
                     [&] { return daemon.metric("incidentd_connections") >= static_cast<double>(idle); }));
    Load::Options some;
    some.most = 2000;
    Load load(daemon, some);
    CHECK(eventually(std::chrono::seconds(60), [&] { return load.acknowledged_count() >= 2000; }));
    load.stop();
    CHECK_MESSAGE(load.refused_count() == 0, load.refusals());
    // They are still good for a request.
    CHECK(connections.back().send(request_of("[]", "Connection: close\r\n")));
    CHECK(connections.back().receive(std::chrono::seconds(20)).starts_with("HTTP/1.1 200"));
    drill.note(load);
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("drill: half-closed and broken connections") {
    Drill drill("half-closed, cut and reset connections");
    Daemon& daemon = drill.daemon();
    daemon.start();
    Load load(daemon, {});
    const std::string text = request_of(one_alert);
    for (int i = 0; i < 100; ++i) {
        RawConnection half(daemon.port());
        CHECK(half.send(text));
        half.finish_sending();
        CHECK(half.receive(std::chrono::seconds(20)).starts_with("HTTP/1.1 200"));
        RawConnection cut(daemon.port());
        CHECK(cut.send(text.substr(0, text.size() / 2)));
        cut.finish_sending();
        RawConnection unread(daemon.port());
        CHECK(unread.send(text));
        unread.reset();
    }
    load.stop();
    CHECK_MESSAGE(load.refused_count() == 0, load.refusals());
    CHECK(active_hosts(daemon).contains("half-closed"));
    CHECK(eventually(std::chrono::seconds(10), [&] { return daemon.metric("incidentd_connections") <= 2; }));
    drill.note(load);
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
