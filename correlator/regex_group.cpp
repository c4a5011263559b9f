#include "correlator/regex_group.hpp"

#include "correlator/regex_options.hpp"
#include "correlator/regex_shape.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

// Of one set: its program and the states of its automaton. A set whose program needs more is halved; states past it are
// forgotten and made anew.
constexpr std::int64_t set_memory_max = 32 << 20;
constexpr std::int64_t set_memory_of_few = 8 << 20;
constexpr std::size_t few = 1000;
constexpr std::size_t literal_bytes_max = 16;  // a pattern's text is looked for by its first bytes
constexpr std::size_t entry_bytes = 96;        // of the table and the shared answer, beside their contents

}  // namespace

// Values that hold the group's eight bytes first cannot be mistaken for another group's.
std::string_view MatchMemory::key(std::uint64_t group, std::string_view value) {
    key_.assign(reinterpret_cast<const char*>(&group), sizeof group);
    key_ += value;
    return key_;
}

MatchMemory::Entry MatchMemory::find(std::uint64_t group, std::string_view value) {
    const std::string_view wanted = key(group, value);
    if (const auto at = young_.answers.find(wanted); at != young_.answers.end()) return {true, at->second};
    const auto at = old_.answers.find(wanted);
    if (at == old_.answers.end()) return {};
    Answer answer = at->second;
    add(group, value, answer);
    return {true, std::move(answer)};
}

void MatchMemory::add(std::uint64_t group, std::string_view value, Answer answer) {
    if (value.size() > value_bytes_max) return;
    const std::size_t answer_bytes = answer == nullptr ? 0 : answer->size() * sizeof(RulePostings::value_type);
    const std::size_t bytes = entry_bytes + value.size() + answer_bytes;
    if (bytes > bytes_max) return;
    if (young_.bytes + bytes > bytes_max) old_ = std::exchange(young_, Generation{});
    young_.answers.insert_or_assign(std::string(key(group, value)), std::move(answer));
    young_.bytes += bytes;
}

RegexGroup::RegexGroup(std::vector<Pattern> patterns) : patterns_(std::move(patterns)) {
    for (const Pattern& pattern : patterns_) {
        identity_ = hash_text(pattern.regex.value(), identity_);
        for (const std::uint32_t rule : pattern.rules) identity_ = hash_text("", identity_ + rule);
    }
    sort_by_shape();
}

// An automaton over thousands of regexes is small as long as the value's first bytes tell them apart. Those that repeat
// something before their end (`.*-db`) would all stay possible to the end: they are looked for by a text they need.
void RegexGroup::sort_by_shape() {
    Numbers together;
    for (std::uint32_t i = 0; i < patterns_.size(); ++i) {
        const RegexShape shape = shape_of(patterns_[i].regex.value());
        if (shape.repeats_only_at_end) {
            together.push_back(i);
        } else if (shape.literal.empty()) {
            alone_.push_back(i);
        } else {
            const std::string key = shape.literal.substr(0, literal_bytes_max);
            auto of_length = std::find_if(literals_.begin(), literals_.end(),
                                          [&key](const Literals& one) { return one.bytes == key.size(); });
            if (of_length == literals_.end()) of_length = literals_.insert(of_length, {key.size(), {}});
            of_length->patterns[key].push_back(i);
        }
    }
    if (!together.empty()) add_sets(std::move(together));
}

void RegexGroup::add_sets(Numbers patterns) {
    const std::int64_t memory = patterns.size() > few ? set_memory_max : set_memory_of_few;
    auto set = std::make_unique<re2::RE2::Set>(regex_options(memory), re2::RE2::ANCHOR_BOTH);
    bool good = true;
    for (const std::uint32_t pattern : patterns)
        good = good && set->Add(patterns_[pattern].regex.value(), nullptr) >= 0;
    if (good && set->Compile()) {
        sets_.push_back({std::move(set), std::move(patterns)});
    } else if (patterns.size() == 1) {
        alone_.push_back(patterns.front());
    } else {
        const auto middle = patterns.begin() + static_cast<std::ptrdiff_t>(patterns.size() / 2);
        add_sets(Numbers(patterns.begin(), middle));
        add_sets(Numbers(middle, patterns.end()));
    }
}

MatchMemory::Answer RegexGroup::rules_of(std::string_view value, MatchMemory& memory) const {
    if (value.size() > MatchMemory::value_bytes_max) return match(value);
    if (MatchMemory::Entry entry = memory.find(identity_, value); entry.known) return std::move(entry.answer);
    MatchMemory::Answer answer = match(value);
    memory.add(identity_, value, answer);
    return answer;
}

void RegexGroup::ask_sets(std::string_view value, Numbers& matched) const {
    std::vector<int> of_set;
    for (const Set& one : sets_) {
        of_set.clear();
        re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
        if (one.set->Match(re2::StringPiece(value.data(), value.size()), &of_set, &error)) {
            for (const int at : of_set) matched.push_back(one.patterns[static_cast<std::size_t>(at)]);
        } else if (error.kind != re2::RE2::Set::kNoError) {
            for (const std::uint32_t pattern : one.patterns)
                if (patterns_[pattern].regex.matches(value)) matched.push_back(pattern);
        }
    }
}

void RegexGroup::ask_by_literals(std::string_view value, Numbers& matched) const {
    Numbers candidates;
    for (const Literals& one : literals_) {
        for (std::size_t at = 0; at + one.bytes <= value.size(); ++at) {
            const auto found = one.patterns.find(value.substr(at, one.bytes));
            if (found == one.patterns.end()) continue;
            candidates.insert(candidates.end(), found->second.begin(), found->second.end());
        }
    }
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (const std::uint32_t pattern : candidates)
        if (patterns_[pattern].regex.matches(value)) matched.push_back(pattern);
}

MatchMemory::Answer RegexGroup::match(std::string_view value) const {
    Numbers matched;
    ask_sets(value, matched);
    ask_by_literals(value, matched);
    for (const std::uint32_t pattern : alone_)
        if (patterns_[pattern].regex.matches(value)) matched.push_back(pattern);
    if (matched.empty()) return nullptr;
    RulePostings rules;
    for (const std::uint32_t pattern : matched)
        rules.insert(rules.end(), patterns_[pattern].rules.begin(), patterns_[pattern].rules.end());
    std::sort(rules.begin(), rules.end());
    return std::make_shared<const RulePostings>(std::move(rules));
}

}  // namespace incidentd
