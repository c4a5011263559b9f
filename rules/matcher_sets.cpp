#include "rules/matcher_sets.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t values_max = 1000;
constexpr std::string_view metacharacters = "\\.+*?()|[]{}^$";

bool is_any(const Matcher& matcher) { return matcher.op() == MatchOp::regex && matcher.value() == ".*"; }

// `x=~".+"` and `x!=""` are the same to people.
bool wants_something(const Matcher& matcher) {
    if (matcher.op() == MatchOp::not_equal) return matcher.value().empty();
    return matcher.op() == MatchOp::regex && matcher.value() == ".+";
}

std::string plain_form(const Matcher& matcher) {
    if (wants_something(matcher)) return matcher.name() + "!=\"\"";
    return matcher.text();
}

// The words of `a|b\.c`, perhaps in one pair of parentheses; nullopt when it is more than that.
std::optional<std::vector<std::string>> words_of(std::string_view regex) {
    for (const std::string_view open : {"(?:", "("}) {
        if (!regex.starts_with(open) || !regex.ends_with(')') || regex.find('(', 1) != std::string_view::npos) continue;
        regex.remove_prefix(open.size());
        regex.remove_suffix(1);
        break;
    }
    std::vector<std::string> words{""};
    for (std::size_t at = 0; at < regex.size(); ++at) {
        char c = regex[at];
        if (c == '|') {
            if (words.size() == values_max) return std::nullopt;
            words.emplace_back();
            continue;
        }
        if (c == '\\') {
            if (at + 1 == regex.size()) return std::nullopt;
            c = regex[++at];
            const bool is_punctuation = std::string_view(" -_/:@#%&=~,;<>\"'`!").find(c) != std::string_view::npos ||
                                        metacharacters.find(c) != std::string_view::npos;
            if (!is_punctuation) return std::nullopt;
        } else if (metacharacters.find(c) != std::string_view::npos) {
            return std::nullopt;
        }
        words.back() += c;
    }
    return words;
}

// Anchors inside a pattern of plain characters: nothing stands before a line's begin or behind its end.
bool can_never_match(const Matcher& matcher) {
    if (matcher.op() == MatchOp::not_regex) return matcher.value() == ".*";
    if (matcher.op() != MatchOp::regex) return false;
    const std::string_view regex = matcher.value();
    if (regex.find_first_of("\\|()[]{}*?") != std::string_view::npos) return false;
    const std::size_t begin = regex.find('^', 1);
    const std::size_t end = regex.find('$');
    return (begin != std::string_view::npos && regex.find_first_not_of('^') < begin) ||
           (end != std::string_view::npos && regex.find_first_not_of('$', end) != std::string_view::npos);
}

bool are_opposites(const Matcher& a, const Matcher& b) {
    const bool ops = (a.op() == MatchOp::regex && b.op() == MatchOp::not_regex) ||
                     (a.op() == MatchOp::not_regex && b.op() == MatchOp::regex);
    return ops && a.value() == b.value();
}

}  // namespace

std::optional<std::vector<std::string>> values_of(const Matcher& matcher) {
    if (matcher.op() == MatchOp::equal) return std::vector<std::string>{matcher.value()};
    if (matcher.op() != MatchOp::regex) return std::nullopt;
    return words_of(matcher.value());
}

MatcherSet::MatcherSet(const Matchers& matchers) {
    for (const Matcher& matcher : matchers) terms_.push_back({&matcher, values_of(matcher)});
    for (LabelTerm& term : terms_) {
        for (const LabelTerm& other : terms_) {
            if (other.matcher->name() != term.matcher->name()) continue;
            if (!term.values.has_value()) term.values = other.values;
            if (term.values.has_value()) {
                std::erase_if(*term.values, [&](const std::string& v) { return !other.matcher->matches(v); });
            }
        }
        if (!term.values.has_value()) continue;
        std::sort(term.values->begin(), term.values->end());
        term.values->erase(std::unique(term.values->begin(), term.values->end()), term.values->end());
    }
}

std::string MatcherSet::contradiction() const {
    for (const LabelTerm& term : terms_) {
        if (can_never_match(*term.matcher)) return term.matcher->text() + " never matches";
        for (const LabelTerm& other : terms_) {
            if (&other == &term || other.matcher->name() != term.matcher->name()) continue;
            const bool is_empty = term.values.has_value() && term.values->empty();
            if (is_empty || are_opposites(*term.matcher, *other.matcher)) {
                return term.matcher->text() + " and " + other.matcher->text() + " exclude each other";
            }
        }
    }
    return "";
}

bool MatcherSet::is_required(std::string_view label) const {
    return std::any_of(terms_.begin(), terms_.end(), [&](const LabelTerm& term) {
        return term.matcher->name() == label && !term.matcher->matches(std::string_view());
    });
}

bool MatcherSet::is_refused(std::string_view label) const {
    return std::any_of(terms_.begin(), terms_.end(), [&](const LabelTerm& term) {
        return term.matcher->name() == label && term.values.has_value() && term.values->size() == 1 &&
               term.values->front().empty();
    });
}

bool MatcherSet::implies(const Matcher& wide) const {
    if (is_any(wide)) return true;
    for (const LabelTerm& term : terms_) {
        const Matcher& narrow = *term.matcher;
        if (narrow.name() != wide.name()) continue;
        if (term.values.has_value()) {
            return std::all_of(term.values->begin(), term.values->end(),
                               [&](const std::string& value) { return wide.matches(value); });
        }
        if (plain_form(narrow) == plain_form(wide)) return true;
        const bool excludes = wide.op() == MatchOp::not_equal || wants_something(wide);
        const std::string_view excluded = wide.op() == MatchOp::not_equal ? std::string_view(wide.value()) : "";
        if (excludes && !narrow.matches(excluded)) return true;
    }
    return false;
}

bool MatcherSet::implies(const MatcherSet& wide) const {
    return std::all_of(wide.terms_.begin(), wide.terms_.end(),
                       [this](const LabelTerm& term) { return implies(*term.matcher); });
}

std::string MatcherSet::canonical() const {
    std::vector<std::string> texts;
    for (const LabelTerm& term : terms_) {
        if (!is_any(*term.matcher)) texts.push_back(plain_form(*term.matcher));
    }
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    std::string out;
    for (const std::string& text : texts) out += text + ",";
    return out;
}

}  // namespace incidentd
