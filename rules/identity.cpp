// `dedup` and `pair`: which messages are about the same alert.
#include "rules/compiler.hpp"

namespace incidentd {

void compile_dedup(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("dedup")->shape;
    FieldReader reader(node, shape, compilation.problems);
    DedupRule rule;
    rule.match = reader.matchers("match");
    rule.key = reader.labels("key");
    compilation.set.dedup.push_back(std::move(rule));
    compilation.places.dedup.push_back({node.where, node.path});
}

void compile_pair(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("pair")->shape;
    FieldReader reader(node, shape, compilation.problems);
    PairRule rule;
    rule.name = compilation.name_of(reader, "pair", compilation.set.pairs.size() + 1);
    rule.problem = reader.matchers("problem");
    rule.clear = reader.matchers("clear");
    rule.equal = reader.labels("equal");
    rule.equal_optional = read_optional(reader);
    compilation.set.pairs.push_back(std::move(rule));
    compilation.places.pairs.push_back({node.where, node.path});
}

}  // namespace incidentd
