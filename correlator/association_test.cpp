// Two outages in one ticket, or one outage in ten: both come from a wrong placing of one onset.
#include "correlator/association.hpp"
#include "correlator/correlator.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

const TopologySpec rack{{{"sw1", "web1", "net"},
                         {"sw1", "web2", "net"},
                         {"sw1", "web3", "net"},
                         {"sw1", "db1", "net"},
                         {"web1", "vm1", "runs"},
                         {"vm1", "pod1", "runs"},
                         {"db1", "shop", "call"},
                         {"sw2", "far1", "net"}},
                        {{"10.0.0.1", "sw1"}}};

// Places onsets one after the other and remembers the last decision.
struct Bench {
    Bench() { association.use(std::make_shared<const Topology>(rack)); }

    std::uint64_t at(std::int64_t second, std::string_view entity, std::string_view source = "nagios",
                     std::uint64_t check = 1) {
        Onset onset;
        onset.received = onset.claimed = start + seconds(second);
        onset.source = source;
        onset.entity = entity;
        onset.check = check;
        onset.severity = Severity::critical;
        last = association.place(onset, IncidentId{next}, {});
        if (last.begins) ++next;
        return last.incident.value;
    }

    Association association;
    Association::Placement last;
    std::uint64_t next = 1;
};

}  // namespace

TEST_CASE("What depends on a failed entity joins it, under whatever name and with the reason") {
    Bench b;
    CHECK(b.at(0, "10.0.0.1") == 1);
    CHECK(b.last.begins);
    CHECK(b.at(20, "WEB1.prod.example.net") == 1);
    CHECK_FALSE(b.last.begins);
    CHECK(b.last.because == "web1 is next to sw1 (net, 1 hop), which failed 20s before");
    CHECK(b.at(30, "far1:9100") == 2);
}

// Could break: "nothing near it" said of an entity beside which something fails, for a reader the worst of reasons.
TEST_CASE("What begins says what came nearest and what it falls short of") {
    Bench b;
    b.at(0, "sw1");
    CHECK(b.last.because == "nothing near it is failing");
    b.at(700, "web1");
    CHECK(b.last.because ==
          "sw1 near it last began to fail 11m40s before, farther apart than alerts of nagios that "
          "belong together (about 3m20s)");
    b.at(1100, "web1");
    CHECK(b.last.because.starts_with("it last began to fail 6m40s before, farther apart than "));
    b.at(5000, "far1");
    b.at(5170, "sw2");
    CHECK(b.last.because.starts_with("far1 near it last began to fail 2m50s before, farther apart than "));
    Bench full;
    full.at(0, "sw1");
    Onset onset;
    onset.received = onset.claimed = start + seconds(10);
    onset.source = "nagios";
    onset.entity = "web1";
    AssociationCaps caps;
    caps.max_alerts = 1;
    CHECK(full.association.place(onset, IncidentId{2}, caps).because ==
          "what failed near it is part of an incident that takes no more");
}

TEST_CASE("Nearness is to the first alert of a neighbour: what comes later is another incident") {
    Bench b;
    CHECK(b.at(0, "sw1") == 1);
    CHECK(b.at(700, "web1") == 2);
    CHECK(b.at(710, "web1", "nagios", 2) == 2);
}

TEST_CASE("Siblings do not belong together until their parent can be inferred, then they all do") {
    Bench b;
    CHECK(b.at(0, "web1") == 1);
    CHECK(b.at(10, "web2") == 2);
    CHECK(b.at(20, "web3") == 1);
    CHECK(b.last.because == "same sw1 (net, 1 hop), inferred to have failed from 3 of 4 that depend on it");
    REQUIRE(b.last.merged.size() == 1);
    CHECK(b.last.merged[0].value == 2);
    CHECK(b.last.merged_because == "3 of the 4 that depend on sw1 failed together, so it is inferred to have failed");
    CHECK(b.at(30, "db1") == 1);
    CHECK_FALSE(b.association.owns(IncidentId{2}));
}

TEST_CASE("A cause whose alert comes late takes what its effects had begun into one incident") {
    Bench b;
    CHECK(b.at(0, "web1") == 1);
    CHECK(b.at(15, "web2") == 2);
    CHECK(b.at(60, "sw1") == 1);
    REQUIRE(b.last.merged.size() == 1);
    CHECK(b.last.merged[0].value == 2);
    CHECK(b.last.merged_because.find("whose alert came later") != std::string::npos);
    const std::vector<RootCandidate> roots = b.association.rank_if_due(IncidentId{1});
    REQUIRE_FALSE(roots.empty());
    CHECK(roots[0].entity == "sw1");
    CHECK(roots[0].reason.find("2 of 2 other failed entities depend on it") == 0);
}

TEST_CASE("A silent entity between two failed ones does not part them") {
    Bench b;
    CHECK(b.at(0, "web1") == 1);
    CHECK(b.at(20, "pod1") == 1);
    CHECK(b.last.because == "pod1 depends on web1 through vm1, which is silent (2 hops); it failed 20s before");
}

TEST_CASE("A stamp in the past places an alert where it belongs; one out of bounds is not believed") {
    Bench b;
    CHECK(b.at(0, "sw1") == 1);
    Onset late;
    late.source = "nagios";
    late.entity = "web1";
    late.received = start + hours(2);
    late.claimed = start + seconds(30);
    CHECK(b.association.place(late, IncidentId{9}, {}).incident.value == 1);
    late.entity = "web2";
    late.received = start + hours(9);
    CHECK(b.association.place(late, IncidentId{9}, {}).begins);
}

