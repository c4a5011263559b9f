#include "bench/quality/score.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

namespace incidentd::quality {
namespace {

double pairs_of(double count) { return count * (count - 1) / 2; }
double ratio_of(double part, double whole, double otherwise = 0) { return whole > 0 ? part / whole : otherwise; }
double f1(double p, double r) { return p + r > 0 ? 2 * p * r / (p + r) : 0; }

double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    return values[at > 0 ? at - 1 : 0];
}

class Judge {
public:
    Judge(const Truth& truth, const Prediction& prediction) : t_(truth), p_(prediction) {
        in_truth_.resize(t_.names.size());
        by_truth_.resize(t_.names.size());
        for (std::size_t i = 0; i < t_.incident.size(); ++i) {
            in_truth_[t_.incident[i]] += 1;
            if (p_.incident[i] == kept_out) {
                alone_ += 1;
            } else {
                by_truth_[t_.incident[i]][p_.incident[i]] += 1;
                in_prediction_[p_.incident[i]] += 1;
            }
        }
        for (std::uint32_t number = 0; number < t_.names.size(); ++number)
            if (!t_.is_noise(number) && in_truth_[number] > 0) real_.push_back(number);  // all of it may be lost
    }

    Score result() {
        score_.alerts = t_.incident.size();
        score_.incidents = real_.size();
        score_.opened = in_prediction_.size();
        score_.ratio = ratio_of(static_cast<double>(score_.opened), static_cast<double>(real_.size()));
        score_.kept_out_share = ratio_of(alone_, static_cast<double>(score_.alerts));
        by_pairs();
        by_incident();
        by_prediction();
        roots();
        delays();
        return std::move(score_);
    }

private:
    void by_pairs() {
        double together = 0, ignored = 0, predicted = 0, actual = 0;
        std::unordered_map<std::uint32_t, double> real_in;
        double real_alerts = 0;
        for (std::uint32_t number = 0; number < by_truth_.size(); ++number) {
            const bool noise = t_.is_noise(number);
            if (!noise) actual += pairs_of(in_truth_[number]), real_alerts += in_truth_[number];
            for (const auto& [incident, count] : by_truth_[number]) {
                (noise ? ignored : together) += pairs_of(count);
                if (!noise) real_in[incident] += count;
            }
        }
        for (const auto& [incident, count] : in_prediction_) predicted += pairs_of(count);
        score_.pair_p = ratio_of(together, predicted - ignored, 1);
        score_.pair_r = ratio_of(together, actual, 1);
        score_.pair_f1 = f1(score_.pair_p, score_.pair_r);
        double clustered = 0;
        for (const auto& [incident, count] : real_in) clustered += pairs_of(count);
        const double expected = ratio_of(actual * clustered, pairs_of(real_alerts));
        score_.ari = ratio_of(together - expected, (actual + clustered) / 2 - expected, 1);
    }

    void by_incident() {
        std::unordered_map<std::uint32_t, int> mains;
        double precision = 0, recall = 0, found = 0, split = 0;
        for (const std::uint32_t number : real_) {
            const double all = in_truth_[number];
            double put = 0, p = 0, r = 0, best = 0, largest = 0;
            for (const auto& [incident, count] : by_truth_[number]) {
                put += count;
                p += count * count / in_prediction_[incident];
                r += count * count;
                best = std::max(best, count / (all + in_prediction_[incident] - count));
                if (count > largest || (count == largest && incident > main_[number]))
                    largest = count, main_[number] = incident;
            }
            p = (p + all - put) / all;
            r = (r + all - put) / (all * all);
            precision += p, recall += r, found += best >= 0.5, split += largest < 0.8 * all;
            if (largest > 0) ++mains[main_[number]];
            score_.missed += largest == 0;
            auto& type = score_.by_type[t_.type[number]];
            type.incidents += 1, type.precision += p, type.recall += r, type.found50 += best >= 0.5;
            type.missed += largest == 0;
        }
        const auto n = static_cast<double>(real_.size());
        double merged = 0;
        for (const auto& [number, incident] : main_) merged += mains[incident] > 1;
        score_.mac_p = ratio_of(precision, n);
        score_.mac_r = ratio_of(recall, n);
        score_.mac_f1 = f1(score_.mac_p, score_.mac_r);
        score_.found50 = ratio_of(found, n);
        score_.split = ratio_of(split, n);
        score_.merged = ratio_of(merged, n);
    }

