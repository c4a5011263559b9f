// What could break: what is always red is named as the cause of an incident, while what broke for once stands in the
// incident beside it and nobody is sent there; or a stranger is named in a busy hour.
#include "correlator/association.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

const TopologySpec shop{{{"flaky", "api", "call"}, {"api", "web", "call"}, {"ledger", "web", "call"}}, {}};

struct Bench {
    Bench() { association.use(std::make_shared<const Topology>(shop)); }
    std::uint64_t at(Duration after, std::string_view entity, std::uint64_t check = 1, std::uint64_t partition = 0) {
        Onset onset;
        onset.received = onset.claimed = start + after;
        onset.source = "nagios";
        onset.entity = entity;
        onset.check = check;
        onset.severity = Severity::critical;
        onset.partition = partition;
        const Association::Placement placed = association.place(onset, IncidentId{next}, {});
        if (placed.begins) ++next;
        roots = association.rank_if_due(placed.incident);
        beside = association.rank_beside(placed.incident);
        return placed.incident.value;
    }
    // `flaky` fails each hour, something else every other time.
    void background() {
        for (int i = 0; i < 8; ++i) {
            association.close(IncidentId{at(hours(i), "flaky")});
            association.close(IncidentId{at(hours(i) + minutes(30), "x" + std::to_string(i) + "-y")});
        }
        later = hours(9);
    }

    Association association;
    std::vector<RootCandidate> roots;
    std::vector<std::pair<IncidentId, std::vector<RootCandidate>>> beside;
    std::uint64_t next = 1;
    Duration later;
};

}  // namespace

TEST_CASE("An incident whose cause fails always names what broke beside it for once, also when that comes later") {
    Bench b;
    b.background();
    const std::uint64_t usual = b.at(b.later, "flaky");
    REQUIRE(b.roots.size() == 1);
    CHECK(b.roots[0].entity == "flaky");
    CHECK(b.roots[0].reason.ends_with("it fails often, in 8 of 16 incidents before"));
    const std::uint64_t rare = b.at(b.later + seconds(60), "ledger");
    REQUIRE(rare != usual);
    CHECK(b.beside.empty());  // one alert may be noise
    CHECK(b.at(b.later + seconds(70), "ledger", 2) == rare);
    REQUIRE(b.beside.size() == 1);
    CHECK(b.beside[0].first.value == usual);
    const auto& roots = b.beside[0].second;
    REQUIRE(roots.size() == 2);
    CHECK(roots[0].entity == "ledger");
    CHECK(roots[0].percent == 90);
    CHECK_FALSE(roots[0].silent);
    CHECK(roots[0].reason == "likeliest cause of INC-" + std::to_string(rare) +
                                 ", which began 1m after this one; web depends on it and on flaky; it had not "
                                 "failed before, flaky often, in 8 of 16");
    CHECK(roots[1].entity == "flaky");
    CHECK(b.roots.front().entity == "ledger");  // of its own incident
    CHECK(b.at(b.later + seconds(80), "flaky", 2) == usual);
    CHECK(b.roots.front().entity == "ledger");  // it stays
}

TEST_CASE("Nothing from beside is named that is far off, fails as often, or began with much else") {
    Bench stranger;
    stranger.background();
    stranger.at(stranger.later, "flaky");
    stranger.at(stranger.later + seconds(60), "other-shop");
    stranger.at(stranger.later + seconds(60), "other-shop", 2);
    CHECK(stranger.beside.empty());

    Bench far;
    far.background();
    far.at(far.later, "flaky");
    far.at(far.later + minutes(20), "ledger");
    far.at(far.later + minutes(20), "ledger", 2);
    CHECK(far.beside.empty());

    Bench apart;  // of another rule or customer
    apart.background();
    apart.at(apart.later, "flaky");
    apart.at(apart.later + seconds(60), "ledger", 1, 1);
    apart.at(apart.later + seconds(70), "ledger", 2, 1);
    CHECK(apart.beside.empty());

    Bench both;
    both.background();
    for (int i = 0; i < 5; ++i) both.association.close(IncidentId{both.at(both.later + hours(i), "ledger")});
    both.at(both.later + hours(6), "flaky");
    both.at(both.later + hours(6), "ledger");
    both.at(both.later + hours(6), "ledger", 2);
    CHECK(both.beside.empty());

    Bench busy;
    busy.background();
    busy.at(busy.later, "flaky");
    for (std::size_t i = 0; i < incidents_beside_few; ++i) busy.at(busy.later, "q" + std::to_string(i) + "-z");
    busy.at(busy.later + seconds(10), "ledger");
    busy.at(busy.later + seconds(10), "ledger", 2);
    CHECK(busy.beside.empty());
}

TEST_CASE("How often an entity fails fades as other incidents come") {
    IncidentHabit habit;
    HabitCount count;
    for (int i = 0; i < 40; ++i) {
        habit.incident_began();
        habit.add(count);
    }
    CHECK(habit.of(count) == 40);
    CHECK(habit.incidents() == 40);
    for (int i = 0; i < 2 * 256; ++i) habit.incident_began();
    CHECK(habit.of(count) == 10);
    CHECK(habit.incidents() < 256);
    habit.add(count);
    CHECK(habit.of(count) == 11);
}
