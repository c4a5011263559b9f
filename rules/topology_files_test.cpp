// A topology that is read wrongly correlates wrongly without a word: forms, bounds, places of faults, what is warned
// of.
#include "rules/topology_files.hpp"
#include "rules/rules.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace incidentd;

namespace {

const std::map<std::string, std::string> files{
    {"rules/estate.yaml",
     "version: 1\nlinks:\n  - {upper: sw1, lower: [web1, web2], kind: network}\n  - {upper: [web1, web2], lower: shop, "
     "kind: member}\naliases:\n  - {entity: sw1, names: [10.0.0.1, SWITCH-ONE]}\n"},
    {"rules/cables.tsv", "parent\tchild\tkind\ncore\tsw1\tlink\ncore\tsw2\t\n"},
    {"rules/names.csv", "entity;alias\nweb1;192.0.2.7\n"},
    {"rules/odd.csv", "a,b\n1,2\n"},
    {"rules/faulty.yaml", "version: 1\nlinks:\n  - {upper: a}\n  - {upper: a, lower: b, knid: x}\nalias: []\n"},
    {"rules/groups.csv", "group,member,needs\npool,web1,2\npool,web2,\npool,,3\npool,x1,many\n"},
    {"rules/pools.tsv", "group\tneeds\nshop\t1\n"},
    {"rules/doubts.csv", "upper,lower\na,b\nb,c\nc,a\na,b\nd,d\n"},
};

struct Loaded {
    RuleBundle bundle;
    Problems problems;
    std::shared_ptr<const RuleSet> set;
};

Loaded load(const std::string& yaml) {
    Loaded out;
    out.bundle.files.emplace_back("rules/r.yaml", "version: 1\n" + yaml);
    RuleSources sources;
    sources.table = [](const std::string& path) -> Result<std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return Error(ErrorCode::not_found, path + " cannot be read: No such file");
        return found->second;
    };
    out.set = load_and_compile(out.bundle, sources, Instant{}, out.problems);
    return out;
}

std::string uppers(const Topology& topology, std::string_view name) {
    const auto entity = topology.find(name);
    if (!entity.has_value()) return "unknown";
    std::string out;
    for (const Topology::Link& link : topology.uppers(*entity))
        out += (out.empty() ? "" : " ") + std::string(topology.name(link.to)) + "(" +
               std::string(topology.word(link.word)) + ")";
    return out;
}

std::string warnings(const Problems& problems) {
    std::string out;
    for (const Problem& one : problems.warnings()) out += to_string(one) + "\n";
    return out;
}

}  // namespace

TEST_CASE("files of every form, inline links and aliases make one topology, which the bundle carries") {
    const Loaded loaded = load(
        "topology:\n  files: [estate.yaml, cables.tsv, names.csv]\n  links:\n    - {upper: pdu1, lower: sw1, kind: "
        "power}\n  aliases:\n    - {entity: core, names: backbone}\n");
    CHECK(loaded.problems.text() == "");
    CHECK(warnings(loaded.problems) == "");
    REQUIRE(loaded.set != nullptr);
    REQUIRE(loaded.set->topology != nullptr);
    const Topology& topology = *loaded.set->topology;
    CHECK(uppers(topology, "sw1") == "core(link) pdu1(power)");
    CHECK(uppers(topology, "sw2") == "core(depends)");
    CHECK(uppers(topology, "192.0.2.7") == "sw1(network)");
    CHECK(uppers(topology, "shop") == "web1(member) web2(member)");
    CHECK(uppers(topology, "switch-one") == uppers(topology, "sw1"));
    CHECK(topology.find("backbone") == topology.find("core"));
    Problems problems;
    const auto again = compile(*RuleBundle::parse(loaded.bundle.serialise()), problems);
    REQUIRE(again != nullptr);
    CHECK(again->topology->digest() == topology.digest());
    CHECK(load("topology: {}\n").set->topology->size() == 0);
    CHECK(load("").set->topology == nullptr);
}

TEST_CASE("groups say their members and how many they need, in maps and tables; what is odd about them is told") {
    const Loaded loaded = load(
        "topology:\n  files: [estate.yaml, pools.tsv]\n  groups:\n    - {name: cart, members: [c1, c2, c3], needs: 2}\n"
        "    - {name: plain, members: p1}\n    - {name: shop, needs: 2}\n    - {name: alone, needs: 4}\n");
    CHECK(loaded.problems.text() == "");
    REQUIRE(loaded.set != nullptr);
    const Topology& topology = *loaded.set->topology;
    CHECK(uppers(topology, "cart") == "c1(member) c2(member) c3(member)");
    CHECK(topology.group(*topology.find("cart"))->needs == 2);
    CHECK(topology.group(*topology.find("shop"))->needs == 1);
    CHECK(topology.group(*topology.find("plain")) == nullptr);
    CHECK(warnings(loaded.problems) ==
          "rules/r.yaml:7:7: topology.groups: 1 group is said to need different numbers of members, first 'shop' 1 and "
          "2; the first of them counts\n"
          "rules/estate.yaml:1:1: topology.groups: 1 group needs more members than known, first 'alone', which needs 4 "
          "of 0; such a group needs all of them; more may come over the API\n");
    CHECK(
        load("topology:\n  groups:\n    - {name: a}\n    - {name: b, needs: 0}\n    - {name: c, members: [d], needs: "
             "two}\n  files: groups.csv\n")
            .problems.text() ==
        "rules/groups.csv:5:1: needs: must be a whole number from 1 to 10000, found 'many'\n"
        "rules/r.yaml:4:7: topology.groups[0].members: is missing, and so is needs; list the members, say how many it "
        "needs, or both\n"
        "rules/r.yaml:5:24: topology.groups[1].needs: must be a whole number from 1 to 10000, found '0'\n"
        "rules/r.yaml:6:38: topology.groups[2].needs: must be a whole number from 1 to 10000, found 'two'\n");
}

