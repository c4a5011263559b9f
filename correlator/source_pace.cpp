#include "correlator/source_pace.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace incidentd {
namespace {

constexpr double prior_s = 200, prior_onsets = 300;  // what is assumed of a new source, and how firmly
constexpr std::uint64_t onsets_least = 100, learn_every = 32;
constexpr std::uint32_t run_length = 16;  // stamps that must share a step
constexpr double peak_share = 0.1;
constexpr double least_scale_s = 2, most_scale_s = 300, most_stepped_scale_s = 900;
constexpr std::int64_t steps_in_scale = 4;  // a source that looks every 5 minutes sees one outage over several looks
constexpr double delay_rate_least = 0.005, most_surprise_ms = 120'000;

// A firing alert that nobody repeats: of a source yet unknown, of one that repeats, of one that never does. Usual
// intervals of repetition are an hour and four (Alertmanager's repeat_interval): what comes a little late must not look
// like a new onset.
constexpr Duration silence_unknown = hours(5), silence_least = minutes(30), silence_no_repeats = minutes(75);

double rate_of(std::uint64_t compared) {
    return std::max(delay_rate_least, 0.5 / (10.0 + static_cast<double>(compared)));
}

}  // namespace

void SourcePace::onset(Instant at, Duration gap) {
    std::size_t at_class = gaps_.size() - 1;
    for (std::size_t i = 0; gap.ms >= 0 && i + 1 < edges_s.size(); ++i) {
        if (gap >= seconds(edges_s[i + 1])) continue;
        at_class = i;
        break;
    }
    ++gaps_[at_class];
    learn_step(at);
    if (++onsets_ % learn_every == 0) learn_scale();
}

void SourcePace::learn_step(Instant at) {
    if (!first_.is_set()) first_ = at;
    if (at == last_) return;
    ++stamps_;
    if (last_.is_set()) {
        run_step_.ms = std::gcd(run_step_.ms, std::abs((at - last_).ms));
        if (++run_ == run_length) {
            step_ = run_step_;
            run_step_ = Duration{0};
            run_ = 0;
        }
    }
    last_ = at;
}

void SourcePace::learn_scale() {
    if (onsets_ < onsets_least) return;
    const auto all = static_cast<double>(onsets_);
    std::array<double, edges_s.size()> rate{};
    double left = all, peak = 0;
    for (std::size_t i = 0; i + 1 < edges_s.size(); ++i) {
        const auto here = static_cast<double>(gaps_[i]);
        rate[i] = here / std::max(left, 1.0) / static_cast<double>(edges_s[i + 1] - edges_s[i]);
        left -= here;
        if (here >= 5 + 0.02 * all) peak = std::max(peak, rate[i]);
    }
    if (peak == 0) return;
    double found = 1;
    bool past_peak = false;
    for (std::size_t i = 0; i + 1 < edges_s.size(); ++i) {
        if (rate[i] >= peak_share * peak) {
            found = static_cast<double>(edges_s[i + 1]);
            past_peak = past_peak || rate[i] == peak;
        } else if (past_peak) {
            break;
        }
    }
    const double weight = all / (all + prior_onsets);
    double scale = std::clamp(weight * found + (1 - weight) * prior_s, least_scale_s, most_scale_s);
    if (step_ >= seconds(2))
        scale =
            std::max(scale, std::min(most_stepped_scale_s, static_cast<double>((step_ * steps_in_scale).ms) / 1000));
    scale_.ms = static_cast<std::int64_t>(scale * 1000);
}

void SourcePace::compare(SourcePace& other, Duration apart) {
    const double surprise = static_cast<double>(apart.ms) - (delay_ms_ - other.delay_ms_);
    const double step = std::clamp(surprise, -most_surprise_ms, most_surprise_ms);
    delay_ms_ += step * rate_of(++compared_);
    other.delay_ms_ -= step * rate_of(++other.compared_);
}

void SourcePace::repetition(Duration gap) {
    if (gap < minutes(1)) return;
    ++repetitions_;
    const double rate = std::max(0.02, 1.0 / static_cast<double>(repetitions_));
    repeat_gap_ms_ += rate * (static_cast<double>(gap.ms) - repeat_gap_ms_);
}

Duration SourcePace::silence_most() const {
    if (!sends_recoveries()) return {static_cast<std::int64_t>(static_cast<double>(scale_.ms) * 1.5)};
    if (onsets_ < 50) return silence_unknown;
    if (repetitions_ * 10 < onsets_) return silence_no_repeats;
    return std::max(silence_least, Duration{static_cast<std::int64_t>(repeat_gap_ms_ * 2.5)});
}

double SourcePace::busy_share() const {
    if (step_.ms <= 0) return 1;
    const auto steps = static_cast<double>((last_ - first_).ms) / static_cast<double>(step_.ms) + 1;
    return steps > 0 ? std::min(1.0, static_cast<double>(stamps_) / steps) : 1;
}

}  // namespace incidentd
