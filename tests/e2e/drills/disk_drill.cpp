// What could break: an alert acknowledged that the full disk did not take, a daemon that must be restarted once there
// is room again, readers that see nothing meanwhile.
#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace incidentd::test {
namespace {

// A file system of its own, unmounted with its object.
class SmallDisk {
public:
    SmallDisk(std::string place, const std::string& size) : place_(std::move(place)) {
        std::filesystem::create_directories(place_);
        mounted_ = ::mount("tmpfs", place_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
        if (!mounted_) reason_ = std::strerror(errno);
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    bool mounted() const { return mounted_; }
    const std::string& reason() const { return reason_; }
    // Takes all the room there is. In steps: one reservation that does not fit takes nothing at all, and while it tries
    // nobody else gets room.
    void fill() const {
        const int file = ::open((place_ + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        off_t size = 0;
        for (const off_t step : {off_t{1} << 20, off_t{1} << 16, off_t{1} << 12})
            while (::posix_fallocate(file, size, step) == 0) size += step;
        ::close(file);
    }
    void clear() const { std::filesystem::remove(place_ + "/filler"); }

private:
    std::string place_, reason_;
    bool mounted_ = false;
};

}  // namespace

TEST_CASE("drill: the disk fills up and is cleared") {
    DrillOptions options;
    options.extra = "journal: {segment: 1MiB}\n";
    Drill drill("disk full for 3 s under load, then cleared", options);
    Daemon& daemon = drill.daemon();
    const SmallDisk disk(daemon.state_directory(), "24m");
    if (!disk.mounted()) {
        MESSAGE("skipped: a small file system cannot be mounted here: " << disk.reason());
        return;
    }
    daemon.start();
    Load load(daemon, {});
    REQUIRE(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= 500; }));
    REQUIRE(eventually(std::chrono::seconds(20), [&] { return count_incidents(daemon) == drill_services; }));

    disk.fill();
    // The journal goes on in the room it has reserved; then nothing is acknowledged any more.
    REQUIRE(eventually(std::chrono::seconds(60), [&] { return daemon.client().get("/-/ready").status == 503; }));
    const std::size_t refused = load.refused_count();
    CHECK(eventually(std::chrono::seconds(10), [&] { return load.refused_count() > refused; }));
    const std::size_t when_full = load.acknowledged_count();
    const auto full_since = std::chrono::steady_clock::now();
    CHECK(daemon.send(json_array({alert_json({{"alertname", "x"}})})).status == 503);
    CHECK(daemon.client().get("/-/healthy").status == 200);
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() >= when_full);
    CHECK(daemon.metric("incidentd_journal_commit_failures_total") > 0);
    CHECK(count_incidents(daemon) == drill_services);
    CHECK(daemon.cli({"incidents", "show", "INC-1"}).code == 0);
    const Run refused_command = daemon.cli({"incidents", "acknowledge", "INC-1"});
    CHECK(refused_command.code == 1);
    CHECK(refused_command.err.find("journal cannot be written") != std::string::npos);
    std::this_thread::sleep_until(full_since + std::chrono::seconds(3));
    CHECK(load.acknowledged_count() == when_full);

    disk.clear();
    CHECK(daemon.wait_ready());
    CHECK(eventually(std::chrono::seconds(20), [&] { return load.acknowledged_count() >= when_full + 200; }));
    load.stop();
    drill.note(load);
    CHECK(eventually(std::chrono::seconds(30), [&] { return daemon.metric("incidentd_read_model_lag_entries") == 0; }));
    CHECK(daemon.cli({"incidents", "acknowledge", "INC-1"}).code == 0);

    // And what the disk holds is the truth: the same after a crash.
    daemon.crash();
    daemon.start();
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("drill: the database of incidents alone has no room") {
    DrillOptions options;
    options.extra = "journal: {segment: 64MiB}\n";
    Drill drill("disk full for the read model, journal has room", options);
    Daemon& daemon = drill.daemon();
    const SmallDisk disk(daemon.state_directory(), "80m");
    if (!disk.mounted()) {
        MESSAGE("skipped: a small file system cannot be mounted here: " << disk.reason());
        return;
    }
    daemon.start();
    disk.fill();
    Load load(daemon, {});
    CHECK(eventually(std::chrono::seconds(60),
                     [&] { return daemon.log().find("the read model could not be written") != std::string::npos; }));
    const std::size_t before = load.acknowledged_count();
    CHECK(eventually(std::chrono::seconds(30), [&] { return load.acknowledged_count() >= before + 500; }));
    CHECK_MESSAGE(load.refused_count() == 0, load.refusals());
    CHECK(daemon.client().get("/-/ready").status == 200);
    disk.clear();
    load.stop();
    drill.note(load);
    CHECK(eventually(std::chrono::seconds(30), [&] { return count_incidents(daemon) == drill_services; }));
    drill.check_and_report();
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
