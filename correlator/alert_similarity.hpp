// Which recent alerts read like a new one: words of its title without numbers, its check, the parts of its entity's
// name and its labels, each weighed by how rare it is. An inverted index of fixed size finds them.
// Cost of one onset: at most onset_tokens_max * postings_max looks.
#pragma once

#include "correlator/labels.hpp"
#include "correlator/recent_onsets.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace incidentd {

constexpr std::size_t posting_rows = 4'096;    // words the index knows; a new one takes the place of the one it meets
constexpr std::size_t postings_max = 8;        // latest onsets of one word
constexpr std::size_t word_counters = 8'192;   // of how often a word occurs; words may share one
constexpr std::uint32_t counted_most = 8'192;  // onsets, then all counts are halved: what was rare may become frequent
constexpr std::size_t similar_most = 4;        // onsets compared in full

// The condition an alert's title names: numbers change from message to message.
std::string without_numbers(std::string_view title);

// The words of one alert.
void tokens_of(std::string_view title, std::string_view check, std::string_view entity, LabelsView labels,
               RecentOnset& into);

class AlertSimilarity {
public:
    struct Similar {
        std::uint64_t number = 0;  // in RecentOnsets
        double share = 0;          // of the weight of all words of both, that both have
    };
    // Onsets among `recent` received after `since` that resemble `onset`, the most similar first, then the latest.
    std::vector<Similar> find(const RecentOnset& onset, const RecentOnsets& recent, Instant since) const;
    // Those whose entities' names begin like that of `onset`, by a beginning that few names have; in order.
    std::vector<std::uint64_t> named_alike(const RecentOnset& onset, const RecentOnsets& recent, Instant since) const;
    void add(const RecentOnset& onset, std::uint64_t number);
    std::uint64_t digest() const;

private:
    friend struct LearningSnapshot;
    struct Row {
        std::uint32_t word = 0;
        std::uint8_t count = 0;  // of the ring, at most postings_max
        std::uint8_t next = 0;
        std::array<std::uint64_t, postings_max> numbers{};
    };
    using Weights = std::array<double, onset_tokens_max>;  // of an onset's tokens, in their order
    double weight(const Token& token) const;
    Weights weights(const RecentOnset& onset) const;
    std::vector<Similar> candidates(const RecentOnset& onset, const Weights& own, const RecentOnsets& recent,
                                    std::uint64_t first) const;

    std::vector<Row> rows_;                // empty until the first onset
    std::vector<std::uint16_t> counters_;  // likewise
    std::uint32_t counted_ = 0;
};

}  // namespace incidentd
