#include "daemon/replay/suggest_links.hpp"

#include "correlator/co_occurrence.hpp"
#include "correlator/entity_name.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>

namespace incidentd {
namespace {

constexpr std::int64_t shift_in_windows = 20, apart_in_windows = 6;
constexpr double attributable_least = 0.5;
constexpr double share_least = 0.5;  // of the onsets of both, by their geometric mean
constexpr std::size_t times_kept = 64, examples_most = 3;
constexpr std::size_t small_hub = 4;  // links of what explains that two next to it fail together
// Jobs keep to a clock: so many of the cases at the same minute of one of these periods.
constexpr double periodic_share = 0.8;
constexpr std::array<std::int64_t, 8> periods_minutes{30, 60, 90, 120, 240, 360, 720, 1'440};
constexpr Duration same_minute = minutes(1);

bool is_periodic(std::span<const Instant> times) {
    const Duration span = times.back() - times.front();
    for (const std::int64_t period : periods_minutes) {
        const Duration whole = minutes(period);
        if (span < whole * 3) continue;
        for (const Instant anchor : times) {
            const auto on_it = std::count_if(times.begin(), times.end(), [&](Instant at) {
                const std::int64_t off = ((at - anchor).ms % whole.ms + whole.ms) % whole.ms;
                return std::min(off, whole.ms - off) <= same_minute.ms;
            });
            if (static_cast<double>(on_it) >= periodic_share * static_cast<double>(times.size())) return true;
        }
    }
    return false;
}

bool has_link(std::span<const Topology::Link> links, Topology::Entity to) {
    return std::any_of(links.begin(), links.end(), [to](const Topology::Link& link) { return link.to == to; });
}

bool is_linked(const Topology& topology, Topology::Entity a, Topology::Entity b) {
    return has_link(topology.uppers(a), b) || has_link(topology.lowers(a), b);
}

// Directly, by way of one that stands between them, or because both are next to the same one and few others are.
bool is_explained(const Topology& topology, std::string_view upper, std::string_view lower) {
    const auto a = topology.find(upper), b = topology.find(lower);
    if (!a || !b) return false;
    if (*a == *b || is_linked(topology, *a, *b)) return true;
    for (const auto links : {topology.uppers(*b), topology.lowers(*b)})
        for (const Topology::Link& link : links) {
            const bool between = has_link(topology.lowers(*a), link.to) && has_link(topology.uppers(*b), link.to);
            const std::size_t links_of = topology.uppers(link.to).size() + topology.lowers(link.to).size();
            if (between || (links_of <= small_hub && is_linked(topology, *a, link.to))) return true;
        }
    return false;
}

std::string quoted(std::string_view name) {
    std::string out = "'";
    for (const char c : name) out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

bool is_one_line(std::string_view name) {
    return std::none_of(name.begin(), name.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

std::optional<LinkMiner::Entity> LinkMiner::entity(std::string_view name) {
    std::string scratch;
    const std::string_view key = short_name(canonical_name(name, scratch));
    if (const auto found = index_.find(key); found != index_.end()) return found->second;
    if (entities_.size() >= entities_max) return std::nullopt;
    const auto number = static_cast<Entity>(entities_.size());
    entities_.push_back({std::string(name), 0, {}});
    index_.emplace(key, number);
    return number;
}

void LinkMiner::onset(std::string_view name, const Environment& environment, Instant at) {
    const std::optional<Entity> number = entity(name);
    if (!number) return;
    judge_before(at - window_);
    const Instant needed = at - window_ * (shift_in_windows + 2);
    while (!seen_.empty() && (seen_.front().at < needed || seen_.size() >= recent_max)) {
        if (seen_.front().at >= needed) known_since_ = seen_.front().at;
        seen_.pop_front();
        judged_ -= std::min<std::size_t>(judged_, 1);  // of thousands within a window the first are not judged
    }
    seen_.push_back({at, *number, environment});
}

void LinkMiner::judge_before(Instant end) {
    while (judged_ < seen_.size() && seen_[judged_].at < end) judge(judged_++);
}

void LinkMiner::judge(std::size_t place) {
    const Seen& self = seen_[place];
    const Duration shift = window_ * shift_in_windows, apart = window_ * apart_in_windows;
    if (known_since_.is_set() && known_since_ >= self.at - shift - window_) return;
    std::vector<Entity> before, chance;
    add_others(first_since(self.at - window_), place, self, before);
    std::vector<Entity> around = before;
    add_others(place + 1, first_since(self.at + window_), self, around);
    add_others(first_since(self.at - shift - window_), first_since(self.at - shift), self, chance);
    ++all_;
    if (around.size() >= std::min(others_max, crowd_most + 3 * chance.size())) {
        ++crowded_;
        return;
    }
    Known& known = entities_[self.entity];
    if (!known.counted_at.is_set() || self.at - known.counted_at > apart) {
        known.counted_at = self.at;
        ++known.onsets;
    }
    for (const Entity other : before) {
        Pair& one = pair(other, self.entity);
        if (one.case_at.is_set() && self.at - one.case_at <= apart) continue;
        one.case_at = self.at;
        ++one.cases;
        if (one.times.size() < times_kept) one.times.push_back(self.at);
    }
    for (const Entity other : chance) {
        Pair& one = pair(other, self.entity);
        if (one.chance_at.is_set() && self.at - one.chance_at <= apart) continue;
        one.chance_at = self.at;
        ++one.by_chance;
    }
}

std::size_t LinkMiner::first_since(Instant since) const {
    const auto found =
        std::lower_bound(seen_.begin(), seen_.end(), since, [](const Seen& one, Instant t) { return one.at < t; });
    return static_cast<std::size_t>(found - seen_.begin());
}

void LinkMiner::add_others(std::size_t from, std::size_t to, const Seen& self, std::vector<Entity>& into) const {
    for (; from < to && into.size() < others_max; ++from) {
        const Seen& one = seen_[from];
        if (one.entity != self.entity && !one.environment.is_apart_from(self.environment) &&
            std::find(into.begin(), into.end(), one.entity) == into.end())
            into.push_back(one.entity);
    }
}

LinkMiner::Pair& LinkMiner::pair(Entity upper, Entity lower) {
    const std::uint64_t key = std::uint64_t{upper} << 32U | lower;
    if (const auto found = pairs_.find(key); found != pairs_.end()) return found->second;
    if (pairs_.size() >= pairs_max)  // half at once, so that it is seldom
        for (std::uint64_t rare = 1; pairs_.size() > pairs_max / 2; ++rare)
            boost::unordered::erase_if(
                pairs_, [rare](const auto& one) { return one.second.cases + one.second.by_chance <= rare; });
    return pairs_[key];
}

LinkSuggestion LinkMiner::describe(std::uint64_t key, const Pair& pair) const {
    const Known &upper = entities_[key >> 32U], &lower = entities_[key & UINT32_MAX];
    LinkSuggestion s;
    s.upper = upper.name;
    s.lower = lower.name;
    s.cases = pair.cases;
    s.of_upper = std::max(upper.onsets, pair.cases);
    s.of_lower = std::max(lower.onsets, pair.cases);
    s.by_chance = pair.by_chance;
    s.lift = CoOccurrence::lift(static_cast<double>(pair.cases), static_cast<double>(pair.by_chance));
    s.attributable = CoOccurrence::attributable(static_cast<double>(pair.cases), static_cast<double>(pair.by_chance));
    s.examples.assign(pair.times.begin(),
                      pair.times.begin() + static_cast<std::ptrdiff_t>(std::min(pair.times.size(), examples_most)));
    s.latest = pair.case_at;
    s.yaml = "version: 1\ntopology:\n  links:\n    - {upper: " + quoted(s.upper) + ", lower: " + quoted(s.lower) +
             ", kind: suggested}\n";
    return s;
}

std::vector<LinkSuggestion> LinkMiner::suggestions(std::size_t most,
                                                   std::span<const std::shared_ptr<const Topology>> known) {
    if (!seen_.empty()) judge_before(seen_.back().at + milliseconds(1));
    std::vector<LinkSuggestion> found;
    for (const auto& [key, pair] : pairs_) {
        const auto cases = static_cast<double>(pair.cases);
        if (CoOccurrence::attributable(cases, static_cast<double>(pair.by_chance)) < attributable_least) continue;
        LinkSuggestion s = describe(key, pair);
        if (cases < share_least * std::sqrt(static_cast<double>(s.of_upper) * static_cast<double>(s.of_lower)) ||
            is_periodic(pair.times) || !is_one_line(s.upper) || !is_one_line(s.lower))
            continue;
        if (std::none_of(known.begin(), known.end(), [&s](const auto& topology) {
                return topology != nullptr && is_explained(*topology, s.upper, s.lower);
            }))
            found.push_back(std::move(s));
    }
    std::sort(found.begin(), found.end(), [](const LinkSuggestion& a, const LinkSuggestion& b) {
        const auto surely = [](const LinkSuggestion& s) { return s.attributable * static_cast<double>(s.cases); };
        if (surely(a) != surely(b)) return surely(a) > surely(b);
        return std::tie(a.upper, a.lower) < std::tie(b.upper, b.lower);
    });
    // "db after storage" says why "shop after storage" holds, where the shop is known or proposed to need the db.
    std::vector<LinkSuggestion> kept;
    const auto are_near = [&](std::string_view a, std::string_view b) {
        return std::any_of(kept.begin(), kept.end(),
                           [&](const LinkSuggestion& one) {
                               return (one.upper == a && one.lower == b) || (one.upper == b && one.lower == a);
                           }) ||
               std::any_of(known.begin(), known.end(),
                           [&](const auto& topology) { return topology != nullptr && is_explained(*topology, a, b); });
    };
    for (LinkSuggestion& s : found) {
        if (kept.size() == most) break;
        const bool is_told = std::any_of(kept.begin(), kept.end(), [&](const LinkSuggestion& one) {
            if (one.upper == s.lower && one.lower == s.upper) return true;
            return (one.upper == s.upper && are_near(one.lower, s.lower)) ||
                   (one.lower == s.lower && are_near(one.upper, s.upper));
        });
        if (!is_told) kept.push_back(std::move(s));
    }
    return kept;
}

}  // namespace incidentd
