#include "rules/shadow_search.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t prefix_bytes_max = 16;

std::string value_key(const std::string& label, std::string_view value) { return (label + '\0').append(value); }

// What every value begins with that the regex matches, as far as it is plain to see.
std::string_view prefix_of(std::string_view regex) {
    if (regex.find('|') != std::string_view::npos) return {};
    std::size_t length = std::min(regex.find_first_of("\\.+*?()[]{}^$"), regex.size());
    const bool may_be_absent =
        length < regex.size() && std::string_view("*?{").find(regex[length]) != std::string_view::npos;
    if (may_be_absent && length > 0) --length;
    return regex.substr(0, std::min(length, prefix_bytes_max));
}

bool is_regex(const LabelTerm& term) {
    return term.matcher->op() == MatchOp::regex && term.matcher->value() != ".*" && term.matcher->value() != ".+";
}

}  // namespace

bool ShadowSearch::shadows(std::size_t earlier, const MatcherSet& match, const std::vector<std::string>& needs) {
    if (comparisons_left_ == 0) return false;
    --comparisons_left_;
    const Known& known = rules_[earlier];
    const bool has_needs = std::all_of(known.needs.begin(), known.needs.end(), [&](const std::string& label) {
        return std::find(needs.begin(), needs.end(), label) != needs.end() || match.is_required(label);
    });
    return has_needs && match.implies(known.match);
}

std::optional<std::size_t> ShadowSearch::first_of(const std::vector<std::size_t>& candidates, const MatcherSet& match,
                                                  const std::vector<std::string>& needs) {
    for (const std::size_t earlier : candidates) {
        if (shadows(earlier, match, needs)) return earlier;
    }
    return std::nullopt;
}

std::optional<std::size_t> ShadowSearch::add(const OrderedRule& rule) {
    const std::size_t position = rules_.size();
    rules_.push_back({MatcherSet(*rule.match), rule.needs});
    const MatcherSet& match = rules_.back().match;
    std::optional<std::size_t> found = first_of(catch_alls_, match, rule.needs);
    const auto ask = [&](const auto& index, const std::string& key) {
        if (found.has_value()) return;
        if (const auto at = index.find(key); at != index.end()) found = first_of(at->second, match, rule.needs);
    };
    for (const LabelTerm& term : match.terms()) {
        const std::string& label = term.matcher->name();
        if (!term.values.has_value()) ask(by_text_, term.matcher->text());
        if (term.values.has_value() && !term.values->empty()) {
            const std::string_view value = term.values->front();
            ask(by_value_, value_key(label, value));
            for (std::size_t length = 0; length <= std::min(value.size(), prefix_bytes_max); ++length) {
                ask(by_prefix_, value_key(label, value.substr(0, length)));
            }
        }
        ask(by_label_, label);
    }
    const std::string canonical = match.canonical();
    const auto same = by_match_.find(canonical);
    same_ = same == by_match_.end() ? std::nullopt : std::optional(same->second);
    if (!rule.takes) return found;
    by_match_.try_emplace(canonical, position);
    if (!found.has_value()) remember(position);
    return found;
}

// Under one of its terms: what shadows a rule must be implied in all of them.
void ShadowSearch::remember(std::size_t position) {
    const std::vector<LabelTerm>& terms = rules_[position].match.terms();
    if (terms.empty()) return catch_alls_.push_back(position);
    const auto known = std::find_if(terms.begin(), terms.end(), [](const LabelTerm& term) {
        return term.values.has_value() && !term.values->empty();
    });
    if (known == terms.end()) return remember_open(position);
    for (const std::string& value : *known->values) {
        by_value_[value_key(known->matcher->name(), value)].push_back(position);
    }
}

// A regex is implied by itself, or by known values that it matches; anything else is looked for under its label.
void ShadowSearch::remember_open(std::size_t position) {
    const std::vector<LabelTerm>& terms = rules_[position].match.terms();
    const auto regex = std::find_if(terms.begin(), terms.end(), is_regex);
    if (regex == terms.end()) return by_label_[terms.front().matcher->name()].push_back(position);
    by_text_[regex->matcher->text()].push_back(position);
    by_prefix_[value_key(regex->matcher->name(), prefix_of(regex->matcher->value()))].push_back(position);
}

}  // namespace incidentd
