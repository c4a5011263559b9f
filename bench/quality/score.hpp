// Judges which alerts were put together, and what was named as the root, against the truth.
//
// pair_*   pairs of alerts put together. Pairs of noise of one check are ignored, every other pair with noise counts as
//          wrong.
// mac_*    the same idea averaged per true incident (B-cubed inside each): an outage of 50,000 alerts weighs as much as
//          one of 5. An alert kept out of every incident is alone: precision 1, recall 1/n.
// ari      adjusted Rand index over the alerts of true incidents.
// found50  true incidents with a predicted one of Jaccard >= 0.5. ratio: predicted / true incidents.
// top1/3   rank of the true root among the guesses of the predicted incident that holds most of the true one.
#pragma once

#include "bench/quality/dataset.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace incidentd::quality {

constexpr std::uint32_t kept_out = UINT32_MAX;

struct Guess {
    std::uint32_t alert = kept_out;  // line of the stream; kept_out: the entity is named instead
    std::string entity;              // under its name in the topology
};

struct Prediction {
    std::vector<std::uint32_t> incident;                // by alert; kept_out: in no incident
    std::map<std::uint32_t, std::vector<Guess>> roots;  // by predicted incident, the likeliest first
    std::map<std::uint32_t, std::int64_t> opened_ms;    // by predicted incident
};

struct Score {
    std::uint64_t alerts = 0, incidents = 0, opened = 0, noise_incidents = 0, missed = 0, known_roots = 0;
    double pair_p = 0, pair_r = 0, pair_f1 = 0, mac_p = 0, mac_r = 0, mac_f1 = 0, ari = 0;
    double ratio = 0, found50 = 0, merged = 0, split = 0, purity = 0, contamination = 0, kept_out_share = 0;
    double top1 = 0, top3 = 0, delay_p50_s = 0, delay_p95_s = 0;
    struct ByType {
        std::uint64_t incidents = 0, roots = 0;
        double precision = 0, recall = 0, found50 = 0, top1 = 0, missed = 0;
    };
    std::map<std::string, ByType> by_type;  // sums, not means
};

Score judge(const Truth& truth, const Prediction& prediction);

}  // namespace incidentd::quality
