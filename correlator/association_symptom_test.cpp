// One outage in a hundred tickets: what fails late or again below it must not open for itself, and what merely happens
// near it must.
#include "correlator/association.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

// A power unit with twenty hosts, and a machine on one of them. Twelve hosts fail with the unit.
struct Outage {
    Outage() {
        TopologySpec spec;
        for (int i = 0; i < 20; ++i) spec.links.push_back({"pdu1", host(i), "power"});
        spec.links.push_back({host(1), "vm1", "runs"});
        association.use(std::make_shared<const Topology>(spec));
        incident = at(seconds(0), "pdu1", 1);
        for (int i = 0; i < 12; ++i) CHECK(at(seconds(10), host(i), 2) == incident);
    }
    static std::string host(int i) { return "h" + std::to_string(i); }

    IncidentId at(Duration after, std::string_view entity, std::uint64_t check, Severity severity = Severity::critical,
                  std::uint64_t partition = 0) {
        Onset onset;
        onset.received = onset.claimed = start + after;
        onset.source = "nagios";
        onset.entity = entity;
        onset.check = check;
        onset.severity = severity;
        onset.partition = partition;
        last = association.place(onset, IncidentId{next}, {});
        if (last.begins) ++next;
        return last.incident;
    }
    std::optional<Association::Symptom> symptom() const { return association.symptom(last.incident); }

    Association association;
    Association::Placement last;
    IncidentId incident;
    std::uint64_t next = 1;
};

}  // namespace

TEST_CASE("A check alone below an outage that goes on, and that has the same check, is a symptom of it") {
    Outage b;
    b.at(minutes(40), "h15", 2);
    REQUIRE(b.last.begins);
    CHECK(b.last.symptom_of == b.incident);
    REQUIRE(b.symptom());
    CHECK(
        b.symptom()->because ==
        "pdu1, which it depends on, fails in it, in which the same check fires 12 times; nothing else failed with it");
    b.association.attach(b.last.incident, b.incident);
    CHECK_FALSE(b.association.owns(b.last.incident));
    CHECK(b.at(minutes(40) + seconds(5), "h15", 9) == b.incident);  // it is a part of the outage now
}

TEST_CASE("No symptom: another check, a second one, no link, or an outage that is over") {
    Outage b;
    b.at(minutes(40), "h15", 3);
    CHECK_FALSE(b.symptom());
    b.at(minutes(80), "h16", 2);
    CHECK(b.symptom());
    b.at(minutes(80) + seconds(5), "h16", 4);
    CHECK_FALSE(b.last.begins);
    CHECK_FALSE(b.symptom());
    b.at(minutes(120), "elsewhere", 2);
    CHECK_FALSE(b.symptom());
    b.at(minutes(130), "h18", 2, Severity::critical, 1);  // of another rule or customer
    CHECK_FALSE(b.symptom());

    b.at(minutes(160), "h17", 2);
    CHECK(b.symptom());
    b.association.stopped(b.incident, "pdu1", 1);  // the unit is well again; most of its hosts are not
    REQUIRE(b.symptom());
    CHECK(b.symptom()->because.starts_with("12 of the 20 that depend on pdu1 fail in it"));
    for (int i = 0; i < 3; ++i) b.association.stopped(b.incident, Outage::host(i), 2);
    CHECK_FALSE(b.symptom());  // nine of twenty
    b.association.fires_again(b.incident, Outage::host(0), 2);
    CHECK(b.symptom());
    const std::size_t known = b.association.estate().size();
    for (int i = 0; i < 20; ++i) b.association.stopped(b.incident, "renamed meanwhile", 2);
    CHECK(b.association.estate().size() == known);
    CHECK(b.symptom());
}

TEST_CASE("What fails again is a symptom while other checks of it fail in the outage") {
    Outage b;
    b.at(seconds(20), "h3", 7);
    b.association.stopped(b.incident, "pdu1", 1);
    for (int i = 4; i < 12; ++i) b.association.stopped(b.incident, Outage::host(i), 2);
    b.at(minutes(40), "h3", 2);
    REQUIRE(b.last.begins);
    REQUIRE(b.symptom());
    CHECK(b.symptom()->because.starts_with("other checks of h3 fire in it, in which the same check fires 4 times"));
    b.association.stopped(b.incident, "h3", 7);
    b.association.stopped(b.incident, "h3", 2);
    CHECK_FALSE(b.symptom());
}

TEST_CASE("What ended alone tells the habit of its check; what is still on, had company or is news does not") {
    Outage b;
    const auto lone = [&b](int hour, std::uint64_t check, Severity severity) {
        const std::string name = "lone" + std::to_string(hour);
        const IncidentId incident = b.at(hours(hour), name, check, severity);
        for (const int second : {100, 200}) b.at(hours(hour) + seconds(second), name, check, severity);  // once more
        return incident;
    };
    const auto habit = [&b](std::uint64_t check) { return b.association.habits().usually_alone(check); };
    for (const char* name : {"atlas", "borea", "ceres", "dione"}) b.at(minutes(90), name, 5, Severity::warning);
    CHECK(habit(5) == nullptr);
    std::vector<IncidentId> begun;
    for (int i = 2; i <= 5; ++i) begun.push_back(lone(i, 5, Severity::warning));
    CHECK(habit(5) == nullptr);
    for (int i = 0; i < 3; ++i) b.association.close(begun[static_cast<std::size_t>(i)]);
    REQUIRE(habit(5) != nullptr);
    CHECK(habit(5)->alone == 3);
    CHECK(habit(5)->company == 0);
    b.at(hours(5) + seconds(210), "lone5", 8, Severity::warning);  // another check joins the fourth
    CHECK_FALSE(b.last.begins);
    b.association.close(begun[3]);
    CHECK(habit(5)->alone == 3);
    CHECK(habit(5)->company == 1);
    for (int i = 20; i < 24; ++i) b.association.close(lone(i, 6, Severity::info));
    CHECK(habit(6) == nullptr);
    const IncidentId pending = lone(30, 5, Severity::warning);
    LearnSettings off;
    off.habits = false;
    b.association.set_learning(off);
    b.association.close(pending);
    for (int i = 40; i < 44; ++i) b.association.close(lone(i, 5, Severity::warning));
    CHECK(habit(5) == nullptr);
}
