// What could break: chance, the clock or a storm taken for a rule of how things fail; a real one missed.
#include "correlator/co_occurrence.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};
constexpr std::uint64_t link_down = 11, disk = 22, noise = 33;

struct Stream {
    void onset(Duration after, std::uint64_t check, std::string_view name, std::string_view cluster = {}) {
        RecentOnset one;
        one.received = one.at = start + after;
        one.scale = seconds(60);
        one.check = check;
        one.entity = next_entity++;
        const LabelView label{"cluster", cluster};
        one.environment = Environment(LabelsView(&label, cluster.empty() ? 0 : 1));
        pairs.observe(one, name, recent, {});
        recent.add(one);
        now = one.received;
    }
    // Cases at odd times, so that no clock explains them.
    void cases(int count, std::string_view other_cluster = {}) {
        for (int i = 0; i < count; ++i) {
            const Duration at = minutes(187) * i;
            onset(at, link_down, "LinkDown", other_cluster.empty() ? "" : "prod");
            onset(at + seconds(20), disk, "Disk", other_cluster);
        }
    }
    CoOccurrence::Known known() const { return pairs.known(link_down, disk, Reach::apart, now); }

    CoOccurrence pairs;
    RecentOnsets recent;
    Estate::Entity next_entity = 1;
    Instant now;
};

}  // namespace

TEST_CASE("A check that follows another one, again and again, is learned, and is told with its figures") {
    Stream s;
    s.cases(12);
    CHECK(s.known().attributable > 0.6);
    CHECK(s.known().near == doctest::Approx(12).epsilon(0.05));
    const auto pairs = s.pairs.pairs(10, s.now);
    REQUIRE(pairs.size() == 1);
    CHECK(pairs[0].first == "LinkDown");
    CHECK(pairs[0].then == "Disk");
    CHECK(pairs[0].lift > 10);
    CHECK(s.pairs.known(disk, link_down, Reach::apart, s.now).attributable == 0);
}

TEST_CASE("A few coincidences are no evidence") {
    Stream s;
    s.cases(4);
    CHECK(s.known().attributable == 0);
    CHECK(s.pairs.pairs(10, s.now).empty());
}

TEST_CASE("What merely happens often is found in the control as well") {
    Stream s;
    for (int i = 0; i < 400; ++i) {
        s.onset(seconds(50) * i, noise, "Noise");
        if (i % 7 == 0) s.onset(seconds(50) * i + seconds(1), disk, "Disk");
    }
    CHECK(s.pairs.known(noise, disk, Reach::apart, s.now).attributable == 0);
}

TEST_CASE("Two jobs that run at the same minute of the hour do not explain one another") {
    Stream s;
    for (int hour = 0; hour < 24; ++hour) {
        s.onset(minutes(60) * hour + seconds(5), link_down, "LinkDown");
        s.onset(minutes(60) * hour + seconds(25), disk, "Disk");
    }
    CHECK(s.known().attributable == 0);
    const auto all = s.pairs.pairs(10, s.now, true);
    REQUIRE(!all.empty());
    CHECK(all[0].is_periodic);
    CHECK(s.pairs.pairs(10, s.now).empty());
}

TEST_CASE("Nothing is learned across two environments") {
    Stream s;
    s.cases(12, "test");
    CHECK(s.known().attributable == 0);
}

TEST_CASE("In a storm everything is near everything: it teaches nothing") {
    Stream s;
    std::uint32_t random = 1;
    for (int storm = 0; storm < 10; ++storm)
        for (int i = 0; i < 200; ++i) {
            random = random * 1'103'515'245U + 12'345U;
            s.onset(minutes(187) * storm + Duration{i * 20}, 1000U + (random >> 8) % 2'000, "Check");
        }
    CHECK(s.pairs.pairs(10, s.now).empty());
}

TEST_CASE("What is not seen any more fades") {
    Stream s;
    s.cases(12);
    s.now = s.now + half_life * 2;
    CHECK(s.known().near == doctest::Approx(3).epsilon(0.05));
    CHECK(s.known().attributable == 0);
}
