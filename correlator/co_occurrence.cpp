#include "correlator/co_occurrence.hpp"

#include "correlator/arithmetic.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>

namespace incidentd {
namespace {

constexpr std::int64_t shift_in_windows = 20;
constexpr double cases_least = 5;
constexpr double certainty = 2;        // standard deviations between a share and its lower bound
constexpr double control_prior = 0.5;  // what an empty control counts as
constexpr double periodic_share = 0.6;
constexpr std::uint8_t minutes_apart_most = 1;
constexpr double hardly_faded = 0.0144;  // half-lives, after which surely more than 0.99 is left

std::uint8_t minute_of_hour(Instant at) { return static_cast<std::uint8_t>(at.ms / 60'000 % 60); }

}  // namespace

std::size_t CoOccurrence::set_of(std::uint64_t first, std::uint64_t then, Reach reach) {
    const std::uint64_t key[] = {first, then, static_cast<std::uint64_t>(reach)};
    return XXH3_64bits(key, sizeof key) % pair_sets * pair_ways;
}

const CoOccurrence::Cell* CoOccurrence::find(std::uint64_t first, std::uint64_t then, Reach reach) const {
    if (cells_.empty()) return nullptr;
    const std::size_t set = set_of(first, then, reach);
    for (std::size_t i = set; i < set + pair_ways; ++i) {
        const Cell& one = cells_[i];
        if (one.used && one.first == first && one.then == then && one.reach == reach) return &one;
    }
    return nullptr;
}

CoOccurrence::Cell& CoOccurrence::cell(std::uint64_t first, std::uint64_t then, Reach reach, Instant now) {
    const std::size_t set = set_of(first, then, reach);
    Cell* rarest = &cells_[set];
    for (std::size_t i = set; i < set + pair_ways; ++i) {
        Cell& one = cells_[i];
        if (one.used && one.first == first && one.then == then && one.reach == reach) {
            const auto idle = static_cast<double>((now - one.decayed_at).ms);
            const double left = idle < hardly_faded * static_cast<double>(half_life.ms) ? 1 : faded(1, one, now);
            if (left < 0.99) {
                one.near *= static_cast<float>(left);
                one.control *= static_cast<float>(left);
                one.on_minute *= static_cast<float>(left);
                one.decayed_at = now;
            }
            return one;
        }
        const auto weight = [](const Cell& c) { return c.used ? c.near + c.control : -1; };
        if (weight(one) < weight(*rarest)) rarest = &one;
    }
    *rarest = Cell{};
    rarest->first = first;
    rarest->then = then;
    rarest->reach = reach;
    rarest->used = true;
    rarest->decayed_at = now;
    return *rarest;
}

double CoOccurrence::faded(double count, const Cell& cell, Instant now) {
    const auto idle = static_cast<double>((now - cell.decayed_at).ms);
    return idle <= 0 ? count : count * left_after(idle / static_cast<double>(half_life.ms));
}

void CoOccurrence::count_near(Cell& cell, Instant now, Duration window) {
    if (cell.near_at.is_set() && now - cell.near_at <= window * 2) return;
    // Cases of one hour share its minutes without any clock behind it.
    const bool says_nothing_of_clocks = cell.near_at.is_set() && now - cell.near_at < minutes(30);
    cell.near_at = now;
    cell.near += 1;
    if (says_nothing_of_clocks) return;
    const std::uint8_t minute = minute_of_hour(now);
    const int apart = std::abs(int{minute} - int{cell.minute});
    if (cell.on_minute <= 0) {
        cell.minute = minute;
        cell.on_minute = 1;
    } else {
        cell.on_minute += std::min(apart, 60 - apart) <= minutes_apart_most ? 1.0F : -1.0F;
    }
}

void CoOccurrence::count_window(const RecentOnset& onset, const RecentOnsets& recent, std::uint64_t from,
                                std::uint64_t to, std::span<const Estate::Entity> linked, bool is_control) {
    std::array<std::pair<std::uint64_t, Reach>, window_onsets_max> counted;
    std::size_t count = 0;
    for (std::uint64_t number = from; number < to; ++number) {
        const RecentOnset& other = recent[number];
        if (other.check == onset.check || other.environment.is_apart_from(onset.environment)) continue;
        const bool near = std::binary_search(linked.begin(), linked.end(), other.entity);
        const std::pair pair(other.check, near ? Reach::linked : Reach::apart);
        if (std::find(counted.begin(), counted.begin() + static_cast<std::ptrdiff_t>(count), pair) !=
            counted.begin() + static_cast<std::ptrdiff_t>(count))
            continue;
        counted[count++] = pair;
        Cell& one = cell(pair.first, onset.check, pair.second, onset.received);
        if (!is_control) {
            count_near(one, onset.received, onset.scale);
        } else if (!one.control_at.is_set() || onset.received - one.control_at > onset.scale * 2) {
            one.control_at = onset.received;
            one.control += 1;
        }
    }
}

void CoOccurrence::observe(const RecentOnset& onset, std::string_view check, const RecentOnsets& recent,
                           std::span<const Estate::Entity> linked) {
    if (cells_.empty()) cells_.resize(pair_sets * pair_ways);
    if (names_.size() < checks_named_max) names_.try_emplace(onset.check, check.substr(0, 128));
    Cell& alone = cell(0, onset.check, Reach::linked, onset.received);
    count_near(alone, onset.received, onset.scale);
    const Duration window = onset.scale, shift = onset.scale * shift_in_windows;
    const std::uint64_t near = recent.after(onset.received - window);
    const std::uint64_t from = recent.after(onset.received - shift - window), to = recent.after(onset.received - shift);
    // What was forgotten cannot be compared with.
    const bool is_known = recent.first() == 0 || recent[recent.first()].received <= onset.received - shift - window;
    if (!is_known || recent.end() - near > window_onsets_max || to - from > window_onsets_max) return;
    count_window(onset, recent, near, recent.end(), linked, false);
    count_window(onset, recent, from, to, linked, true);
}

double CoOccurrence::attributable(double near, double control) {
    if (near < cases_least) return 0;
    const double chance = control + control_prior;
    return std::max(0.0, (near - chance - certainty * std::sqrt(near * 0.25 + chance)) / near);
}

double CoOccurrence::lift(double near, double control) { return near / (control + control_prior); }

bool CoOccurrence::is_periodic(const Cell& cell) {
    return cell.near >= static_cast<float>(cases_least) && cell.on_minute >= periodic_share * cell.near;
}

CoOccurrence::Known CoOccurrence::known(std::uint64_t first, std::uint64_t then, Reach reach, Instant now) const {
    const Cell* pair = find(first, then, reach);
    if (pair == nullptr || pair->near < static_cast<float>(cases_least) || is_periodic(*pair)) return {};
    const Cell* alone = find(0, then, Reach::linked);
    if (alone == nullptr) return {};
    const double near = faded(pair->near, *pair, now);
    return {attributable(near, faded(pair->control, *pair, now)), near,
            std::max(near, faded(alone->near, *alone, now))};
}

std::string CoOccurrence::name(std::uint64_t check) const {
    const auto known = names_.find(check);
    return known == names_.end() ? "#" + std::to_string(check) : known->second;
}

std::vector<LearnedPair> CoOccurrence::pairs(std::size_t most, Instant now, bool all) const {
    std::vector<LearnedPair> found;
    for (const Cell& one : cells_) {
        if (!one.used || one.first == 0) continue;
        LearnedPair pair{name(one.first),
                         name(one.then),
                         one.reach,
                         faded(one.near, one, now),
                         faded(one.control, one, now),
                         0,
                         0,
                         0,
                         is_periodic(one)};
        pair.attributable = attributable(pair.near, pair.control);
        pair.lift = lift(pair.near, pair.control);
        const Cell* alone = find(0, one.then, Reach::linked);
        pair.of = std::max(pair.near, alone == nullptr ? 0 : faded(alone->near, *alone, now));
        if (all || (pair.attributable > 0 && !pair.is_periodic)) found.push_back(std::move(pair));
    }
    std::sort(found.begin(), found.end(), [](const LearnedPair& a, const LearnedPair& b) {
        const auto surely = [](const LearnedPair& p) { return p.attributable * p.near; };
        if (surely(a) != surely(b)) return surely(a) > surely(b);
        return std::tie(a.first, a.then, a.reach) < std::tie(b.first, b.then, b.reach);
    });
    if (found.size() > most) found.resize(most);
    return found;
}

std::uint64_t CoOccurrence::digest() const {
    std::uint64_t hash = names_.size();
    for (const Cell& one : cells_) {
        if (!one.used) continue;
        const std::uint64_t words[] = {one.first,
                                       one.then,
                                       static_cast<std::uint64_t>(one.near * 16),
                                       static_cast<std::uint64_t>(one.control * 16),
                                       static_cast<std::uint64_t>(one.near_at.ms),
                                       static_cast<std::uint64_t>(one.control_at.ms)};
        hash = XXH3_64bits_withSeed(words, sizeof words, hash);
    }
    return hash;
}

}  // namespace incidentd
