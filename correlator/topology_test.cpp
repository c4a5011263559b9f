// A wrong neighbour puts two outages into one ticket; a name not found takes an alert out of all reasoning.
#include "correlator/topology.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace incidentd;

namespace {

std::string names(const Topology& topology, std::span<const Topology::Link> links) {
    std::string out;
    for (const Topology::Link& link : links) out += std::string(topology.name(link.to)) + " ";
    return out;
}

const TopologySpec shop{{{"sw1", "db1", "net"},
                         {"sw1", "web1", "net"},
                         {"db1", "shop", "call"},
                         {"web1", "shop", "member"},
                         {"web2", "shop", "member"},
                         {"sw1", "sw2", "link"}},
                        {{"10.0.0.7", "sw1"}, {"shop-frontend", "shop"}}};

}  // namespace

TEST_CASE("Links run both ways, peers stand on both sides") {
    const Topology topology(shop);
    const auto of = [&](const char* name) { return *topology.find(name); };
    CHECK(topology.size() == 6);
    CHECK(names(topology, topology.lowers(of("sw1"))) == "db1 web1 sw2 ");
    CHECK(names(topology, topology.uppers(of("sw1"))) == "sw2 ");
    CHECK(names(topology, topology.uppers(of("sw2"))) == "sw1 ");
    CHECK(names(topology, topology.uppers(of("shop"))) == "db1 web1 web2 ");
    CHECK(topology.uppers(of("shop"))[0].kind == LinkKind::depends);
    CHECK(topology.uppers(of("shop"))[1].kind == LinkKind::member);
    CHECK(topology.uppers(of("sw2"))[0].kind == LinkKind::peer);
    CHECK(topology.word(topology.uppers(of("shop"))[0].word) == "call");
}

TEST_CASE("Entities are found under the names their monitors use") {
    const Topology topology(shop);
    const auto sw1 = topology.find("sw1"), shop_entity = topology.find("shop");
    for (const char* name : {"SW1", "sw1:9100", "sw1.prod.example.net", "10.0.0.7", "10.0.0.7:161", "snmp://sw1/x"}) {
        CAPTURE(name);
        CHECK(topology.find(name) == sw1);
    }
    CHECK(topology.find("https://shop.example.com/health") == shop_entity);
    CHECK(topology.find("shop-frontend") == shop_entity);
    CHECK_FALSE(topology.find("sw9"));
    CHECK_FALSE(topology.find(""));
}

TEST_CASE("A loose name that two entities share names neither, an exact one still does") {
    const Topology topology({{{"db.a.net", "db.b.net", "call"}, {"DB.a.net", "x", "call"}}, {}});
    CHECK_FALSE(topology.find("db"));
    CHECK(topology.find("db.b.net").has_value());
    CHECK(topology.find("db.a.net") != topology.find("DB.a.net"));
}

TEST_CASE("Links to oneself, given twice and in circles do no harm") {
    const Topology topology({{{"a", "a", "x"}, {"a", "b", "x"}, {"a", "b", "y"}, {"b", "a", "x"}}, {}});
    CHECK(topology.link_count() == 2);
    CHECK(names(topology, topology.lowers(*topology.find("a"))) == "b ");
    CHECK(names(topology, topology.uppers(*topology.find("a"))) == "b ");
    CHECK(Topology(TopologySpec{}).size() == 0);
    CHECK_FALSE(Topology(TopologySpec{}).find("a"));
}

// Could break: a service that is said to be down with the first of its replicas.
TEST_CASE("A group knows its members and how many of them it needs, also when these are given elsewhere") {
    TopologySpec spec = shop;
    spec.needs = {{"shop", 5}, {"shop", 1}, {"later", 2}};
    const Topology topology(spec);
    REQUIRE(topology.group(*topology.find("shop")) != nullptr);
    CHECK(topology.group(*topology.find("shop"))->members == 2);
    CHECK(topology.group(*topology.find("shop"))->needs == 2);
    CHECK(topology.group(*topology.find("later")) == nullptr);
    CHECK(topology.groups_with(*topology.find("web2")).size() == 1);
    CHECK(topology.groups_with(*topology.find("db1")).empty());
    CHECK(topology.digest() != Topology(shop).digest());
    TopologySpec again = topology.spec();
    again.links.push_back({"x", "later", "member"});
    CHECK(Topology(again).group_count() == 2);
}
