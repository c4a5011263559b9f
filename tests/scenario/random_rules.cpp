#include "tests/scenario/random_rules.hpp"

namespace incidentd::scenario {

std::string RandomRules::matchers() {
    std::string out = "[";
    for (std::uint64_t left = below(3); left > 0; --left)
        out += (out.size() > 1 ? ", " : "") +
               of({R"('host="h1"')", R"('host=~"h[12]"')", R"('service!="b"')", R"('service=~"a|c"')", R"('kind!=""')",
                   R"('severity="critical"')", R"('service="d"')", R"('host!~"h3"')", R"('team=""')"});
    return out + "]";
}

std::string RandomRules::duration(std::uint64_t seconds_most) { return std::to_string(1 + below(seconds_most)) + "s"; }

std::string RandomRules::identity() {
    std::string out = "enrich:\n";
    for (std::uint64_t left = 1 + below(3); left > 0; --left)
        out += "  - {match: ['service=~\"(?P<kind>" + of({"[ab]", ".", "[cd]"}) + ")\"'], set: {" +
               of({"kind: '{{kind}}'", "team: '{{kind}}-{{host}}'", "host: h1", "kind: '{{severity}}'"}) + "}}\n";
    out += "dedup:\n  - {match: " + matchers() + ", key: [" + of({"host, service", "service", "kind, host"}) + "]}\n";
    out += "pair:\n  - {problem: ['service=~\"a|b\"'], clear: ['service=\"d\"', 'host!=\"h3\"'], equal: [" +
           of({"host", "host, kind"}) + "], require: " + of({"present", "optional"}) + "}\n";
    return out;
}

std::string RandomRules::suppression() {
    const auto schedule = [this] {
        return "schedule: {at: '" + of({"00:10", "09:00", "23:50"}) + "', for: " + of({"10m", "2h", "26h"}) +
               of({"", ", weekdays: ['monday:friday']"}) + "}";
    };
    std::string out = "silences:\n";
    for (std::uint64_t i = 1 + below(3); i > 0; --i)
        out += "  - {name: s" + std::to_string(i) + ", match: [" + of({R"('host="h2"')", R"('service="b"')"}) + "], " +
               (below(2) == 0 ? schedule() : "from: 2026-01-01T00:05:00Z, to: 2026-01-01T01:00:00Z") + "}\n";
    out += "maintenance:\n  - {name: m, match: ['host=\"h3\"'], " + schedule() + "}\n";
    out += "inhibit:\n";
    for (std::uint64_t i = 1 + below(3); i > 0; --i)
        out += "  - {name: i" + std::to_string(i) + ", source: ['service=\"" + of({"a", "b", "c"}) +
               "\"'], target: ['service=~\"" + of({"b|c", "d", "a|b"}) + "\"'], equal: [" +
               of({"host", "", "host, kind"}) + "], require: " + of({"present", "optional"}) + "}\n";
    return out;
}

std::string RandomRules::watching() {
    std::string out = "flapping:\n";
    out += "  - {match: ['host=\"h1\"'], " +
           of({"window: 10m, start: 3, stop_quiet: 2m", "high: 20, low: 10, stop_quiet: 5m"}) + "}\n";
    out += "  - {match: " + matchers() + ", window: 30m, start: 4, stop_quiet: 15m}\n";
    out += "storm:\n  - {match: " + matchers() + ", per: " + of({"source", "host", "team"}) +
           ", floor: " + of({"2", "5"}) +
           ", factor: 2, window: 1m, leave_after: 2m, pass: " + of({"critical", "error"}) + "}\n";
    return out;
}

// An absence ends when its sign comes, so that signs must be able to: no dead-man's switch, and none where rules may
// take a sign for another alert.
std::string RandomRules::correlation(std::uint64_t number, bool rewrites) {
    const std::uint64_t op = below(rewrites ? 4 : 5);
    const std::string match = op == 4 ? of({"['service=\"c\"']", "['service=\"d\"', 'host!=\"h3\"']"}) : matchers();
    const std::string by = op == 4 ? "" : of({"host", "service", "", "host, service", "team"});
    std::string out = "  - {name: c" + std::to_string(number) + ", match: " + match + ", by: [" + by + "]";
    if (!by.empty()) out += ", require: " + of({"present", "optional"});
    if (op == 0)
        out +=
            ", op: threshold, count: 2, within: " + duration(300) + of({"", ", distinct: host", ", distinct: service"});
    if (op == 1)
        out += ", op: sequence, within: " + duration(300) + ", steps: [['service=\"a\"'], ['service=\"" +
               of({"b", "c", "a"}) + "\"']]";
    if (op == 2 || op == 3) out += ", within: " + of({"0s", "90s"});
    if (op == 4) out += ", op: absence, within: " + duration(300) + ", until: ['service=\"" + of({"a", "b"}) + "\"']";
    if (below(2) == 0) out += ", continue: true";
    out += ", hold: " + of({"0s", "20s", "2m"}) + ", close: {quiet: " + of({"0s", "30s", "10m"}) +
           ", max_age: " + of({"10m", "24h"}) + ", max_alerts: " + of({"2", "100"}) + "}}\n";
    return out;
}

std::string RandomRules::next() {
    std::string out = "version: 1\n";
    const bool rewrites = below(4) != 0;
    if (rewrites) out += identity();
    if (below(4) != 0) out += suppression();
    if (below(4) != 0) out += watching();
    out += "correlate:\n";
    for (std::uint64_t i = 1 + below(4); i > 0; --i) out += correlation(i, rewrites);
    return out + "route:\n  - {match: 'priority=~\"P1|P2\"', to: [rt, chat], update_every: " + of({"0s", "1m"}) +
           "}\n  - {to: [chat]}\n";
}

}  // namespace incidentd::scenario
