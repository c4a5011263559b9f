// What could break: people told of an earlier incident that was another one, or not told of the one that was like this.
#include "correlator/incident_memory.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

struct Memory : IncidentMemory {
    void begin(std::uint64_t incident, std::uint64_t from, std::uint64_t to) {
        for (std::uint64_t what = from; what < to; ++what) failed(IncidentId{incident}, what * 0x9E3779B97F4A7C15ULL);
    }
    void finish(std::uint64_t incident, std::string_view root = "sw1") {
        const Instant opened = start + minutes(static_cast<std::int64_t>(incident) * 60);
        end(IncidentId{incident}, {root, opened, opened + minutes(14), 3, "12", "https://rt.example/12"});
    }
};

}  // namespace

TEST_CASE("The same things failed before: the earlier incident is found, with what ended it") {
    Memory m;
    m.begin(1, 0, 10);
    m.said(IncidentId{1}, "anna", "restarted the pool");
    m.finish(1);
    m.begin(2, 100, 110);
    m.finish(2, "db1");
    m.begin(3, 0, 9);
    const auto alike = m.like(IncidentId{3}, "");
    REQUIRE(alike.size() == 1);
    CHECK(alike[0].incident.value == 1);
    CHECK(alike[0].percent > 60);
    CHECK_FALSE(alike[0].same_cause);
    CHECK(alike[0].said_by == "anna");
    CHECK(alike[0].said == "restarted the pool");
    CHECK(alike[0].alerts == 3);
    CHECK(alike[0].ticket == "12");
    CHECK(alike[0].ticket_url == "https://rt.example/12");
    CHECK(m.like(IncidentId{3}, "sw1").front().same_cause);
    CHECK(to_string(alike[0], start + hours(74) + minutes(14)) ==
          "INC-1 (3 days ago, over after 14 minutes: anna said \"restarted the pool\")");
}

TEST_CASE("With the same root less must be alike; with another one and little in common nothing is said") {
    Memory m;
    m.begin(1, 0, 10);
    m.finish(1, "sw1");
    m.begin(2, 4, 16);
    CHECK(m.like(IncidentId{2}, "sw1").size() == 1);
    CHECK(m.like(IncidentId{2}, "sw2").empty());
}

TEST_CASE("People are told once of each") {
    Memory m;
    m.begin(5, 0, 3);
    CHECK(m.is_news(IncidentId{5}, IncidentId{1}));
    CHECK_FALSE(m.is_news(IncidentId{5}, IncidentId{1}));
    CHECK(m.is_news(IncidentId{5}, IncidentId{2}));
}

TEST_CASE("Merged incidents are remembered as one, those that never opened not at all") {
    Memory m;
    m.begin(1, 0, 5);
    m.begin(2, 5, 10);
    m.merge(IncidentId{1}, IncidentId{2});
    m.finish(1);
    m.begin(3, 50, 60);
    m.forget(IncidentId{3});
    m.finish(3);
    m.begin(4, 0, 10);
    CHECK(m.like(IncidentId{4}, "").size() == 1);
    m.begin(5, 50, 60);
    CHECK(m.like(IncidentId{5}, "").empty());
}

TEST_CASE("Of those that are just the same the last one is kept, with how many there were") {
    Memory m;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        m.begin(i, 0, 5);
        m.finish(i);
    }
    m.begin(4, 0, 5);
    const auto alike = m.like(IncidentId{4}, "sw1");
    REQUIRE(alike.size() == 1);
    CHECK(alike[0].incident.value == 3);
    CHECK(alike[0].times == 3);
    CHECK(to_string(alike[0], alike[0].ended_at + hours(1)).starts_with("INC-3, the last of 3 (60 minutes ago"));
}

TEST_CASE("The oldest make room") {
    Memory m;
    for (std::uint64_t i = 1; i <= ended_incidents_max + 1; ++i) {
        m.begin(i, i * 100, i * 100 + 5);
        m.finish(i, "root" + std::to_string(i));
    }
    m.begin(9'000, 100, 105);
    CHECK(m.like(IncidentId{9'000}, "root1").empty());
    m.begin(9'001, 200, 205);
    CHECK(m.like(IncidentId{9'001}, "root2").size() == 1);
}
