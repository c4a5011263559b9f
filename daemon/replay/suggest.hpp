// What rules a recording speaks for: checks that follow one another more often than chance, as proposals with their
// evidence. Proposals only: nothing here changes the rules of anybody.
#pragma once

#include "correlator/co_occurrence.hpp"
#include "correlator/labels.hpp"
#include "correlator/recent_onsets.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

constexpr std::size_t mined_pairs_max = 20'000;  // further pairs are not looked at

struct Suggestion {
    enum class Kind : std::uint8_t { group, inhibit };
    Kind kind = Kind::group;
    std::string first, then;                    // the checks, by name
    std::string shared;                         // the label whose value is the same in both
    std::string yaml;                           // a rule file with this rule alone
    LearnedPair pair;                           // cases, control, lift
    std::uint64_t shared_cases = 0, cases = 0;  // in which the label was the same
    Instant earliest, latest;                   // cases
    std::vector<Instant> examples;              // the first ones
};

class SuggestionMiner {
public:
    // Checks within `window` of each other may belong together.
    explicit SuggestionMiner(Duration window) : window_(window) {}
    // An alert began to fire. In the order of time.
    void onset(LabelsView labels, Instant at);
    // The strongest first.
    std::vector<Suggestion> suggestions(std::size_t most, Instant now) const;

private:
    struct Check {  // an alert's check and the label that names it
        std::string label, value;
    };
    struct Seen {
        Check check;
        std::vector<std::pair<std::string, std::string>> labels;
    };
    struct Cases {
        Check first, then;
        std::uint64_t count = 0;
        std::map<std::string, std::uint64_t> shared;  // label -> cases in which both had the same value
        Instant earliest, latest;
        std::vector<Instant> examples;
    };
    static Check check_of(LabelsView labels);
    void count_cases(const Seen& then, Instant at);
    bool describe(Suggestion& suggestion, const Cases& cases) const;

    Duration window_;
    RecentOnsets recent_;
    std::deque<Seen> seen_;  // of recent_, in the same order
    CoOccurrence pairs_;
    std::map<std::pair<std::string, std::string>, Cases> cases_;
};

}  // namespace incidentd
