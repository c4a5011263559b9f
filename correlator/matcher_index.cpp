#include "correlator/matcher_index.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t alternatives_max = 64;  // of a regex that is looked up as so many values

// The values of a regex that is but a list of them (`mysql|pg|maria-db`); nullopt for any other regex.
std::optional<std::vector<std::string>> plain_alternatives(std::string_view regex) {
    std::vector<std::string> values(1);
    for (std::size_t i = 0; i < regex.size(); ++i) {
        const char c = regex[i];
        if (c == '|') {
            if (values.size() == alternatives_max) return std::nullopt;
            values.emplace_back();
            continue;
        }
        if (c == '\\') {  // a letter or digit after it has a meaning of its own
            static constexpr std::string_view literal = ".-/:_|+*?()[]{}^$\\";
            if (i + 1 == regex.size() || literal.find(regex[i + 1]) == std::string_view::npos) return std::nullopt;
            values.back() += regex[++i];
            continue;
        }
        if (std::string_view(".+*?()[]{}^$").find(c) != std::string_view::npos) return std::nullopt;
        values.back() += c;
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
}

// How a list may be found by one of its matchers.
struct KeyChoice {
    std::size_t matcher = 0;
    std::vector<std::string> values;  // empty: by its regex
    std::size_t shared = 0;           // with so many lists, this one included
};

bool can_be_key(const Matcher& matcher) {
    return (matcher.op() == MatchOp::equal || matcher.op() == MatchOp::regex) && !matcher.matches(std::string_view{});
}

std::vector<std::string> values_of(const Matcher& matcher) {
    if (matcher.op() == MatchOp::equal) return {matcher.value()};
    return plain_alternatives(matcher.value()).value_or(std::vector<std::string>{});
}

}  // namespace

class MatcherIndex::Builder {
public:
    Builder(MatcherIndex& index, std::span<const Matchers* const> rules) : index_(index), rules_(rules) {}

    void build() {
        for (const Matchers* rule : rules_) count(*rule);
        index_.rests_.reserve(rules_.size());
        for (const Matchers* rule : rules_) place(*rule, static_cast<Rule>(index_.rests_.size()));
        for (auto& [name, patterns] : patterns_) {
            std::vector<RegexGroup::Pattern> group;
            for (auto& [text, pattern] : patterns) group.push_back(std::move(pattern));
            index_.names_[name].regexes = std::make_unique<RegexGroup>(std::move(group));
        }
    }

private:
    void count(const Matchers& rule) {
        for (const Matcher& matcher : rule) {
            if (!can_be_key(matcher)) continue;
            const std::vector<std::string> values = values_of(matcher);
            for (const std::string& value : values) ++equal_[{matcher.name(), value}];
            if (values.empty()) ++regex_[{matcher.name(), matcher.value()}];
        }
    }

    std::optional<KeyChoice> choose(const Matchers& rule) const {
        std::optional<KeyChoice> best;
        for (std::size_t i = 0; i < rule.size(); ++i) {
            if (!can_be_key(rule[i])) continue;
            KeyChoice choice{i, values_of(rule[i]), 0};
            for (const std::string& value : choice.values)
                choice.shared = std::max(choice.shared, equal_.at({rule[i].name(), value}));
            // A regex tends to match more values than one: it must be much rarer to be the better key.
            if (choice.values.empty()) choice.shared = 4 * regex_.at({rule[i].name(), rule[i].value()});
            if (!best.has_value() || choice.shared < best->shared) best = std::move(choice);
        }
        return best;
    }

    void place(const Matchers& rule, Rule number) {
        const std::optional<KeyChoice> key = choose(rule);
        Matchers rest;
        for (std::size_t i = 0; i < rule.size(); ++i)
            if (!key.has_value() || i != key->matcher) rest.push_back(rule[i]);
        const auto is_regex = [](const Matcher& m) { return m.op() == MatchOp::regex || m.op() == MatchOp::not_regex; };
        std::stable_partition(rest.begin(), rest.end(), [&](const Matcher& m) { return !is_regex(m); });
        index_.rests_.push_back(std::move(rest));
        if (!key.has_value()) {
            index_.always_.push_back(number);
            return;
        }
        const Matcher& matcher = rule[key->matcher];
        for (const std::string& value : key->values) index_.names_[matcher.name()].equal[value].push_back(number);
        if (!key->values.empty()) return;
        const auto [pattern, is_new] =
            patterns_[matcher.name()].try_emplace(matcher.value(), RegexGroup::Pattern{matcher, {}});
        pattern->second.rules.push_back(number);
    }

    MatcherIndex& index_;
    std::span<const Matchers* const> rules_;
    std::map<std::pair<std::string, std::string>, std::size_t> equal_, regex_;  // (label, value or regex) -> lists
    std::map<std::string, std::map<std::string, RegexGroup::Pattern>> patterns_;
};

MatcherIndex::MatcherIndex(std::span<const Matchers* const> rules) { Builder(*this, rules).build(); }

void MatcherIndex::gather(LabelsView labels, MatchMemory& memory, Candidates& candidates) const {
    if (!always_.empty()) candidates.add(always_);
    if (names_.empty()) return;
    for (const LabelView& label : labels) {
        const auto name = names_.find(label.name);
        if (name == names_.end()) continue;
        const Name& found = name->second;
        if (const auto at = found.equal.find(label.value); at != found.equal.end()) candidates.add(at->second);
        if (found.regexes != nullptr) candidates.add(found.regexes->rules_of(label.value, memory));
    }
}

void MatcherIndex::Candidates::skip_to(Rule from) {
    if (from == 0) return;
    for (Range& range : ranges_) range.at = std::lower_bound(range.at, range.end, from);
}

MatcherIndex::Rule MatcherIndex::Candidates::next() {
    Range* least = nullptr;
    for (Range& range : ranges_)
        if (range.at != range.end && (least == nullptr || *range.at < *least->at)) least = &range;
    return least == nullptr ? none : *least->at++;
}

}  // namespace incidentd
