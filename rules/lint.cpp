#include "rules/lint.hpp"

#include "rules/matcher_sets.hpp"
#include "rules/shadow_search.hpp"

#include <algorithm>

namespace incidentd {
namespace {

class Lint {
public:
    Lint(Compilation& compilation, Instant now)
        : compilation_(compilation),
          set_(compilation.set),
          places_(compilation.places),
          problems_(compilation.problems),
          now_(now) {}

    void run() {
        contradictions();
        inhibitions();
        pairs();
        silences();
        shadows();
        labels();
        learning();
    }

private:
    using Labels = std::vector<std::string>;

    void warn(const RulePlace& place, std::string_view key, std::string message, std::string hint) {
        const Location where = key.empty() ? place.where : place.at(key);
        problems_.warn(where, place.path + (key.empty() ? "" : ".") + std::string(key), std::move(message),
                       std::move(hint));
    }

    // `needed`: labels the rule wants to be there, under the key `needed_key`.
    void check(const RulePlace& place, std::string_view key, const Matchers& match, const Labels& needed = {},
               std::string_view needed_key = {}) {
        const MatcherSet known(match);
        if (const std::string why = known.contradiction(); !why.empty()) {
            warn(place, key, "can never match: " + why, "mend it, or remove the rule");
        }
        for (const std::string& label : needed) {
            if (!known.is_refused(label)) continue;
            warn(place, key,
                 "can never match: `" + std::string(needed_key) + "` wants the label " + shown(label) +
                     " to be there, and this wants it to be absent",
                 "take the label out of `" + std::string(needed_key) + "`, or say require: optional");
        }
    }

    void contradictions() {
        for (std::size_t i = 0; i < set_.enrich.size(); ++i) check(places_.enrich[i], "match", set_.enrich[i].match);
        for (std::size_t i = 0; i < set_.dedup.size(); ++i)
            check(places_.dedup[i], "match", set_.dedup[i].match, set_.dedup[i].key, "key");
        for (std::size_t i = 0; i < set_.pairs.size(); ++i) {
            const PairRule& rule = set_.pairs[i];
            const Labels needed = rule.equal_optional ? Labels{} : rule.equal;
            check(places_.pairs[i], "problem", rule.problem, needed, "equal");
            check(places_.pairs[i], "clear", rule.clear, needed, "equal");
        }
        for (std::size_t i = 0; i < set_.silences.size(); ++i)
            check(places_.silences[i], "match", set_.silences[i].match);
        for (std::size_t i = 0; i < set_.inhibit.size(); ++i) {
            const InhibitRule& rule = set_.inhibit[i];
            const Labels needed = rule.equal_optional ? Labels{} : rule.equal;
            check(places_.inhibit[i], "source", rule.source, needed, "equal");
            check(places_.inhibit[i], "target", rule.target, needed, "equal");
        }
        for (std::size_t i = 0; i < set_.flapping.size(); ++i)
            check(places_.flapping[i], "match", set_.flapping[i].match);
        for (std::size_t i = 0; i < set_.storms.size(); ++i) check(places_.storms[i], "match", set_.storms[i].match);
        for (std::size_t i = 0; i < places_.correlate.size(); ++i) {
            const CorrelationRule& rule = set_.correlate[i];
            check(places_.correlate[i], "match", rule.match, needs_of(rule), "by");
            for (const Matchers& step : rule.steps) check(places_.correlate[i], "steps", step);
            check(places_.correlate[i], places_.correlate[i].has("until") ? "until" : "match",
                  places_.correlate[i].has("until") ? rule.until : Matchers{});
        }
        for (std::size_t i = 0; i < places_.routes.size(); ++i) check(places_.routes[i], "match", set_.routes[i].match);
    }

    static Labels needs_of(const CorrelationRule& rule) { return rule.by_optional ? Labels{} : rule.by; }

    void inhibitions() {
        for (std::size_t i = 0; i < set_.inhibit.size(); ++i) {
            const InhibitRule& rule = set_.inhibit[i];
            if (!rule.equal.empty() || !MatcherSet(rule.source).implies(MatcherSet(rule.target))) continue;
            warn(places_.inhibit[i], "target",
                 "takes in every source of the rule too, and `equal` is empty: two sources anywhere keep each other "
                 "quiet",
                 "exclude the sources from `target`, or name labels in `equal`");
        }
    }

