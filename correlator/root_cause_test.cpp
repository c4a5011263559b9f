// The ticket names the cause: a wrong name sends people to the wrong machine.
#include "correlator/root_cause.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

struct Case {
    explicit Case(const TopologySpec& spec) { estate.replace(std::make_shared<const Topology>(spec), {}); }
    Case& failed(const char* name, std::int64_t second, bool silence = false, bool changed = false) {
        all.push_back({estate.entity(name), start + seconds(second), 1, Severity::critical, silence, changed, 0, 0});
        return *this;
    }
    Case& often(std::uint32_t earlier, std::uint32_t of) {  // the last one that failed
        all.back().earlier = earlier;
        all.back().of = of;
        return *this;
    }
    std::string first() const {
        const auto roots = rank_roots(estate, all);
        return roots.empty() ? std::string("-") : roots.front().entity;
    }
    Estate estate;
    std::vector<FailedEntity> all;
};

const TopologySpec chain{{{"db", "api", "call"}, {"api", "web", "call"}, {"api", "app", "call"}}, {}};
const TopologySpec service{{{"vm1", "p1", "runs"},
                            {"vm2", "p2", "runs"},
                            {"vm3", "p3", "runs"},
                            {"p1", "shop", "member"},
                            {"p2", "shop", "member"},
                            {"p3", "shop", "member"}},
                           {}};
const TopologySpec rack{{{"sw", "h1", "net"}, {"sw", "h2", "net"}, {"sw", "h3", "net"}, {"sw", "h4", "net"}}, {}};

}  // namespace

TEST_CASE("Blame gathers at what the others depend on") {
    CHECK(Case(chain).failed("web", 0).failed("api", 5).failed("db", 40).first() == "db");
    CHECK(Case(chain).failed("web", 0).failed("app", 0).failed("api", 5).first() == "api");
    CHECK(Case(chain).failed("web", 0).first() == "web");
    CHECK(Case(chain).first() == "-");
}

TEST_CASE("A missing signal is never the cause") {
    CHECK(Case(chain).failed("api", 0).failed("db", 10, true).first() == "api");
}

TEST_CASE("Members that fail together without a cause of their own blame the whole") {
    CHECK(Case(service).failed("p1", 0).failed("p2", 1).failed("shop", 60).first() == "shop");
    CHECK(Case(service).failed("p1", 0).failed("p2", 1).failed("p3", 2).first() == "shop");
    CHECK(Case(service).failed("p1", 0).failed("vm1", 1).failed("shop", 60).first() == "vm1");
}

TEST_CASE("A group takes the blame only once it has fewer members than it needs, and says so") {
    TopologySpec two_of_three = service;
    two_of_three.needs = {{"shop", 2}};
    two_of_three.links.push_back({"shop", "web", "call"});
    Case spared(two_of_three);
    spared.estate.member_alert(spared.estate.entity("p1"), true);
    spared.failed("p1", 0).failed("shop", 60).failed("web", 61);
    CHECK(spared.first() == "shop");
    CHECK(rank_roots(spared.estate, spared.all).front().reason.find("lives on") == std::string::npos);
    Case unlike(service);  // nobody said how many it needs
    CHECK(unlike.failed("p1", 0).failed("shop", 60).first() == "p1");
    Case lost(two_of_three);
    for (const char* pod : {"p1", "p2"}) lost.estate.member_alert(lost.estate.entity(pod), true);
    lost.failed("p2", 0).failed("web", 10);
    const auto roots = rank_roots(lost.estate, lost.all);
    REQUIRE(roots.size() == 3);
    CHECK(roots[0].entity == "p2");
    CHECK(roots[2].entity == "shop");
    CHECK(roots[2].reason == "sent no alert, inferred: it lives on 1 of 3 members, needs 2");
    lost.failed("p1", 3);
    CHECK(lost.first() == "shop");
}

