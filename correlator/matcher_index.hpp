// Finds which of many matcher lists hold for a label set, without asking each: equality by hash, the regexes of one
// label by one set. The answer is that of asking each list in order.
#pragma once

#include "correlator/labels.hpp"
#include "correlator/matcher.hpp"
#include "correlator/regex_group.hpp"
#include "correlator/string_hash.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace incidentd {

// Each list is found by one of its matchers, the key: the one that it shares with the fewest other lists among those
// that cannot hold for a missing label. Lists without such a matcher are asked every time.
//
// Immutable once built; any number of threads may read it, each with its own memory.
class MatcherIndex {
public:
    using Rule = std::uint32_t;  // a list's position among those it was built from
    static constexpr Rule none = UINT32_MAX;

    MatcherIndex() = default;
    // Copies what it needs of the lists.
    explicit MatcherIndex(std::span<const Matchers* const> rules);

    // Calls `visit(Rule)` for each list from `from` on all of whose matchers hold, in ascending order, until it returns
    // false. `labels` must stay as they are until then.
    template <class Visit>
    void each(LabelsView labels, MatchMemory& memory, Visit&& visit, Rule from = 0) const {
        Candidates candidates;
        gather(labels, memory, candidates);
        candidates.skip_to(from);
        for (Rule rule = candidates.next(); rule != none; rule = candidates.next())
            if (matches_all(rests_[rule], labels) && !visit(rule)) return;
    }

    // The first such list, or `none`.
    Rule first(LabelsView labels, MatchMemory& memory) const {
        Rule found = none;
        each(labels, memory, [&found](Rule rule) {
            found = rule;
            return false;
        });
        return found;
    }

    std::size_t size() const { return rests_.size(); }

private:
    // What the labels' values point to, merged in ascending order. No list stands in two of the postings.
    class Candidates {
    public:
        void add(const RulePostings& postings) {
            ranges_.push_back({postings.data(), postings.data() + postings.size()});
        }
        void add(MatchMemory::Answer answer) {
            if (answer == nullptr) return;
            add(*answer);
            held_.push_back(std::move(answer));
        }
        void skip_to(Rule from);
        Rule next();

    private:
        struct Range {
            const Rule *at, *end;
        };
        boost::container::small_vector<Range, 16> ranges_;
        boost::container::small_vector<MatchMemory::Answer, 8> held_;
    };
    struct Name {
        boost::unordered_flat_map<std::string, RulePostings, StringHash, std::equal_to<>> equal;
        std::unique_ptr<RegexGroup> regexes;  // null: no list is found by a regex of this label
    };
    class Builder;

    void gather(LabelsView labels, MatchMemory& memory, Candidates& candidates) const;

    std::vector<Matchers> rests_;  // of each list, what its key does not say
    RulePostings always_;          // lists without a key
    boost::unordered_flat_map<std::string, Name, StringHash, std::equal_to<>> names_;
};

}  // namespace incidentd