    void pairs() {
        for (std::size_t i = 0; i < set_.pairs.size(); ++i) {
            if (!MatcherSet(set_.pairs[i].clear).implies(MatcherSet(set_.pairs[i].problem))) continue;
            warn(places_.pairs[i], "clear", "every clear is a problem of the rule, too",
                 "exclude the clears from `problem`");
        }
    }

    void silences() {
        if (!now_.is_set()) return;
        for (std::size_t i = 0; i < set_.silences.size(); ++i) {
            const Schedule& schedule = set_.silences[i].schedule;
            if (schedule.holds(now_) || schedule.next_change(now_).has_value()) continue;
            const bool ended = schedule.to.is_set() && schedule.to <= now_;
            warn(places_.silences[i], ended ? "to" : "schedule",
                 ended ? "is over since " + to_rfc3339(schedule.to) : "never comes again within the next ten years",
                 "remove the rule, or give it a later time");
        }
    }

    void shadows() {
        std::vector<OrderedRule> rules;
        for (std::size_t i = 0; i < places_.correlate.size(); ++i) {
            const CorrelationRule& rule = set_.correlate[i];
            const bool takes_all = rule.op == CorrelationOp::group || rule.op == CorrelationOp::threshold;
            rules.push_back({&rule.match, needs_of(rule), takes_all && !rule.proceed});
        }
        order("correlate", rules, places_.correlate);
        rules.clear();
        for (const Route& route : set_.routes) rules.push_back({&route.match, {}, !route.proceed});
        order("route", rules, places_.routes);
        rules.clear();
        for (const DedupRule& rule : set_.dedup) rules.push_back({&rule.match, rule.key, true});
        order("dedup", rules, places_.dedup);
        rules.clear();
        for (const FlappingRule& rule : set_.flapping) rules.push_back({&rule.match, {}, true});
        order("flapping", rules, places_.flapping);
        rules.clear();
        for (const StormRule& rule : set_.storms) rules.push_back({&rule.match, {}, true});
        order("storm", rules, places_.storms);
    }

    std::string line_of(const RulePlace& earlier, const RulePlace& later, const std::string& name) {
        std::string text = name.empty() ? "" : "'" + name + "' ";
        text += earlier.where.file == later.where.file ? "in line " : "in " + earlier.where.file + " line ";
        return text + std::to_string(earlier.where.line);
    }

    void order(std::string_view section, const std::vector<OrderedRule>& rules, const std::vector<RulePlace>& places) {
        ShadowSearch search(shadow_comparisons_max);
        const std::size_t count = std::min(rules.size(), places.size());
        for (std::size_t i = 0; i < count; ++i) {
            const bool names = section == "correlate";
            const std::optional<std::size_t> earlier = search.add(rules[i]);
            if (earlier.has_value()) {
                warn(places[i], "",
                     "can never apply: the rule " +
                         line_of(places[*earlier], places[i], names ? set_.correlate[*earlier].name : "") +
                         " takes all that it matches",
                     "move it up, or narrow the other one");
            } else if (const auto same = search.same_match(); same.has_value() && names) {
                compete(*same, i);
            }
        }
        if (!search.is_exhausted()) return;
        problems_.warn({places.back().where.file, 0, 0}, std::string(section),
                       "not all rules were compared with each other: the search for rules that can never apply stopped "
                       "after " +
                           std::to_string(shadow_comparisons_max) + " comparisons",
                       "");
    }

    void compete(std::size_t first, std::size_t second) {
        const CorrelationRule& one = set_.correlate[first];
        const CorrelationRule& other = set_.correlate[second];
        if (one.op != CorrelationOp::group || other.op != CorrelationOp::group || one.by == other.by) return;
        warn(places_.correlate[second], "by",
             "competes with the rule " + line_of(places_.correlate[first], places_.correlate[second], one.name) +
                 ", which matches the same alerts and groups by " + list_of(one.by) +
                 ": alerts with these labels never come here",
             "if that is meant, say so in `match`: " + one.by.front() + "=\"\"");
    }

