// What could break: a start from a snapshot that knows less than the journal did, a damaged snapshot that stops the
// start, segments removed that were still needed, incidents missing from the database.
#include "tests/e2e/daemon.hpp"
#include "tests/support/contract_server.hpp"

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
    CHECK(active(daemon) == before);
    CHECK(eventually(std::chrono::seconds(60), [&] {
        return last_start(daemon).find("takes over the state") != std::string::npos &&
               count_incidents(daemon, "open") == 20;
    }));
}

TEST_CASE("kill -9 behind a snapshot that knows more than the database: all is as if nothing had happened") {
    const auto resolve_some = [](Daemon& daemon) {
        std::vector<std::string> alerts;
        for (int serial = 0; serial < 60; ++serial)
            alerts.push_back(alert_json({{"alertname", "Down"},
                                         {"host", "h" + std::to_string(serial)},
                                         {"service", "s" + std::to_string(serial % 20)}},
                                        "", "2020-01-01T00:00:00Z"));
        REQUIRE(daemon.send(json_array(alerts)).status == 200);
    };
    // What a person sees of each incident; times, and what else differs from run to run, left out.
    const auto shown = [](const Daemon& daemon) {
        const Json list = daemon.cli_json({"incidents", "list", "--most", "1000"});
        std::set<std::string> found;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string id = list.text("/" + std::to_string(i) + "/id");
            const Json one = daemon.cli_json({"incidents", "show", id});
            std::string text = id + " " + one.text("/title") + " " + one.text("/state");
            for (const char* field : {"/alerts_total", "/alerts_firing", "/messages_total", "/deliveries/0/revision"})
                text += " " + std::to_string(one.number(field));
            for (std::size_t j = 0; j < one.size("/alerts"); ++j) {
                const std::string at = "/alerts/" + std::to_string(j);
                text += "\n" + one.text(at + "/fingerprint") + (one.boolean(at + "/firing") ? " firing " : " over ") +
                        std::to_string(one.number(at + "/count"));
            }
            for (std::size_t j = 0; j < one.size("/timeline"); ++j) {
                const std::string at = "/timeline/" + std::to_string(j);
                if (one.text(at + "/kind") != "delivered") text += "\n" + one.text(at + "/text");
            }
            found.insert(text);
        }
        return found;
    };
    const auto settled = [](const Daemon& daemon, StrictRequestTracker& tracker) {
        return eventually(std::chrono::seconds(100), [&] {
            const auto tickets = tracker.tickets_by_link();
            return tickets.size() == 20 && daemon.metric("incidentd_deliveries_waiting") == 0 &&
                   daemon.metric("incidentd_read_model_lag_entries") == 0;
        });
    };
    const TempDirectory secrets;
    const auto setup_for = [&](StrictRequestTracker& tracker) {
        DaemonSetup setup = small_journal("keep: 1d");
        setup.sinks = "rt: {type: request_tracker, url: '" + tracker.url() + "', queue: General, token: {file: '" +
                      secrets.write("token", "secret") + "'}, retry: {first: 100ms, most: 1s}}\n";
        setup.extra += "external_url: https://incidentd.example\n";
        return setup;
    };
    StrictRequestTracker quiet_tracker("secret"), tracker("secret");
    Daemon quiet(setup_for(quiet_tracker)), daemon(setup_for(tracker));
    for (Daemon* one : {&quiet, &daemon}) {
        one->start();
        send_some(*one, 0, 400);
        CHECK(one->stop().code == 0);
    }
    const std::string database = daemon.state_directory() + "/incidents.sqlite";
    fs::copy_file(database, database + ".kept");
    for (Daemon* one : {&quiet, &daemon}) {
        one->start();
        send_some(*one, 400, 800);
    }
    REQUIRE(wait_newer_snapshot(daemon));
    for (Daemon* one : {&quiet, &daemon}) {
        send_some(*one, 1200, 100);
        resolve_some(*one);
    }
    daemon.crash();
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(database + suffix);
    fs::rename(database + ".kept", database);
    daemon.start();
    CHECK(last_start(daemon).find("snapshot loaded") != std::string::npos);
    CHECK(last_start(daemon).find("the read model is behind") != std::string::npos);
    send_some(daemon, 1300, 50);
    send_some(quiet, 1300, 50);
    REQUIRE(settled(daemon, tracker));
    REQUIRE(settled(quiet, quiet_tracker));
    CHECK(last_start(daemon).find("has caught up") != std::string::npos);
    CHECK(last_start(daemon).find("takes over the state") == std::string::npos);
    const std::set<std::string> expected = shown(quiet);
    CHECK(expected.size() == 20);
    CHECK(shown(daemon) == expected);
    CHECK(active(daemon).size() == active(quiet).size());
    for (StrictRequestTracker* one : {&quiet_tracker, &tracker}) {
        CHECK(one->tickets().size() == 20);
        CHECK(one->violations().empty());
    }
    for (Daemon* one : {&quiet, &daemon}) CHECK(one->stop().code == 0);
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