TEST_CASE("What depends on the cause in two ways counts once in the reason") {
    Case all(TopologySpec{{{"dns", "vm1", "infra"},
                           {"dns", "vm2", "infra"},
                           {"dns", "app", "infra"},
                           {"vm1", "app", "runs"},
                           {"vm2", "app", "runs"}},
                          {}});
    all.failed("app", 0).failed("dns", 5);
    const auto roots = rank_roots(all.estate, all.all);
    REQUIRE_FALSE(roots.empty());
    CHECK(roots[0].entity == "dns");
    CHECK(roots[0].reason.find("1 of 1 other failed entities depend on it") == 0);
}

TEST_CASE("A silent entity is named when enough of what depends on it failed, with the numbers") {
    Case all(rack);
    all.failed("h1", 0).failed("h2", 1).failed("h3", 2).failed("h4", 3);
    const auto roots = rank_roots(all.estate, all.all);
    REQUIRE_FALSE(roots.empty());
    CHECK(roots[0].entity == "sw");
    CHECK(roots[0].silent);
    CHECK(roots[0].reason == "sent no alert, inferred: 4 of 4 next to it failed");
    CHECK(Case(rack).failed("h1", 0).failed("h2", 1).first() != "sw");
}

TEST_CASE("A change weighs, and circles end") {
    CHECK(Case(chain).failed("web", 0, false, true).failed("app", 0).first() == "web");
    const TopologySpec circle{{{"a", "b", "x"}, {"b", "c", "x"}, {"c", "a", "x"}}, {}};
    CHECK(Case(circle).failed("a", 0).failed("b", 0).failed("c", 0).first() == "a");
}

// Could break: the one thing that is always red is blamed for everything that depends on it.
TEST_CASE("What fails in every tenth incident takes little blame from what fails seldom, and says so") {
    CHECK(Case(chain).failed("db", 0).failed("api", 0).often(1, 40).first() == "db");
    Case all(chain);
    all.failed("db", 0).often(8, 40).failed("api", 0).often(4, 40).failed("web", 0).often(4, 40).failed("app", 0);
    const auto roots = rank_roots(all.estate, all.all);
    REQUIRE(roots.size() >= 2);
    CHECK(roots[0].entity == "api");
    CHECK(roots[1].entity == "db");
    CHECK(roots[1].reason.ends_with("; it fails often, in 8 of 40 incidents before"));
    all.all[1].earlier = 5;  // nearly as often
    CHECK(all.first() == "db");
    all.all[0].of = 400;  // one in fifty
    all.all[1].earlier = 0;
    CHECK(all.first() == "db");
}

TEST_CASE("Many poor explanations do not take the blame from the one that failed long before them") {
    Case all(
        TopologySpec{{{"a", "web", "call"}, {"b", "web", "call"}, {"c", "web", "call"}, {"d", "web", "call"}}, {}});
    all.failed("web", 0);
    all.all.back().checks = 2;
    for (const char* name : {"a", "b", "c", "d"}) all.failed(name, 240);
    CHECK(all.first() == "web");
}

TEST_CASE("Where fewer than three are to blame, what is silent next to them is named last") {
    Case all(chain);
    all.failed("api", 0);
    const auto roots = rank_roots(all.estate, all.all);
    REQUIRE(roots.size() == 2);
    CHECK(roots[0].entity == "api");
    CHECK(roots[1] == RootCandidate{"db", 0, true, "sent no alert; api, which failed, depends on it"});
    Case member(service);
    member.failed("p1", 0);
    const auto two = rank_roots(member.estate, member.all);
    REQUIRE(two.size() == 3);
    CHECK(two[1] == RootCandidate{"vm1", 0, true, "sent no alert; p1, which failed, depends on it"});
    CHECK(two[2] == RootCandidate{"shop", 0, true, "sent no alert; p1, which failed, is a part of it"});
    CHECK(rank_roots(all.estate, all.failed("web", 0).failed("app", 0).all).size() == 3);
}
