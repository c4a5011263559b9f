// What could break: a dead ticket system that every incident hammers or that never gets its tickets, a second ticket
// for work that was done after we had given up waiting.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

std::size_t send_some(Drill& drill) {
    Load::Options options;
    options.most = 500;
    Load load(drill.daemon(), options);
    CHECK(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    load.stop();
    drill.note(load);
    return load.acknowledged_count();
}

}  // namespace

TEST_CASE("drill: the ticket system is away, then there") {
    DrillOptions options;
    options.absent_tracker_port = free_port();
    Drill drill("ticket system away for 6 s, then there", options);
    Daemon& daemon = drill.daemon();
    daemon.start();
    send_some(drill);
    const std::string breaker = R"(incidentd_sink_breaker_state{sink="rt"})";
    CHECK(eventually(std::chrono::seconds(10), [&] { return daemon.metric(breaker) == 2; }));
    std::this_thread::sleep_for(std::chrono::seconds(6));
    // One probe in half a second or a second, not one attempt of each of the 50 incidents.
    const double attempts = daemon.metric(R"(incidentd_deliveries_total{result="retried",sink="rt"})");
    CHECK(attempts >= 5);
    CHECK(attempts <= 40);
    CHECK(daemon.log().find("the sink does not work") != std::string::npos);
    drill.start_tracker();
    drill.check_and_report();
    CHECK(daemon.metric(breaker) == 0);
    CHECK(daemon.log().find("the sink works again") != std::string::npos);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("drill: the ticket system does the work and answers after we gave up waiting") {
    DrillOptions options;
    options.sink_extra = ", timeout: 1s, breaker: 0";
    Drill drill("ticket system answers after the time-out", options);
    Fault late{{}, true};
    late.answer.status = 201;
    late.answer.body = R"({"type":"ticket","id":"1"})";
    late.answer.delay = milliseconds(2500);
    drill.tracker().faults().add(late, 20);
    drill.daemon().start();
    send_some(drill);
    drill.check_and_report();
    CHECK(drill.daemon().stop().code == 0);
}

}  // namespace incidentd::test
