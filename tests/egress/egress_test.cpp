// Over a real socket: an answer lost on its way must not double a ticket, and stopping must not hang.
#include "daemon/egress/egress.hpp"

#include "adapters/registry.hpp"
#include "adapters/sinks/test_kit.hpp"
#include "tests/support/contract_server.hpp"

#include <doctest/doctest.h>

#include <mutex>

namespace incidentd {
namespace {

using test::ContractServer;

Action action_for(std::uint64_t incident, ActionKind kind, std::string sink, std::string ticket = {}) {
    Action action = test_kit::sample_action(kind);
    action.sink = std::move(sink);
    action.ticket = std::move(ticket);
    action.incident.id = {incident};
    action.incident.key = "incidentd-0123456789ab-" + std::to_string(incident);
    action.incident.revision = static_cast<std::uint64_t>(kind) + 1;
    action.idempotency_key = action.incident.key + "/" + std::to_string(action.incident.revision);
    return action;
}

// An Egress with one Request Tracker and one webhook, and what it said.
struct Bench {
    // The limit is that of a Request Tracker's answer; no test meets the webhook's.
    explicit Bench(EgressOptions options = {}, const std::string& timeout = "60s") {
        rt = test_kit::make_sink(
            *find_sink_spec("request_tracker"),
            "url: " + tracker.url() + "\ntoken: {env: T}\nqueue: General\ntimeout: " + timeout + "\n");
        hook = test_kit::make_sink(*find_sink_spec("webhook"),
                                   "url: " + receiver.url() + "\nsecret: {env: S}\ntimeout: 60s\n");
        INFO(rt.problems.text() << hook.problems.text());
        REQUIRE(rt.sink != nullptr);
        REQUIRE(hook.sink != nullptr);
        std::vector<SinkPolicy> policies = {{"rt", rt.sink.get()}, {"hook", hook.sink.get()}};
        for (SinkPolicy& policy : policies) policy.retry_first = policy.retry_most = milliseconds(20);
        egress = std::make_unique<Egress>(
            policies, [this](const DeliveryReported& report) { return take(report); },
            [this](const AttemptEnded& ended, double seconds) {
                const std::lock_guard lock(mutex);
                attempts.push_back(ended);
                seconds_total += seconds;
            },
            options);
    }
    bool take(const DeliveryReported& report) {
        const std::lock_guard lock(mutex);
        if (refuse > 0) {
            --refuse;
            return false;
        }
        reports.push_back(report);
        return true;
    }
    bool wait_for_reports(std::size_t count) {
        return ContractServer::wait_until([&] {
            const std::lock_guard lock(mutex);
            return reports.size() >= count;
        });
    }
    test::StrictRequestTracker tracker{"secret of T"};
    test::StrictWebhookReceiver receiver{{"secret of S"}};
    test_kit::MadeSink rt, hook;
    std::mutex mutex;  // the four below
    std::vector<DeliveryReported> reports;
    std::vector<AttemptEnded> attempts;
    double seconds_total = 0;
    unsigned refuse = 0;
    std::unique_ptr<Egress> egress;  // last: its thread uses the others
};

}  // namespace

TEST_CASE("egress: an incident's life in both systems") {
    Bench bench;
    bench.egress->start();
    for (const std::string sink : {"rt", "hook"}) {
        bench.egress->submit(action_for(1, ActionKind::open_ticket, sink));
        REQUIRE(bench.wait_for_reports(1));
        const std::string ticket = bench.reports.front().ticket;
        CHECK(ticket == (sink == "rt" ? "1" : "EXT-incidentd-0123456789ab-1"));
        bench.egress->submit(action_for(1, ActionKind::update_ticket, sink, ticket));
        bench.egress->submit(action_for(1, ActionKind::resolve_ticket, sink, ticket));
        REQUIRE(bench.wait_for_reports(3));
        for (const DeliveryReported& report : bench.reports) CHECK_MESSAGE(report.delivered, report.detail);
        bench.reports.clear();
    }
    CHECK(ContractServer::wait_until([&] { return bench.egress->waiting() == 0; }));
    bench.egress->stop();
    const auto tickets = bench.tracker.tickets();
    REQUIRE(tickets.size() == 1);
    CHECK(tickets[0].status == "resolved");
    CHECK(tickets[0].comments.size() == 2);
    CHECK(bench.receiver.deliveries().size() == 3);
    CHECK(bench.tracker.violations().empty());
    CHECK(bench.receiver.violations().empty());
    CHECK(bench.attempts.size() == 6);
    CHECK(bench.seconds_total > 0);
}

TEST_CASE("egress: one ticket an incident, whatever the ticket system does to its answers") {
    Bench bench({}, "1s");
    bench.tracker.faults().add(test::silence_after());
    bench.tracker.faults().add(test::error_after());
    bench.tracker.faults().add(test::close_after());
    bench.tracker.faults().add(test::error_before());
    bench.tracker.faults().add(test::too_many(0));
    bench.receiver.faults().add(test::close_after());
    bench.receiver.faults().add(test::error_after());
    bench.egress->start();
    constexpr std::size_t incidents = 12;
    for (std::uint64_t incident = 1; incident <= incidents; ++incident) {
        bench.egress->submit(action_for(incident, ActionKind::open_ticket, "rt"));
        bench.egress->submit(action_for(incident, ActionKind::open_ticket, "hook"));
    }
    REQUIRE(bench.wait_for_reports(2 * incidents));
    for (const DeliveryReported& report : bench.reports) CHECK_MESSAGE(report.delivered, report.detail);
    const auto counts = bench.tracker.tickets_by_link();
    CHECK(counts.size() == incidents);
    for (const auto& [link, count] : counts) CHECK_MESSAGE(count == 1, link);
    CHECK(bench.receiver.deliveries().size() == incidents);
    CHECK(bench.receiver.duplicates() == 2);
    CHECK(bench.receiver.violations().empty());
}

TEST_CASE("egress: a report that is refused is offered again, in order") {
    Bench bench;
    bench.refuse = 5;
    bench.egress->start();
    bench.egress->submit(action_for(1, ActionKind::open_ticket, "rt"));
    REQUIRE(ContractServer::wait_until([&] { return bench.tracker.tickets().size() == 1; }));
    bench.egress->submit(action_for(2, ActionKind::open_ticket, "rt"));
    REQUIRE(bench.wait_for_reports(2));
    CHECK(bench.reports[0].incident == IncidentId{1});
    CHECK(bench.reports[1].incident == IncidentId{2});
}

TEST_CASE("egress: stopping waits for what is in flight, but not for ever, and begins nothing more") {
    EgressOptions options;
    options.stop_grace = milliseconds(100);
    Bench bench(options);
    SUBCASE("nothing to do") { bench.egress->start(); }
    SUBCASE("never started") {}
    SUBCASE("a silent system, and more to do") {
        bench.tracker.faults().add(test::silence_after(), 100);
        bench.egress->start();
        for (std::uint64_t incident = 1; incident <= 8; ++incident)
            bench.egress->submit(action_for(incident, ActionKind::open_ticket, "rt"));
        REQUIRE(ContractServer::wait_until([&] { return bench.tracker.tickets().size() == 4; }));
    }
    SUBCASE("nobody takes reports any more") {
        bench.refuse = 1'000'000;
        bench.egress->start();
        bench.egress->submit(action_for(1, ActionKind::open_ticket, "hook"));
        REQUIRE(ContractServer::wait_until([&] { return bench.receiver.deliveries().size() == 1; }));
    }
    const std::size_t before = bench.tracker.request_count();
    const auto began = std::chrono::steady_clock::now();
    bench.egress->stop();
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));  // half of the silent answers' limit
    CHECK(bench.tracker.request_count() == before);
}

}  // namespace incidentd