    // A label that only one matcher names, one slip of the finger away from a label that others name.
    void labels() {
        static const Labels usual{"alertname", "severity",  "instance",    "namespace", "cluster", "service",
                                  "hostname",  "host",      "job",         "container", "device",  "mountpoint",
                                  "priority",  "category",  "datacenter",  "team",      "site",    "source",
                                  "region",    "component", "environment", "node",      "pod",     "env"};
        std::map<std::string, std::size_t> uses;
        for (const std::string& label : usual) uses[label] = 2;
        const auto count = [&](const Labels& names) {
            for (const std::string& name : names) ++uses[name];
        };
        const auto count_matchers = [&](const Matchers& matchers) {
            for (const Matcher& matcher : matchers) ++uses[matcher.name()];
        };
        for_each_match([&](const RulePlace&, std::string_view, const Matchers& m) { count_matchers(m); });
        for (const EnrichRule& rule : set_.enrich) {
            count(rule.take);
            for (const auto& [label, value] : rule.set) uses[label] += 2;
        }
        for (const DedupRule& rule : set_.dedup) count(rule.key);
        for (const PairRule& rule : set_.pairs) count(rule.equal);
        for (const InhibitRule& rule : set_.inhibit) count(rule.equal);
        for (const CorrelationRule& rule : set_.correlate) count(rule.by);
        Labels known;
        for (const auto& [label, times] : uses) {
            if (times > 1) known.push_back(label);
        }
        for_each_match([&](const RulePlace& place, std::string_view key, const Matchers& matchers) {
            for (const Matcher& matcher : matchers) {
                if (uses[matcher.name()] > 1 || matcher.name().size() < 5) continue;
                const std::string near = nearest(matcher.name(), known);
                if (near.empty()) continue;
                warn(place, key, "no other rule knows the label " + shown(matcher.name()),
                     "did you mean '" + near + "'?");
            }
        });
    }

    // What the association learns is of use to rules of op: topology alone.
    void learning() {
        if (!compilation_.learn_at.has_value() || some_alert_meets_topology()) return;
        for (const std::string_view key : {"similarity", "co_occurrence", "habits", "labels"}) {
            if (!compilation_.learn_at->has(key)) continue;
            warn(*compilation_.learn_at, key, "has no effect: no alert comes to a rule of op: topology",
                 "remove it, or write such a rule");
        }
    }

    bool some_alert_meets_topology() const {
        for (const CorrelationRule& rule : set_.correlate) {
            if (rule.op == CorrelationOp::topology) return true;
            const bool takes_its_matches = rule.op == CorrelationOp::group || rule.op == CorrelationOp::threshold;
            if (takes_its_matches && rule.match.empty() && needs_of(rule).empty() && !rule.proceed) return false;
        }
        return false;
    }

    template <class Each>
    void for_each_match(const Each& each) {
        for (std::size_t i = 0; i < set_.enrich.size(); ++i) each(places_.enrich[i], "match", set_.enrich[i].match);
        for (std::size_t i = 0; i < set_.dedup.size(); ++i) each(places_.dedup[i], "match", set_.dedup[i].match);
        for (std::size_t i = 0; i < set_.silences.size(); ++i)
            each(places_.silences[i], "match", set_.silences[i].match);
        for (std::size_t i = 0; i < set_.inhibit.size(); ++i) {
            each(places_.inhibit[i], "source", set_.inhibit[i].source);
            each(places_.inhibit[i], "target", set_.inhibit[i].target);
        }
        for (std::size_t i = 0; i < set_.flapping.size(); ++i)
            each(places_.flapping[i], "match", set_.flapping[i].match);
        for (std::size_t i = 0; i < places_.correlate.size(); ++i)
            each(places_.correlate[i], "match", set_.correlate[i].match);
    }

    const Compilation& compilation_;
    const RuleSet& set_;
    const RulePlaces& places_;
    Problems& problems_;
    Instant now_;
};

}  // namespace

void warn_of_doubtful_rules(Compilation& compilation, Instant now) { Lint(compilation, now).run(); }

}  // namespace incidentd