TEST_CASE("every fault of a topology has its place, also in the files it names") {
    CHECK(load("topology:\n  files: [gone.yaml, odd.csv, README]\n").problems.text() ==
          "rules/r.yaml:3:11: topology.files[0]: rules/gone.yaml cannot be read: No such file\n"
          "rules/odd.csv:1:1: is no topology: a table of links has the columns upper and lower, and perhaps kind; one "
          "of aliases has alias and entity; one of groups has group, and member, needs or both; its columns are: a, b\n"
          "rules/r.yaml:3:31: topology.files[2]: rules/README cannot be read: No such file\n");
    CHECK(
        load("topology:\n  files: faulty.yaml\n").problems.text() ==
        "rules/faulty.yaml:5:1: alias: unknown key; did you mean 'aliases'? allowed here: version, links, aliases, "
        "groups\n"
        "rules/faulty.yaml:3:5: links[0].lower: is missing; name what needs the upper one\n"
        "rules/faulty.yaml:4:26: links[1].knid: unknown key; did you mean 'kind'? allowed here: upper, lower, kind\n");
    CHECK(load("topology:\n  links: {upper: a, lower: b}\n").problems.text() ==
          "rules/r.yaml:3:10: topology.links: must be a list, found a map\n");
    CHECK(load("topology:\n  links:\n    - {upper: '', lower: b}\n").problems.text() ==
          "rules/r.yaml:4:15: topology.links[0].upper: needs a name, found an empty text\n");
    CHECK(load("topology: [a]\n").problems.text() ==
          "rules/r.yaml:2:11: topology: must be a map of keys and values, found a list\n");
}

TEST_CASE("what is odd in a topology is warned of and used all the same") {
    const Loaded loaded = load(
        "topology:\n  files: [doubts.csv]\n  aliases:\n    - {entity: e, names: [x, y]}\n    - {entity: a, names: "
        "x}\n");
    REQUIRE(loaded.set != nullptr);
    CHECK(warnings(loaded.problems) ==
          "rules/doubts.csv:5:1: topology: 1 link is given twice, this one first: 'b' on 'a'; the first of them "
          "counts\n"
          "rules/doubts.csv:6:1: topology: 1 link leads from an entity to itself, this one first: 'd'\n"
          "rules/doubts.csv:1:1: topology.aliases: 2 aliases belong to an entity that no link mentions, first 'e'; a "
          "slip of the finger, or an entity that nothing depends on\n"
          "rules/doubts.csv:1:1: topology.aliases: 1 name is an alias of two entities, first 'x' of 'e' and 'a'; such "
          "a name finds neither\n"
          "rules/doubts.csv:1:1: topology: entities depend on each other in a circle: a on c on b on a; that is "
          "allowed; within a circle the likeliest cause is told by time and severity alone\n");
    CHECK_FALSE(loaded.set->topology->find("x").has_value());
}

TEST_CASE("a rule of op: topology has its own keys") {
    const Loaded loaded = load(
        "correlate:\n  - {name: a, op: topology, by: env, gate: {checks: 3, critical_after: 5m, other_after: 1h}, "
        "close: {max_depth: 4}}\n");
    CHECK(loaded.problems.text() == "");
    REQUIRE(loaded.set != nullptr);
    const CorrelationRule& rule = loaded.set->correlate.front();
    CHECK(rule.gate.checks == 3);
    CHECK(rule.gate.critical_after == minutes(5));
    CHECK(rule.gate.other_after == hours(1));
    CHECK(rule.max_depth == 4);
    CHECK(rule.max_alerts == 100'000);
    CHECK(load("correlate:\n  - {name: a, op: topology, within: 5m, hold: 1m}\n").problems.text() ==
          "rules/r.yaml:3:37: correlate[0].within: is not for op: topology, which learns from each source how far "
          "apart alerts come; remove it; `gate` says what it takes to open\n"
          "rules/r.yaml:3:47: correlate[0].hold: is not for op: topology, which learns from each source how far apart "
          "alerts come; remove it; `gate` says what it takes to open\n");
    CHECK(load("correlate:\n  - {name: a, by: [x], gate: {checks: 1}, close: {max_depth: 3}}\n").problems.text() ==
          "rules/r.yaml:3:30: correlate[0].gate: belongs to op: topology, this rule has op: group; remove it, or write "
          "op: topology\n"
          "rules/r.yaml:3:62: correlate[0].close.max_depth: belongs to op: topology, this rule has op: group; remove "
          "it, or write op: topology\n");
}
