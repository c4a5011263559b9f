// Which checks follow one another more often than chance: counted online against a control that is shifted in time, in
// a table of fixed size that forgets.
//
// For each onset of a check the checks that had one within the window before it are counted, and, as the control, those
// that had one in a window as long, but earlier by a fixed shift: what merely happens often is found in both. A pair
// counts once a window, so that one outage is one case. A window with too many onsets teaches nothing: in a storm
// everything is near everything. Cost of one onset: at most `window_onsets_max` looks at each of both windows.
#pragma once

#include "correlator/recent_onsets.hpp"
#include "correlator/time.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace incidentd {

constexpr std::size_t window_onsets_max = 48;
constexpr std::size_t pair_sets = 2'048, pair_ways = 4;  // the table: a new pair takes the place of the rarest of four
constexpr std::size_t checks_named_max = 4'096;          // further checks are learned of, but have no name to show
constexpr Duration half_life = hours(24 * 30);           // a count that nothing renews falls to half

// How the two onsets lay to each other.
enum class Reach : std::uint8_t {
    linked = 0,  // the same entity, or one next to it
    apart = 1,   // elsewhere in the same environment
};

// What is known of one pair of checks, as of now.
struct LearnedPair {
    std::string first, then;  // names of the checks
    Reach reach = Reach::linked;
    double near = 0;          // cases in which `then` followed `first` within the window
    double control = 0;       // likewise, with the shifted window
    double of = 0;            // onsets of `then`, counted once a window
    double lift = 0;          // near to control
    double attributable = 0;  // share of the cases that chance does not explain, at its lower confidence bound
    bool is_periodic = false;
};

class CoOccurrence {
public:
    // What `onset`, which is not among `recent` yet, teaches. `linked`: its entity and those next to it, sorted.
    void observe(const RecentOnset& onset, std::string_view check, const RecentOnsets& recent,
                 std::span<const Estate::Entity> linked);

    struct Known {
        double attributable = 0;  // 0: too few cases, nothing but chance, or a matter of the clock
        double near = 0, of = 0;
    };
    Known known(std::uint64_t first, std::uint64_t then, Reach reach, Instant now) const;

    // Of so many cases, and so many in the control: the share that chance does not explain, at its lower confidence
    // bound (0 for fewer than five), and how many times as many they are.
    static double attributable(double near, double control);
    static double lift(double near, double control);

    std::string name(std::uint64_t check) const;
    // Pairs that are evidence, the surest first; ties by name. Too few cases, chance and periodic ones are left out
    // unless `all`.
    std::vector<LearnedPair> pairs(std::size_t most, Instant now, bool all = false) const;
    std::uint64_t digest() const;

private:
    friend struct LearningSnapshot;
    struct Cell {
        std::uint64_t first = 0, then = 0;  // `first` 0: the onsets of `then` alone
        float near = 0, control = 0;
        Instant near_at, control_at, decayed_at;
        std::uint8_t minute = 0;  // of the hour, of most cases
        float on_minute = 0;      // cases on it, less those off it
        Reach reach = Reach::linked;
        bool used = false;
    };
    static std::size_t set_of(std::uint64_t first, std::uint64_t then, Reach reach);
    const Cell* find(std::uint64_t first, std::uint64_t then, Reach reach) const;
    Cell& cell(std::uint64_t first, std::uint64_t then, Reach reach, Instant now);
    static double faded(double count, const Cell& cell, Instant now);
    static bool is_periodic(const Cell& cell);
    void count_near(Cell& cell, Instant now, Duration window);
    void count_window(const RecentOnset& onset, const RecentOnsets& recent, std::uint64_t from, std::uint64_t to,
                      std::span<const Estate::Entity> linked, bool is_control);

    std::vector<Cell> cells_;  // empty until the first onset
    std::map<std::uint64_t, std::string> names_;
};

}  // namespace incidentd
