// What a source's own alerts say of its clock: how far apart related alerts come, how coarse its stamps are, how late
// it notices, whether it reports recoveries. Learned online, bounded, no configuration.
#pragma once

#include "correlator/time.hpp"

#include <array>
#include <cstdint>

namespace incidentd {

class SourcePace {
public:
    // Seconds between an onset and the last one of the same entity or a neighbour, in classes.
    static constexpr std::array<std::int64_t, 14> edges_s{0, 1, 2, 4, 8, 15, 30, 60, 120, 240, 480, 960, 1920, 3840};

    // One onset, stamped `at` by its source; `gap` is negative when no neighbour ever had one.
    void onset(Instant at, Duration gap);
    void recovery() { ++recoveries_; }
    // A firing alert was said to fire again, `gap` after the last time. Gaps below a minute teach nothing.
    void repetition(Duration gap);
    // Silent for so long, a firing alert is over, though nobody said so: a new message of it is a new onset.
    Duration silence_most() const;
    // Two onsets of one entity and incident: this source's came `apart` later than `other`'s, by their stamps.
    void compare(SourcePace& other, Duration apart);

    // Within this span alerts of the source are taken for related: the gap at which the rate of onsets has fallen to a
    // tenth of its peak. 200 s until enough is known.
    Duration scale() const { return scale_; }
    Duration delay() const {
        return {static_cast<std::int64_t>(delay_ms_)};
    }  // against other sources; only differences count
    // False once 50 onsets came with hardly a recovery: an alert of it then ends by silence.
    bool sends_recoveries() const { return onsets_ < 50 || recoveries_ * 50 >= onsets_; }
    // The source looks at its checks once in so long (all stamps are multiples apart); 0: no such step is known.
    Duration step() const { return onsets_ >= 50 ? step_ : Duration{0}; }
    // Share of those steps that had any onset at all.
    double busy_share() const;

private:
    friend struct AssociationSnapshot;
    void learn_step(Instant at);
    void learn_scale();

    std::array<std::uint64_t, edges_s.size()> gaps_{};  // the last class: longer, or no neighbour
    std::uint64_t onsets_ = 0, recoveries_ = 0, stamps_ = 0, compared_ = 0;
    std::uint64_t repetitions_ = 0;
    double repeat_gap_ms_ = 0;  // running mean
    Instant first_, last_;
    Duration step_, run_step_;
    std::uint32_t run_ = 0;
    Duration scale_ = seconds(200);
    double delay_ms_ = 0;
};

}  // namespace incidentd