TEST_CASE("Caps on age, size and depth end an incident's growth") {
    Bench b;
    CHECK(b.at(0, "sw1") == 1);
    Onset onset;
    onset.source = "nagios";
    onset.entity = "web1";
    onset.received = onset.claimed = start + seconds(20);
    AssociationCaps caps;
    caps.max_alerts = 1;
    CHECK(b.association.place(onset, IncidentId{9}, caps).begins);
    onset.entity = "web2";
    caps = {};
    caps.max_age = seconds(10);
    CHECK(b.association.place(onset, IncidentId{10}, caps).begins);
    Bench deep;
    CHECK(deep.at(0, "sw1") == 1);
    caps = {};
    caps.max_depth = 0;
    CHECK(deep.association.place(onset, IncidentId{11}, caps).begins);
}

TEST_CASE("A closed incident takes nothing more") {
    Bench b;
    CHECK(b.at(0, "sw1") == 1);
    b.association.close(IncidentId{1});
    CHECK(b.at(10, "web1") == 2);
    b.association.close(IncidentId{77});
}

TEST_CASE("Another topology finds what fails under its new numbers") {
    Bench b;
    CHECK(b.at(0, "sw1") == 1);
    CHECK(b.at(1, "unheard") == 2);
    TopologySpec more = rack;
    more.links.insert(more.links.begin(), {"unheard", "new1", "net"});
    b.association.use(std::make_shared<const Topology>(more));
    CHECK(b.at(10, "new1") == 2);
    CHECK(b.at(11, "web1") == 1);
}

TEST_CASE("A group that lives on the rest of its members stands between them and what depends on it") {
    TopologySpec spec{{{"p1", "shop", "member"},
                       {"p2", "shop", "member"},
                       {"p3", "shop", "member"},
                       {"node", "p1", "runs"},
                       {"node", "p2", "runs"},
                       {"shop", "web", "call"}},
                      {}};
    spec.needs = {{"shop", 2}};
    const auto bench = [&spec](std::initializer_list<const char*> down) {
        Bench b;
        b.association.use(std::make_shared<const Topology>(spec));
        Estate& estate = b.association.estate();
        for (const char* member : down) estate.member_alert(estate.entity(member), true);
        return b;
    };
    Bench spared = bench({"p1"});
    CHECK(spared.at(0, "p1") == 1);
    CHECK(spared.association.can_be_spared(IncidentId{1}));
    CHECK(spared.at(10, "shop") == 2);
    CHECK(spared.at(15, "p2", "nagios", 7) == 3);
    Bench through = bench({"p1"});
    CHECK(through.at(0, "p1") == 1);
    CHECK(through.at(10, "web") == 2);
    Bench lost = bench({"p1", "p2"});
    CHECK(lost.at(0, "p1") == 1);
    CHECK(lost.at(10, "web") == 1);
    CHECK(lost.last.because ==
          "shop lives on 1 of 3 members, needs 2: inferred to have failed; p1 of it failed 10s before");
    CHECK(lost.at(15, "p2", "nagios", 7) == 1);
    CHECK_FALSE(lost.association.can_be_spared(IncidentId{1}));
    // Its node takes two of them with it, though none of them says so.
    Bench node = bench({});
    CHECK(node.at(0, "node") == 1);
    CHECK(node.at(10, "shop") == 1);
}

TEST_CASE("links from the API survive the codec, count in the digest, and are refused beyond their bound") {
    TopologyChanged first;
    first.part = "cmdb";
    first.replaces = true;
    first.add.links = {{"pdu7", "sw12", "power"}, {"pdu7", "sw13", "power"}};
    first.add.aliases = {{"power-7", "pdu7"}};
    first.add.links.push_back({"sw12", "pair", "member"});
    first.add.links.push_back({"sw13", "pair", "member"});
    first.add.needs = {{"pair", 2}, {"other", 1}};
    TopologyChanged second;
    second.part = "cmdb";
    second.remove.links = {{"pdu7", "sw13", ""}};
    second.add.links = {{"pdu7", "sw12", "feed"}};  // known, by another word
    second.add.aliases = first.add.aliases;
    second.add.needs = {{"pair", 1}};
    second.remove.needs = {{"other", 9}};
    Correlator engine;
    Effects effects;
    engine.apply(Genesis{"t", "0"}, Instant{1}, effects);
    for (const TopologyChanged& change : {first, second}) {
        std::string record;
        encode(change, record);
        DecodeScratch scratch;
        const Result<Input> read = decode(record, scratch);
        REQUIRE(read.has_value());
        const std::uint64_t before = engine.digest();
        engine.apply(*read, Instant{2}, effects);
        CHECK(engine.digest() != before);
    }
    const Estate& estate = engine.estate();
    REQUIRE(estate.find_in_topology("POWER-7").has_value());
    const auto lowers = estate.lowers(*estate.find_in_topology("power-7"));
    REQUIRE(lowers.size() == 1);
    CHECK(estate.word(lowers[0]) == "feed");
    CHECK(engine.topology_parts().at("cmdb").aliases.size() == 1);
    CHECK(engine.topology_parts().at("cmdb").needs.size() == 1);
    CHECK(estate.standing(*estate.find_in_topology("pair"))->needs == 1);
    CHECK_FALSE(engine.topology_refusal(first).has_value());
    TopologyChanged large = first;
    large.add.links.assign(topology_part_lines_max + 1, {"a", "b", "c"});
    CHECK(engine.topology_refusal(large).has_value());
    TopologyChanged gone;
    gone.part = "cmdb";
    gone.replaces = true;
    engine.apply(gone, Instant{3}, effects);
    CHECK(engine.topology_parts().empty());
    CHECK_FALSE(engine.estate().find_in_topology("pdu7").has_value());
}
