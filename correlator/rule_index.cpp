#include "correlator/rule_index.hpp"

namespace incidentd {
namespace {

template <class Rule>
MatcherIndex index_of(const std::vector<Rule>& rules, Matchers Rule::*matchers) {
    std::vector<const Matchers*> lists;
    lists.reserve(rules.size());
    for (const Rule& rule : rules) lists.push_back(&(rule.*matchers));
    return MatcherIndex(lists);
}

}  // namespace

RuleIndex::RuleIndex(const RuleSet& rules)
    : enrich(index_of(rules.enrich, &EnrichRule::match)),
      dedup(index_of(rules.dedup, &DedupRule::match)),
      pair_problems(index_of(rules.pairs, &PairRule::problem)),
      pair_clears(index_of(rules.pairs, &PairRule::clear)),
      silences(index_of(rules.silences, &SilenceRule::match)),
      inhibit_sources(index_of(rules.inhibit, &InhibitRule::source)),
      inhibit_targets(index_of(rules.inhibit, &InhibitRule::target)),
      flapping(index_of(rules.flapping, &FlappingRule::match)),
      storms(index_of(rules.storms, &StormRule::match)),
      correlate(index_of(rules.correlate, &CorrelationRule::match)),
      routes(index_of(rules.routes, &Route::match)) {}

}  // namespace incidentd
