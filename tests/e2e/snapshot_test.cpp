// What could break: a start from a snapshot that knows less than the journal did, a damaged snapshot that stops the
// start, segments removed that were still needed, incidents missing from the database.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace incidentd::test {
namespace {

namespace fs = std::filesystem;

DaemonSetup small_journal(std::string_view keep) {
    DaemonSetup setup;
    setup.rules = "version: 1\ncorrelate:\n  - {name: per-service, by: [service]}\n";
    setup.extra = "journal: {segment: 1MiB, snapshot_every: 1MiB, " + std::string(keep) + "}\n";
    return setup;
}

// `count` alerts with a long text each, in 20 services.
void send_some(Daemon& daemon, int first, int count) {
    const std::string text(2000, 'x');
    for (int at = first; at < first + count; at += 50) {
        std::vector<std::string> alerts;
        for (int serial = at; serial < at + 50; ++serial)
            alerts.push_back(alert_json({{"alertname", "Down"},
                                         {"host", "h" + std::to_string(serial)},
                                         {"service", "s" + std::to_string(serial % 20)}},
                                        text));
        REQUIRE(daemon.send(json_array(alerts)).status == 200);
    }
}

std::vector<fs::path> journal_files(const Daemon& daemon, std::string_view prefix) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(daemon.state_directory() + "/journal")) {
        const std::string name = entry.path().filename();
        if (name.starts_with(prefix) &&
            (name.ends_with(".snap") || name.ends_with(".log") || name.ends_with(".log.zst")))
            found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool wait_snapshots(const Daemon& daemon, std::size_t count) {
    return eventually(std::chrono::seconds(200), [&] { return journal_files(daemon, "snapshot-").size() >= count; });
}

// A snapshot through another entry than the newest one there.
bool wait_newer_snapshot(const Daemon& daemon) {
    const auto before = journal_files(daemon, "snapshot-");
    return eventually(std::chrono::seconds(200), [&] {
        const auto now = journal_files(daemon, "snapshot-");
        return !now.empty() && (before.empty() || now.back() != before.back());
    });
}

std::set<std::string> active(const Daemon& daemon) {
    const Json alerts(daemon.client().get("/api/v2/alerts").body);
    std::set<std::string> found;
    for (std::size_t i = 0; i < alerts.size(); ++i) {
        const std::string at = "/" + std::to_string(i);
        found.insert(alerts.text(at + "/labels/host") + " " + alerts.text(at + "/fingerprint") + " " +
                     alerts.text(at + "/startsAt") + " " + alerts.text(at + "/annotations/summary"));
    }
    return found;
}

// The log since the daemon began for the last time.
std::string last_start(const Daemon& daemon) {
    const std::string log = daemon.log();
    const std::size_t begin = log.rfind("incidentd starts");
    return begin == std::string::npos ? log : log.substr(begin);
}

void damage(const fs::path& file) {
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(200);
    stream.write("damaged!", 8);
}

}  // namespace

TEST_CASE("kill -9 with a snapshot in between: the start begins there and the state is the same") {
    Daemon daemon(small_journal("keep: 1d"));
    daemon.start();
    send_some(daemon, 0, 1000);
    REQUIRE(wait_snapshots(daemon, 1));
    CHECK(eventually(std::chrono::seconds(10), [&] { return daemon.metric("incidentd_snapshot_bytes") > 1e6; }));
    CHECK(daemon.metric("incidentd_snapshot_last_success_timestamp_seconds") > 1.7e9);
    CHECK(daemon.metric("incidentd_journal_bytes") > 2e6);
    CHECK(daemon.metric("incidentd_snapshot_failures_total") == 0);
    send_some(daemon, 900, 200);  // some again, some new
    const std::set<std::string> before = active(daemon);
    CHECK(before.size() == 1100);
    daemon.crash();
    daemon.start();
    CHECK(last_start(daemon).find("snapshot loaded") != std::string::npos);
    CHECK(active(daemon) == before);
    CHECK(eventually(std::chrono::seconds(30), [&] { return count_incidents(daemon) == 20; }));
    CHECK(daemon.metric("incidentd_recovery_seconds") > 0);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("a damaged newest snapshot: the one before it and the journal give the same state") {
    Daemon daemon(small_journal("keep: 1d"));
    daemon.start();
    send_some(daemon, 0, 800);
    REQUIRE(wait_snapshots(daemon, 1));
    send_some(daemon, 800, 800);
    REQUIRE(wait_newer_snapshot(daemon));
    REQUIRE(wait_snapshots(daemon, 2));
    // What two snapshots stand for is compressed; the last part of this test reads it.
    REQUIRE(eventually(std::chrono::seconds(200), [&] {
        const auto segments = journal_files(daemon, "segment-");
        return segments.front().extension() == ".zst" && segments.back().extension() == ".log";
    }));
    const std::set<std::string> before = active(daemon);
    daemon.crash();
    const fs::path newest = journal_files(daemon, "snapshot-").back();
    damage(newest);
    daemon.start();
    CHECK(last_start(daemon).find("cannot be used") != std::string::npos);
    CHECK(last_start(daemon).find("snapshot loaded") != std::string::npos);
    CHECK(fs::exists(newest.string() + ".damaged"));
    CHECK(active(daemon) == before);

    daemon.crash();
    for (const fs::path& snapshot : journal_files(daemon, "snapshot-")) damage(snapshot);
    daemon.start();
    CHECK(last_start(daemon).find("snapshot loaded") == std::string::npos);
    CHECK(active(daemon) == before);
    CHECK(eventually(std::chrono::seconds(30), [&] { return count_incidents(daemon) == 20; }));
}

TEST_CASE("old segments go, a restart works without them, and a lost database gets the state back") {
    Daemon daemon(small_journal("keep: 0s"));
    daemon.start();
    const auto first_gone = [&] {
        const auto segments = journal_files(daemon, "segment-");
        return !segments.empty() && !segments.front().filename().string().starts_with("segment-00000000000000000001.");
    };
    int sent = 0;
    for (; sent < 8000 && !first_gone(); sent += 400) {
        send_some(daemon, sent, 400);
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    REQUIRE(eventually(std::chrono::seconds(200), first_gone));
    const std::set<std::string> before = active(daemon);
    CHECK(before.size() == static_cast<std::size_t>(sent));
    daemon.crash();
    daemon.start();
    CHECK(active(daemon) == before);
    CHECK(last_start(daemon).find("takes over the state") == std::string::npos);
    daemon.crash();
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(daemon.state_directory() + "/incidents.sqlite" + suffix);
    daemon.start();
    CHECK(last_start(daemon).find("takes over the state") != std::string::npos);
    CHECK(active(daemon) == before);
    CHECK(count_incidents(daemon, "open") == 20);
}

TEST_CASE("a clean stop writes a snapshot, and the next start has nothing to replay") {
    Daemon daemon(small_journal("keep: 1d"));
    daemon.start();
    send_some(daemon, 0, 100);
    const std::set<std::string> before = active(daemon);
    CHECK(daemon.stop().code == 0);
    REQUIRE(journal_files(daemon, "snapshot-").size() == 1);
    daemon.start();
    CHECK(last_start(daemon).find("snapshot loaded") != std::string::npos);
    CHECK(active(daemon) == before);
    CHECK(daemon.stop().code == 0);
    CHECK(count_incidents(daemon) == 20);
}

}  // namespace incidentd::test
