#include "tests/scenario/random_topology.hpp"

namespace incidentd::scenario {

std::string RandomTopology::entity() {
    return of({"h1", "h2", "h3", "h1", "h2", "h3", "a", "b", "sw1", "sw2", "rack", "H2.example.com"});
}

TopologySpec RandomTopology::spec() {
    TopologySpec out;
    for (std::uint64_t left = below(6); left > 0; --left)
        out.links.push_back({entity(), entity(), of({"depends", "member", "member", "link", "power"})});
    for (std::uint64_t left = below(3); left > 0; --left)
        out.aliases.emplace_back(of({"h3", "b", "c", "10.0.0.1", "sw2"}), entity());
    if (below(2) == 0) {
        const std::string whole = of({"pool", "rack", "a"});
        for (const char* host : {"h1", "h2", "h3"}) out.links.push_back({host, whole, "member"});
        out.needs.emplace_back(whole, 1 + static_cast<std::uint32_t>(below(3)));
    }
    return out;
}

std::string RandomTopology::section() {
    const TopologySpec drawn = spec();
    std::string out = "topology:\n  links: [";
    for (const TopologySpec::Link& link : drawn.links)
        out += (&link == &drawn.links.front() ? "{upper: " : ", {upper: ") + link.upper + ", lower: " + link.lower +
               ", kind: " + link.kind + "}";
    out += "]\n  aliases: [";
    for (const auto& alias : drawn.aliases)
        out += (&alias == &drawn.aliases.front() ? "{entity: " : ", {entity: ") + alias.second + ", names: [" +
               alias.first + "]}";
    out += "]\n  groups: [";
    for (const auto& group : drawn.needs)
        out += "{name: " + group.first + ", needs: " + std::to_string(group.second) + "}";
    return out + "]\n  learn: {similarity: " + of({"true", "true", "false"}) +
           ", co_occurrence: " + of({"true", "true", "false"}) + ", labels: " + of({"true", "true", "false"}) +
           ", recurrence: " + of({"true", "true", "false"}) + "}\n";
}

std::string RandomTopology::rule(std::string_view name) {
    return "  - {name: " + std::string(name) + ", op: topology, match: [" +
           of({"", R"('host!="h1"')", R"('service=~"a|b|d"')", R"('service=~"b|c"')"}) + "], by: [" +
           of({"", "", "service", "host"}) + "], require: " + of({"present", "optional"}) +
           ", continue: " + of({"true", "false", "false"}) + ", gate: {checks: " + of({"1", "2", "3"}) +
           ", critical_after: " + of({"0s", "20s", "5m"}) + ", other_after: " + of({"0s", "1m", "30m"}) +
           "}, close: {quiet: " + of({"0s", "30s", "10m"}) + ", max_age: " + of({"10m", "24h"}) +
           ", max_alerts: " + of({"2", "5", "100"}) + ", max_depth: " + of({"1", "3", "12"}) + "}}\n";
}

TopologyChanged RandomTopology::change() {
    TopologyChanged out;
    out.part = of({"cmdb", "network"});
    out.replaces = below(3) == 0;
    out.add = spec();
    if (!out.replaces) out.remove = spec();
    return out;
}

}  // namespace incidentd::scenario
