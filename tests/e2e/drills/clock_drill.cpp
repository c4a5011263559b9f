// What could break: alerts that end at once, deliveries that wait for hours, time that runs backwards in the journal,
// when somebody sets the clock. Debian's libfaketime sets it for the daemon alone.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace incidentd::test {
namespace {

constexpr const char* faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

std::string path_of_faketime() {
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib"))
        if (const auto file = entry.path() / "faketime/libfaketime.so.1"; std::filesystem::exists(file))
            return file.string();
    return faketime;
}

// The daemon's wall clock is off by what the file says, at once when it is written.
class Clock {
public:
    Clock() { step("+0"); }
    void step(const std::string& offset) const { directory_.write("offset", offset + "\n"); }
    std::map<std::string, std::string> environment() const {
        return {{"LD_PRELOAD", path_of_faketime()},
                {"FAKETIME_TIMESTAMP_FILE", directory_.file("offset")},
                {"FAKETIME_NO_CACHE", "1"},
                {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
    }

private:
    TempDirectory directory_;
};

// Steps under load and with a ticket system that makes every tenth opening wait.
void drill_steps(Drill& drill, const Clock& clock, const std::vector<std::string>& offsets) {
    Daemon& daemon = drill.daemon();
    drill.tracker().faults().add(error_before(), 5);
    daemon.start();
    Load load(daemon, {});
    for (const std::string& offset : offsets) {
        const std::size_t before = load.acknowledged_count();
        REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= before + 500; }));
        drill.tracker().faults().add(error_before(), 5);
        clock.step(offset);
    }
    const std::size_t before = load.acknowledged_count();
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= before + 500; }));
    load.stop();
    CHECK_MESSAGE(load.refused_count() == 0, load.refusals());
    drill.note(load);
}

}  // namespace

TEST_CASE("drill: the clock steps backwards") {
    REQUIRE(std::filesystem::exists(path_of_faketime()));
    const Clock clock;
    DrillOptions options;
    options.environment = clock.environment();
    Drill drill("clock set back by 1 h, by 1 day, under load", options);
    drill_steps(drill, clock, {"-1h", "-25h"});
    drill.check_and_report();
    // Also over a restart, where the journal's last entry is a day ahead of the clock.
    drill.daemon().crash();
    drill.daemon().start();
    Load::Options later;
    later.first = 1'000'000;
    later.most = 500;
    Load load(drill.daemon(), later);
    CHECK(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    load.stop();
    const std::set<std::string> active = active_hosts(drill.daemon());
    for (const std::string& host : load.acknowledged()) CHECK_MESSAGE(active.contains(host), host);
    CHECK(drill.daemon().stop().code == 0);
}

TEST_CASE("drill: the clock steps forwards and back") {
    const Clock clock;
    DrillOptions options;
    options.environment = clock.environment();
    // What a source promised to refresh within five minutes ends when an hour passes at once: here nothing may.
    options.source_extra = ", resolve_timeout: 1d";
    Drill drill("clock set forwards by 1 h and back, under load", options);
    drill_steps(drill, clock, {"+1h", "+0", "+2h", "-1h"});
    drill.check_and_report();
    CHECK(drill.daemon().stop().code == 0);
}

}  // namespace incidentd::test
