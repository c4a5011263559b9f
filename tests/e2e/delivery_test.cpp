// What could break: a slow ticket system that gets every change one by one, a system whose plea for a pause is not
// heard, a rate that is not kept.
#include "tests/e2e/daemon.hpp"
#include "tests/support/contract_server.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <mutex>
#include <set>

namespace incidentd::test {
namespace {

using Clock = std::chrono::steady_clock;

// A webhook receiver that notes when it was called and with what.
class Receiver {
public:
    using Behave = std::function<ContractAnswer(std::size_t call)>;  // from 0
    explicit Receiver(Behave behave)
        : behave_(std::move(behave)), server_([this](const ContractRequest& request) {
              const std::lock_guard lock(mutex_);
              at_.push_back(Clock::now());
              bodies_.push_back(request.body);
              return behave_(at_.size() - 1);
          }) {}
    std::string url() const { return server_.url(); }
    std::vector<Clock::time_point> at() const {
        const std::lock_guard lock(mutex_);
        return at_;
    }
    std::vector<std::string> bodies() const {
        const std::lock_guard lock(mutex_);
        return bodies_;
    }

private:
    const Behave behave_;
    mutable std::mutex mutex_;
    std::vector<Clock::time_point> at_;
    std::vector<std::string> bodies_;
    ContractServer server_;  // last: its threads use the others
};

DaemonSetup with_hook(const Receiver& receiver, const std::string& options) {
    DaemonSetup setup;
    setup.rules = R"(version: 1
correlate:
  - {name: per-service, by: [service]}
route:
  - {to: [hook], update_every: 0s}
)";
    setup.sinks = "hook: {type: webhook, url: '" + receiver.url() + "/in'" + options + "}\n";
    return setup;
}

std::string alert_of(const std::string& host, const std::string& service) {
    return json_array({alert_json({{"alertname", "Down"}, {"host", host}, {"service", service}}, "down on " + host)});
}

std::string http_date(std::time_t at) {
    char text[40];
    std::tm parts{};
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", ::gmtime_r(&at, &parts));
    return text;
}

bool is_quiet(const Daemon& daemon) {
    return daemon.metric("incidentd_deliveries_waiting") == 0 && daemon.metric("incidentd_actions_outstanding") == 0;
}

}  // namespace

TEST_CASE("ten changes behind a slow sink become one update with all of them") {
    constexpr std::chrono::seconds slow(6);
    Receiver receiver([&](std::size_t call) {
        ContractAnswer answer;
        if (call == 0) answer.delay = slow;
        return answer;
    });
    Daemon daemon(with_hook(receiver, ", timeout: 60s"));
    daemon.start();
    REQUIRE(daemon.send(alert_of("host-0", "shop")).status == 200);
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return receiver.at().size() == 1; }));
    for (int i = 1; i <= 10; ++i) REQUIRE(daemon.send(alert_of("host-" + std::to_string(i), "shop")).status == 200);
    const bool all_in_time = Clock::now() < receiver.at().front() + slow - std::chrono::seconds(1);
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return receiver.at().size() >= 2 && is_quiet(daemon); }));
    const auto bodies = receiver.bodies();
    // On a machine so slow that the answer came before the last change, that change has an update of its own.
    CHECK((bodies.size() == 2 || !all_in_time));
    std::string updates;
    for (std::size_t i = 1; i < bodies.size(); ++i) updates += bodies[i];
    for (int i = 1; i <= 10; ++i)
        CHECK_MESSAGE(updates.find("down on host-" + std::to_string(i)) != std::string::npos, "host-" << i);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("a sink's Retry-After is kept, in seconds and as a date") {
    Receiver receiver([](std::size_t call) {
        const std::time_t now = std::time(nullptr);
        if (call == 0) return ContractAnswer{503, "", {{"Retry-After", http_date(now + 3)}, {"Date", http_date(now)}}};
        if (call == 1) return ContractAnswer{429, "", {{"Retry-After", "2"}}};
        return ContractAnswer{};
    });
    Daemon daemon(with_hook(receiver, ", retry: {first: 100ms, most: 10s}"));
    daemon.start();
    REQUIRE(daemon.send(alert_of("a", "shop")).status == 200);
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return receiver.at().size() == 3 && is_quiet(daemon); }));
    const auto at = receiver.at();
    CHECK(at[1] - at[0] >= milliseconds(2950));
    CHECK(at[2] - at[1] >= milliseconds(1950));
    CHECK(daemon.metric(R"(incidentd_deliveries_total{result="retried",sink="hook"})") == 2);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("a sink's rate is kept") {
    Receiver receiver([](std::size_t) { return ContractAnswer{}; });
    Daemon daemon(with_hook(receiver, ", rate: {per_minute: 60, burst: 2}"));
    daemon.start();
    for (int i = 0; i < 5; ++i) {
        const std::string name = std::to_string(i);
        REQUIRE(daemon.send(alert_of("h" + name, "s" + name)).status == 200);
    }
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return receiver.at().size() == 5 && is_quiet(daemon); }));
    const auto at = receiver.at();
    CHECK(at[4] - at[0] >= milliseconds(2900));  // two at once, then one a second
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
