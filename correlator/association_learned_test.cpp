// What could break: learned evidence that puts strangers together, speaks against the topology, or cannot be checked.
#include "correlator/association.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <string>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

struct Bench {
    std::uint64_t at(Duration after, std::string_view entity, std::string_view check, std::string_view title,
                     std::initializer_list<LabelView> labels = {}) {
        Onset onset;
        onset.received = onset.claimed = start + after;
        onset.source = "nagios";
        onset.entity = entity;
        onset.check = std::hash<std::string_view>{}(check) | 1U;
        onset.check_name = check;
        onset.title = title;
        onset.labels = LabelsView(labels.begin(), labels.size());
        onset.severity = Severity::critical;
        last = association.place(onset, IncidentId{next}, {});
        if (last.begins) ++next;
        return last.incident.value;
    }
    // Alerts of everything, far apart in time, so that words have their weights.
    void background() {
        for (int i = 0; i < 60; ++i)
            at(minutes(60) * i, "x" + std::to_string(i) + "-y-z", "PING", "PING CRITICAL - Packet loss = 100%");
        later = minutes(60) * 60;
    }

    Association association;
    Association::Placement last;
    std::uint64_t next = 1;
    Duration later;
};

}  // namespace

TEST_CASE("Alerts that read alike join without any topology, with the share of their words") {
    Bench b;
    b.background();
    const std::uint64_t first =
        b.at(b.later, "ledger-db1", "lag", "Replication lag of ledger is 17 s", {{"team", "ledger"}});
    CHECK(b.last.begins);
    CHECK(b.at(b.later + seconds(20), "ledger-db2", "lag", "Replication lag of ledger is 95 s", {{"team", "ledger"}}) ==
          first);
    CHECK(b.last.because.starts_with("it reads like the alert of ledger-db1 20s before ("));
    CHECK(b.at(b.later + seconds(30), "far-web7", "PING", "PING CRITICAL - Packet loss = 80%") != first);
}

TEST_CASE("Nothing joins across environments, nor what the topology knows to be apart") {
    const std::string_view title = "Replication lag of ledger is 17 s";
    Bench b;
    const std::uint64_t first = b.at(seconds(0), "ledger-db1", "lag", title, {{"env", "test"}});
    CHECK(b.at(seconds(20), "ledger-db2", "lag", title, {{"env", "production"}}) != first);
    Bench known;
    known.association.use(std::make_shared<const Topology>(
        TopologySpec{{{"sw1", "ledger-db1", "net"}, {"sw2", "ledger-db2", "net"}}, {}}));
    const std::uint64_t one = known.at(seconds(0), "ledger-db1", "lag", title);
    CHECK(known.at(seconds(20), "ledger-db2", "lag", title) != one);
}

TEST_CASE("Three that are named alike fail together: whatever they have in common is inferred") {
    Bench b;
    b.background();
    const std::uint64_t first = b.at(b.later, "dc7-r02-h01", "SSH", "SSH timeout");
    const std::uint64_t second = b.at(b.later + seconds(9), "dc7-r02-h07", "Disk", "Could not connect");
    CHECK(second != first);
    const std::uint64_t third = b.at(b.later + seconds(19), "dc7-r02-h09", "Load", "No answer");
    CHECK((third == first || third == second));
    CHECK(b.last.because.starts_with("3 that are named alike failed together, dc7-r02-h0"));
}

TEST_CASE("What was learned to follow another check joins it, with the cases") {
    Bench b;
    for (int i = 0; i < 30; ++i) {
        const Duration at = minutes(187) * i;
        const std::string n = std::to_string(i);
        b.at(at, "link" + n, "LinkDown", "a link is down");
        b.at(at + seconds(20), "queue" + n, "QueueGrows", "messages pile up");
    }
    CHECK_FALSE(b.last.begins);
    CHECK(b.last.because.starts_with("QueueGrows follows LinkDown in 2"));
    Bench off;
    off.association.set_learning({false, false, false, false, false});
    for (int i = 0; i < 30; ++i) {
        const std::string n = std::to_string(i);
        off.at(minutes(187) * i, "link" + n, "LinkDown", "a link is down");
        off.at(minutes(187) * i + seconds(20), "queue" + n, "QueueGrows", "messages pile up");
    }
    CHECK(off.last.begins);
}
