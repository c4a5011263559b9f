#include "correlator/regex_group.hpp"

#include "correlator/regex_options.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

// Of one set: its program and the states of its automaton. A set whose program needs more is halved; states past it are
// forgotten and made anew.
constexpr std::int64_t set_memory_max = 32 << 20;
constexpr std::int64_t set_memory_of_few = 8 << 20;
constexpr std::size_t few = 1000;
constexpr std::size_t entry_bytes = 96;  // of the table and the shared answer, beside their contents

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
    build(0, patterns_.size());
}

void RegexGroup::build(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    auto set = std::make_unique<re2::RE2::Set>(regex_options(end - begin > few ? set_memory_max : set_memory_of_few),
                                               re2::RE2::ANCHOR_BOTH);
    bool good = true;
    for (std::size_t i = begin; i < end && good; ++i) good = set->Add(patterns_[i].regex.value(), nullptr) >= 0;
    if (good && set->Compile()) {
        sets_.push_back({std::move(set), begin, end});
    } else if (end - begin == 1) {
        alone_.push_back(begin);
    } else {
        const std::size_t middle = begin + (end - begin) / 2;
        build(begin, middle);
        build(middle, end);
    }
}

MatchMemory::Answer RegexGroup::rules_of(std::string_view value, MatchMemory& memory) const {
    if (value.size() > MatchMemory::value_bytes_max) return match(value);
    if (MatchMemory::Entry entry = memory.find(identity_, value); entry.known) return std::move(entry.answer);
    MatchMemory::Answer answer = match(value);
    memory.add(identity_, value, answer);
    return answer;
}

MatchMemory::Answer RegexGroup::match(std::string_view value) const {
    std::vector<std::size_t> matched;
    const auto ask = [&](std::size_t pattern) {
        if (patterns_[pattern].regex.matches(value)) matched.push_back(pattern);
    };
    std::vector<int> of_set;
    for (const Set& one : sets_) {
        of_set.clear();
        re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
        if (one.set->Match(re2::StringPiece(value.data(), value.size()), &of_set, &error)) {
            for (const int at : of_set) matched.push_back(one.begin + static_cast<std::size_t>(at));
        } else if (error.kind != re2::RE2::Set::kNoError) {
            for (std::size_t i = one.begin; i < one.end; ++i) ask(i);
        }
    }
    for (const std::size_t pattern : alone_) ask(pattern);
    if (matched.empty()) return nullptr;
    RulePostings rules;
    for (const std::size_t pattern : matched)
        rules.insert(rules.end(), patterns_[pattern].rules.begin(), patterns_[pattern].rules.end());
    std::sort(rules.begin(), rules.end());
    return std::make_shared<const RulePostings>(std::move(rules));
}

}  // namespace incidentd
