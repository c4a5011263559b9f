// The regexes that many rules ask of one label, answered together. Private to correlator/.
#pragma once

#include "correlator/matcher.hpp"
#include "correlator/string_hash.hpp"

#include <re2/set.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

using RulePostings = std::vector<std::uint32_t>;  // positions of rules, ascending

// What regex groups said of label values seen lately: nothing but time depends on what it remembers, so it is no part
// of the engine's state. Belongs to one thread at a time and serves any number of groups.
class MatchMemory {
public:
    static constexpr std::size_t value_bytes_max = 256;  // a longer value is matched anew each time
    static constexpr std::size_t bytes_max = 8U << 20U;  // of each generation; when the younger is full the older goes

    using Answer = std::shared_ptr<const RulePostings>;  // shared: it outlives its entry while somebody reads it
    struct Entry {
        bool known = false;
        Answer answer;
    };
    Entry find(std::uint64_t group, std::string_view value);
    void add(std::uint64_t group, std::string_view value, Answer answer);
    std::size_t bytes() const { return young_.bytes + old_.bytes; }

private:
    struct Generation {
        boost::unordered_flat_map<std::string, Answer, StringHash, std::equal_to<>> answers;
        std::size_t bytes = 0;
    };
    std::string_view key(std::uint64_t group, std::string_view value);
    Generation young_, old_;
    std::string key_;  // scratch
};

// Immutable once built; any number of threads may read it, each with its own memory.
class RegexGroup {
public:
    struct Pattern {
        Matcher regex;
        RulePostings rules;  // that ask it
    };
    explicit RegexGroup(std::vector<Pattern> patterns);

    // The rules one of whose regexes `value` matches; nullptr: none.
    MatchMemory::Answer rules_of(std::string_view value, MatchMemory& memory) const;

private:
    using Numbers = std::vector<std::uint32_t>;  // positions in patterns_

    void sort_by_shape();
    // Adds sets for `patterns`, halving what is too large for one.
    void add_sets(Numbers patterns);
    MatchMemory::Answer match(std::string_view value) const;
    void ask_sets(std::string_view value, Numbers& matched) const;
    void ask_by_literals(std::string_view value, Numbers& matched) const;

    struct Set {
        std::unique_ptr<re2::RE2::Set> set;
        Numbers patterns;
    };
    // Patterns by a text of this many bytes that their values hold somewhere.
    struct Literals {
        std::size_t bytes = 0;
        boost::unordered_flat_map<std::string, Numbers, StringHash, std::equal_to<>> patterns;
    };
    std::vector<Pattern> patterns_;
    std::vector<Set> sets_;
    std::vector<Literals> literals_;  // at most literal_bytes_max of them, by length
    Numbers alone_;                   // asked one by one
    std::uint64_t identity_ = 0;      // of the patterns, for the memory
};

}  // namespace incidentd
