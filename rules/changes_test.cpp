// A reload whose log names the wrong rules sends people looking in the wrong place.
#include "rules/changes.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

RuleBundle bundle(std::string text) { return {{{"r.yaml", std::move(text)}}, {"rt"}}; }

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("added, removed and changed rules are named, equal ones are not") {
    const RuleBundle before = bundle(R"(version: 1
correlate:
  - {name: a, match: 'x="1"', by: []}
  - {name: b, match: 'x="2"', by: [h]}
  - {name: c, match: 'x="3"', by: [h]}
route: [{to: rt}]
)");
    const RuleBundle after = bundle(R"(version: 1
# a comment
correlate:
  - by: []
    name: "a"
    match: 'x="1"'
  - {name: b, match: 'x="2"', by: [h, g]}
  - {name: d, match: 'x="4"', by: [h]}
route: [{match: 'rule="a"', to: rt}, {to: rt}]
)");
    const RuleChanges changes = rule_changes(before, after);
    CHECK(changes.added == Names{"correlate d", "route #2"});
    CHECK(changes.removed == Names{"correlate c"});
    CHECK(changes.changed == Names{"correlate b", "route #1"});
    CHECK(changes.reordered.empty());
    CHECK_FALSE(rule_changes(before, before).any());
}

TEST_CASE("another order is a change, another file is not") {
    const std::string one = "version: 1\ncorrelate: [{name: a, by: [x]}, {name: b, by: [y]}]\n";
    const std::string other = "version: 1\ncorrelate: [{name: b, by: [y]}, {name: a, by: [x]}]\n";
    CHECK(rule_changes(bundle(one), bundle(other)).reordered == Names{"correlate"});
    const RuleBundle parted{{{"1.yaml", "version: 1\ncorrelate: [{name: a, by: [x]}]\n"},
                             {"2.yaml", "version: 1\ncorrelate: [{name: b, by: [y]}]\n"}},
                            {"rt"}};
    CHECK_FALSE(rule_changes(bundle(one), parted).any());
    RuleBundle more_sinks = bundle(one);
    more_sinks.sinks.push_back("web");
    CHECK(rule_changes(bundle(one), more_sinks).sinks_changed);
}