    void by_prediction() {
        std::unordered_map<std::uint32_t, double> largest, noise;
        for (std::uint32_t number = 0; number < by_truth_.size(); ++number)
            for (const auto& [incident, count] : by_truth_[number]) {
                if (t_.is_noise(number))
                    noise[incident] += count;
                else
                    largest[incident] = std::max(largest[incident], count);
            }
        double pure = alone_, contamination = 0, mostly = 0;
        for (const auto& [incident, count] : in_prediction_) {
            pure += std::max(largest[incident], noise[incident]);
            if (noise[incident] == count)
                ++score_.noise_incidents;
            else if (noise[incident] * 2 < count)
                contamination += noise[incident], mostly += count;
        }
        score_.purity = ratio_of(pure, static_cast<double>(score_.alerts));
        score_.contamination = ratio_of(contamination, mostly);
    }

    bool is_root(std::uint32_t number, const Guess& guess) const {
        const std::string& root = t_.root_entity[number];
        if (guess.alert == kept_out) return !root.empty() && root == guess.entity;
        return (t_.is_root[guess.alert] && t_.incident[guess.alert] == number) ||
               (!root.empty() && t_.entity[guess.alert] == root);
    }

    void roots() {
        std::set<std::uint32_t> known;
        for (std::size_t i = 0; i < t_.incident.size(); ++i)
            if (t_.is_root[i] && !t_.is_noise(t_.incident[i])) known.insert(t_.incident[i]);
        for (const std::uint32_t number : real_)
            if (!t_.root_entity[number].empty()) known.insert(number);
        double first = 0, third = 0;
        for (const std::uint32_t number : known) {
            auto& type = score_.by_type[t_.type[number]];
            type.roots += 1;
            const auto main = main_.find(number);
            if (main == main_.end()) continue;
            const auto guesses = p_.roots.find(main->second);
            if (guesses == p_.roots.end()) continue;
            const std::vector<Guess>& all = guesses->second;
            const auto hit = std::find_if(all.begin(), all.end(), [&](const Guess& g) { return is_root(number, g); });
            first += hit == all.begin() && hit != all.end();
            type.top1 += hit == all.begin() && hit != all.end();
            third += hit != all.end() && hit - all.begin() < 3;
        }
        score_.known_roots = known.size();
        score_.top1 = ratio_of(first, static_cast<double>(known.size()));
        score_.top3 = ratio_of(third, static_cast<double>(known.size()));
    }

    void delays() {
        std::unordered_map<std::uint32_t, std::int64_t> first;
        for (std::size_t i = 0; i < t_.incident.size(); ++i) first.try_emplace(t_.incident[i], t_.received_ms[i]);
        std::vector<double> delays;
        for (const auto& [number, incident] : main_) {
            const auto opened = p_.opened_ms.find(incident);
            if (opened == p_.opened_ms.end()) continue;
            delays.push_back(static_cast<double>(std::max<std::int64_t>(0, opened->second - first[number])) / 1000);
        }
        score_.delay_p50_s = quantile(delays, 0.5);
        score_.delay_p95_s = quantile(delays, 0.95);
    }

    const Truth& t_;
    const Prediction& p_;
    std::vector<double> in_truth_;
    std::vector<std::map<std::uint32_t, double>> by_truth_;  // true incident -> predicted -> alerts
    std::unordered_map<std::uint32_t, double> in_prediction_;
    std::vector<std::uint32_t> real_;
    std::map<std::uint32_t, std::uint32_t> main_;  // true incident -> the predicted one with most of it
    double alone_ = 0;
    Score score_;
};

}  // namespace

Score judge(const Truth& truth, const Prediction& prediction) { return Judge(truth, prediction).result(); }

}  // namespace incidentd::quality
