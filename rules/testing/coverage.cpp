#include "rules/testing/coverage.hpp"

#include "correlator/routing.hpp"

#include <algorithm>

namespace incidentd::testing {
namespace {

std::string place(std::size_t index) { return "#" + std::to_string(index + 1); }

class Labels {
public:
    explicit Labels(TextPairs pairs) : pairs_(std::move(pairs)) {
        std::sort(pairs_.begin(), pairs_.end());
        for (const auto& [name, value] : pairs_)
            if (!value.empty()) views_.push_back({name, value});
    }
    Labels(const Labels&) = delete;
    Labels& operator=(const Labels&) = delete;
    bool match(const Matchers& matchers) const { return matches_all(matchers, views_); }

private:
    TextPairs pairs_;
    std::vector<LabelView> views_;
};

}  // namespace

Coverage::Coverage(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {
    const auto add = [this](const char* section, std::string name) { uses_.push_back({section, std::move(name)}); };
    for (std::size_t i = 0; i < rules_->enrich.size(); ++i) add("enrich", place(i));
    for (std::size_t i = 0; i < rules_->dedup.size(); ++i) add("dedup", place(i));
    for (const PairRule& rule : rules_->pairs) add("pair", rule.name);
    for (const SilenceRule& rule : rules_->silences) add(rule.is_maintenance ? "maintenance" : "silences", rule.name);
    for (const InhibitRule& rule : rules_->inhibit) add("inhibit", rule.name);
    for (const FlappingRule& rule : rules_->flapping) add("flapping", rule.name);
    for (const StormRule& rule : rules_->storms) add("storm", rule.name);
    for (const CorrelationRule& rule : rules_->correlate)
        if (!rule.name.starts_with("default-")) add("correlate", rule.name);
    for (std::size_t i = 0; i < rules_->routes.size(); ++i) add("route", place(i));
}

void Coverage::add(const Stage& stage) {
    count_alerts(stage);
    count_decisions(stage.memory());
    count_incidents(stage.memory());
}

// What rewrites alerts leaves no decision: it is asked again, of each alert as it was sent and as it became.
void Coverage::count_alerts(const Stage& stage) {
    const auto count = [this](const TextPairs& pairs, std::string_view source, bool as_sent) {
        TextPairs with_source = pairs;
        with_source.emplace_back("source", source);
        const Labels labels(std::move(with_source));
        std::size_t use = 0;
        for (const EnrichRule& rule : rules_->enrich) uses_[use++].matched += labels.match(rule.match) ? 1 : 0;
        for (const DedupRule& rule : rules_->dedup) uses_[use++].matched += labels.match(rule.match) ? 1 : 0;
        for (const PairRule& rule : rules_->pairs) uses_[use++].matched += as_sent && labels.match(rule.clear) ? 1 : 0;
    };
    for (const Stage::Sent& alert : stage.sent()) count(alert.labels, alert.source, true);
    for (const auto& [fingerprint, row] : stage.memory().alerts) count(row.labels.pairs(), row.source, false);
}

void Coverage::count_decisions(const Memory& memory) {
    for (RuleUse& use : uses_) {
        if (use.section == "enrich" || use.section == "dedup" || use.section == "route" || use.name.empty()) continue;
        for (const PastDecision& decision : memory.decisions) {
            const bool of_rule = decision.what.rule == use.name;
            const bool names_it =
                use.section != "correlate" && decision.what.because.find(use.name) != std::string::npos;
            if (of_rule || names_it) ++use.matched;
        }
    }
}

void Coverage::count_incidents(const Memory& memory) {
    const std::size_t first_route = uses_.size() - rules_->routes.size();
    for (const IncidentId id : memory.opened) {
        const auto found = memory.incidents.find(id);
        if (found == memory.incidents.end()) continue;
        for (RuleUse& use : uses_)
            if (use.section == "correlate" && use.name == found->second.rule) ++use.opened;
        const std::vector<LabelView> labels = route_labels(found->second);
        for (std::size_t i = 0; i < rules_->routes.size(); ++i) {
            if (!matches_all(rules_->routes[i].match, labels)) continue;
            ++uses_[first_route + i].matched;
            if (!rules_->routes[i].proceed) break;
        }
    }
}

std::size_t Coverage::touched() const {
    return static_cast<std::size_t>(
        std::count_if(uses_.begin(), uses_.end(), [](const RuleUse& use) { return use.matched + use.opened > 0; }));
}

}  // namespace incidentd::testing
