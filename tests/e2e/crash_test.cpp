// What could break: an alert that was acknowledged and is gone after kill -9, an incident that is there twice, a
// journal whose torn end stops the next start.
#include "tests/e2e/daemon.hpp"
#include "tests/support/contract_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>

namespace incidentd::test {
namespace {

constexpr int alerts_per_request = 20;

std::string host_name(int serial) { return "h" + std::to_string(serial); }

// Alert `serial` in one of 50 services, each with an incident of its own.
std::string serial_alert(int serial) {
    return alert_json(
        {{"alertname", "Down"}, {"host", host_name(serial)}, {"service", "s" + std::to_string(serial % 50)}});
}

constexpr std::string_view rules = R"(version: 1
correlate:
  - {name: per-service, by: [service]}
)";

// Sends new alerts until told to stop or the daemon is gone, and remembers which were acknowledged.
class Sender {
public:
    Sender(const Daemon& daemon, int first) : client_(daemon.client()), next_(first), thread_([this] { work(); }) {}
    ~Sender() { join(); }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    void join() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    int acknowledged_count() const { return acknowledged_count_; }
    const std::set<int>& acknowledged() const { return acknowledged_; }  // after join()
    int next() const { return next_; }                                   // after join()

private:
    void work() {
        while (!stop_) {
            std::vector<std::string> alerts;
            for (int i = 0; i < alerts_per_request; ++i) alerts.push_back(serial_alert(next_ + i));
            const HttpResponse reply = client_.post("/api/v2/alerts", json_array(alerts));
            if (reply.status == 200) {
                for (int i = 0; i < alerts_per_request; ++i) acknowledged_.insert(next_ + i);
                acknowledged_count_ += alerts_per_request;
            }
            next_ += alerts_per_request;
            if (reply.status == 0) return;
        }
    }

    HttpClient client_;
    std::atomic<bool> stop_{false};
    std::atomic<int> acknowledged_count_{0};
    std::set<int> acknowledged_;
    int next_;
    std::thread thread_;
};

std::set<std::string> active_hosts(const Daemon& daemon) {
    const Json alerts(daemon.client().get("/api/v2/alerts").body);
    std::set<std::string> hosts;
    for (std::size_t i = 0; i < alerts.size(); ++i) hosts.insert(alerts.text("/" + std::to_string(i) + "/labels/host"));
    return hosts;
}

}  // namespace

TEST_CASE("kill -9 under load: what was acknowledged is there, five times over") {
    // Now and then it does the work and says nothing, or fails before: what makes tickets double.
    StrictRequestTracker tracker("secret");
    DaemonSetup setup;
    setup.rules = rules;
    const TempDirectory secrets;
    setup.sinks = "rt: {type: request_tracker, url: '" + tracker.url() + "', queue: General, token: {file: '" +
                  secrets.write("token", "secret") + "'}, retry: {first: 100ms, most: 1s}}\n";
    setup.extra = "external_url: https://incidentd.example\n";
    Daemon daemon(setup);
    daemon.start();
    std::mt19937 random(20261124);
    std::uniform_int_distribution<int> pause_ms(0, 300);
    std::set<int> acknowledged;
    int next = 0;
    for (int round = 0; round < 5; ++round) {
        CAPTURE(round);
        for (int i = 0; i < 3; ++i) {
            tracker.faults().add(close_after());
            tracker.faults().add(error_before());
        }
        Sender sender(daemon, next);
        REQUIRE(eventually(std::chrono::seconds(30), [&] { return sender.acknowledged_count() >= 1000; }));
        std::this_thread::sleep_for(milliseconds(pause_ms(random)));
        daemon.crash();
        sender.join();
        acknowledged.insert(sender.acknowledged().begin(), sender.acknowledged().end());
        next = sender.next();

        daemon.start();
        const std::set<std::string> active = active_hosts(daemon);
        std::size_t lost = 0;
        for (const int serial : acknowledged) lost += active.contains(host_name(serial)) ? 0 : 1;
        CHECK(lost == 0);
        CHECK(active.size() >= acknowledged.size());
        CHECK(eventually(std::chrono::seconds(30), [&] { return count_incidents(daemon) == 50; }));
    }
    const auto one_ticket_each = [&] {
        const std::map<std::string, int> tickets = tracker.tickets_by_link();
        return tickets.size() == 50 &&
               std::all_of(tickets.begin(), tickets.end(), [](const auto& t) { return t.second == 1; });
    };
    CHECK(eventually(std::chrono::seconds(60), [&] { return tracker.tickets_by_link().size() == 50; }));
    CHECK(eventually(std::chrono::seconds(60), [&] { return daemon.metric("incidentd_deliveries_waiting") == 0; }));
    CHECK(one_ticket_each());
    CHECK(tracker.tickets().size() == 50);
    CHECK(tracker.violations().empty());
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("relaxed durability: kill -9 still loses nothing that was acknowledged") {
    DaemonSetup setup;
    setup.rules = rules;
    setup.extra = "journal: {durability: relaxed}\n";
    Daemon daemon(setup);
    daemon.start();
    Sender sender(daemon, 0);
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return sender.acknowledged_count() >= 1000; }));
    daemon.crash();
    sender.join();
    daemon.start();
    const std::set<std::string> active = active_hosts(daemon);
    std::size_t lost = 0;
    for (const int serial : sender.acknowledged()) lost += active.contains(host_name(serial)) ? 0 : 1;
    CHECK(lost == 0);
    CHECK(eventually(std::chrono::seconds(60), [&] { return count_incidents(daemon) == 50; }));
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("kill -9 during start-up and again loses nothing") {
    DaemonSetup setup;
    setup.rules = rules;
    Daemon daemon(setup);
    daemon.start();
    std::vector<std::string> alerts;
    for (int i = 0; i < 2000; ++i) alerts.push_back(serial_alert(i));
    REQUIRE(daemon.send(json_array(alerts)).status == 200);
    daemon.crash();
    for (const int after_ms : {1, 3, 10, 30, 100}) {
        daemon.spawn();
        std::this_thread::sleep_for(milliseconds(after_ms));
        daemon.crash();
    }
    daemon.start();
    CHECK(active_hosts(daemon).size() == 2000);
    CHECK(eventually(std::chrono::seconds(30), [&] { return count_incidents(daemon) == 50; }));
}

}  // namespace incidentd::test
