// What could break: links proposed for storms, for the clock or for chance, links that are known, and a link that is
// missing and never proposed.
#include "daemon/replay/suggest_links.hpp"
#include "rules/rules.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

struct Stream {
    void at(Duration after, std::string_view entity) { onsets.emplace_back(start + after, entity); }
    // Irregular: no period has most of them.
    static Duration odd(int i) { return minutes(187) * i + minutes(i * i % 53); }
    void hidden(std::string_view upper, std::string_view lower, int cases) {
        for (int i = 0; i < cases; ++i) {
            at(odd(i), upper);
            at(odd(i) + seconds(40), lower);
        }
    }
    void noise() {
        std::uint32_t random = 7;
        for (int i = 0; i < 3'000; ++i) {
            random = random * 1'103'515'245U + 12'345U;
            at(minutes(i) + seconds(random % 60), "noisy" + std::to_string((random >> 8U) % 40));
        }
    }
    std::vector<LinkSuggestion> mine(TopologySpec spec = {}) {
        std::stable_sort(onsets.begin(), onsets.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        LinkMiner miner(minutes(5));
        for (const auto& [when, entity] : onsets) miner.onset(entity, {}, when);
        const std::vector<std::shared_ptr<const Topology>> known{std::make_shared<const Topology>(spec)};
        return miner.suggestions(10, known);
    }
    std::vector<std::pair<Instant, std::string>> onsets;
};

}  // namespace

TEST_CASE("A dependency that nobody drew is proposed, with its cases, as a file that can be used") {
    Stream s;
    s.hidden("Storage-2:9100", "it's db7", 15);
    s.noise();
    const auto found = s.mine();
    REQUIRE(found.size() == 1);
    CHECK(found[0].upper == "Storage-2:9100");
    CHECK(found[0].lower == "it's db7");
    CHECK(found[0].cases == 15);
    CHECK(found[0].of_lower == 15);
    CHECK(found[0].of_upper == 15);
    CHECK(found[0].lift > 10);
    CHECK(found[0].attributable > 0.6);
    REQUIRE(found[0].examples.size() == 3);
    CHECK(found[0].examples[0] == start + seconds(40));
    CHECK(found[0].latest == start + Stream::odd(14) + seconds(40));
    RuleBundle bundle;
    bundle.files.emplace_back("suggested.yaml", found[0].yaml);
    Problems problems;
    const auto rules = compile(bundle, problems);
    REQUIRE_MESSAGE(rules != nullptr, problems.text());
    const auto lower = rules->topology->find("it's db7");
    REQUIRE(lower.has_value());
    CHECK(rules->topology->name(rules->topology->uppers(*lower).front().to) == "Storage-2:9100");
}

TEST_CASE("What the topology explains is not proposed: a link, a way through one, one that both need") {
    Stream s;
    s.hidden("storage2", "db7", 15);
    CHECK(s.mine().size() == 1);
    CHECK(s.mine({{{"storage2", "db7", "power"}}, {}}).empty());
    CHECK(s.mine({{{"db7", "storage2", "power"}}, {}}).empty());
    CHECK(s.mine({{{"storage2", "vm", "runs"}, {"vm", "db7", "runs"}}, {}}).empty());
    CHECK(s.mine({{{"pdu", "storage2", "power"}, {"pdu", "db7", "power"}}, {}}).empty());
    TopologySpec hub{{{"dc", "storage2", "power"}, {"dc", "db7", "power"}}, {}};
    for (int i = 0; i < 20; ++i) hub.links.push_back({"dc", "h" + std::to_string(i), "power"});
    CHECK(s.mine(hub).size() == 1);  // when a data centre fails, more than these two do
}

TEST_CASE("Jobs that run by the clock do not depend on each other") {
    for (const Duration period : {minutes(60), minutes(90), hours(24)}) {
        Stream s;
        for (int i = 0; i < 20; ++i) {
            s.at(period * i + seconds(i % 7), "backup1");
            s.at(period * i + seconds(40 + i % 5), "report2");
        }
        CHECK(s.mine().empty());
    }
}

TEST_CASE("Two in one storm, or in one storm after the other, say nothing of a link") {
    Stream single;
    for (int i = 0; i < 400; ++i) single.at(milliseconds(i * 500), "h" + std::to_string(i % 100));
    CHECK(single.mine().empty());
    Stream many;
    for (int storm = 0; storm < 15; ++storm)
        for (int i = 0; i < 30; ++i)
            many.at(Stream::odd(storm) + seconds((i * 7 + storm * 11) % 30), "h" + std::to_string((i + storm) % 30));
    CHECK(many.mine().empty());
    Stream flapping;  // one outage in which two come and go for an hour
    for (int i = 0; i < 12; ++i) {
        flapping.at(minutes(i * 5), "a");
        flapping.at(minutes(i * 5) + seconds(20), "b");
    }
    CHECK(flapping.mine().empty());
}

TEST_CASE("What fails all the time is near everything, by chance") {
    Stream s;
    for (int i = 0; i < 2'000; ++i) s.at(minutes(i * 2), "noisy");
    for (int i = 0; i < 15; ++i) s.at(Stream::odd(i), "db7");
    CHECK(s.mine().empty());
}

// Among a million pairs some come together seven times; of most of their failures they do not.
TEST_CASE("What fails mostly without the other is not proposed") {
    Stream s;
    s.hidden("storage2", "db7", 8);
    CHECK(s.mine().size() == 1);
    for (int i = 8; i < 50; ++i) s.at(Stream::odd(i), "storage2");
    CHECK(s.mine().empty());
}

TEST_CASE("In a busy estate a link is still seen, until too much happens at once; how much that was is counted") {
    Stream s;
    s.hidden("storage2", "db7", 15);
    LinkMiner miner(minutes(5));
    std::uint32_t random = 7;
    for (int i = 0; i < 15 * 187 * 2; ++i) {
        random = random * 1'103'515'245U + 12'345U;
        s.at(seconds(30) * i, "busy" + std::to_string((random >> 8U) % 300));
    }
    CHECK(s.mine().size() == 1);
    for (int i = 0; i < 200; ++i) miner.onset("h" + std::to_string(i), {}, start + seconds(i));
    CHECK(miner.suggestions(10, {}).empty());
    CHECK(miner.judged() == 200);
    CHECK(miner.crowded() == 200);
}

TEST_CASE("Of a chain the near links are proposed, and of two directions the one that comes first") {
    Stream s;
    for (int i = 0; i < 15; ++i) {
        s.at(Stream::odd(i), "storage2");
        s.at(Stream::odd(i) + seconds(20), "db7");
        s.at(Stream::odd(i) + seconds(40), "shop");
    }
    const auto known = s.mine({{{"db7", "shop", "call"}}, {}});
    REQUIRE(known.size() == 1);
    CHECK(known[0].upper + known[0].lower == "storage2db7");
    CHECK(s.mine().size() == 2);
}

TEST_CASE("Nothing is proposed across two environments, and memory is bounded") {
    LinkMiner apart(minutes(5));
    const LabelView test{"env", "test"}, production{"env", "production"};
    for (int i = 0; i < 15; ++i) {
        apart.onset("a", Environment(LabelsView(&test, 1)), start + Stream::odd(i));
        apart.onset("b", Environment(LabelsView(&production, 1)), start + Stream::odd(i) + seconds(9));
    }
    CHECK(apart.suggestions(10, {}).empty());
    LinkMiner large(minutes(5));
    for (int i = 0; i < 300'000; ++i) large.onset("e" + std::to_string(i), {}, start + seconds(40) * i);
    CHECK(large.pairs() <= LinkMiner::pairs_max);
}
