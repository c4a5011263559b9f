// What could break: an alert that was acknowledged and is gone after kill -9, a second ticket after a restart, a daemon
// that loses its senders' requests while it stands still.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <random>

namespace incidentd::test {

TEST_CASE("drill: kill -9 under load, over and over") {
    const char* wanted = std::getenv("INCIDENTD_KILLS");
    const int kills = wanted != nullptr ? std::atoi(wanted) : 50;
    Drill drill("kill -9 under load, " + std::to_string(kills) + " times");
    Daemon& daemon = drill.daemon();
    std::mt19937 random(20261124);
    std::uniform_int_distribution<int> pause_ms(0, 200);
    daemon.start();
    int next = 0;
    for (int round = 0; round < kills; ++round) {
        CAPTURE(round);
        drill.tracker().faults().add(close_after());
        drill.tracker().faults().add(error_before());
        Load::Options options;
        options.first = next;
        options.most = 1000;
        options.ends_with_server = true;
        Load load(daemon, options);
        REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 50; }));
        std::this_thread::sleep_for(milliseconds(pause_ms(random)));
        daemon.crash();
        load.stop();
        drill.note(load);
        next = load.next();
        daemon.start();
    }
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("drill: the daemon is stopped and continued under load") {
    Drill drill("SIGSTOP and SIGCONT under load, 5 times");
    Daemon& daemon = drill.daemon();
    daemon.start();
    Load load(daemon, {});
    for (int round = 0; round < 5; ++round) {
        const std::size_t before = load.acknowledged_count();
        REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= before + 100; }));
        daemon.process().signal(SIGSTOP);
        std::this_thread::sleep_for(milliseconds(700));
        daemon.process().signal(SIGCONT);
    }
    load.stop();
    drill.note(load);
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
