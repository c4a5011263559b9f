// What links a recording speaks for: entities of which one begins to fail after the other, again and again, and between
// which the topology says nothing. Proposals only.
//
// For each onset of an entity those that had one within the window before it are counted, and as the control those of a
// window as long, twenty windows earlier. Cases less than six windows apart are one. Where many entities begin to fail
// within a window before or after, it is a storm and teaches nothing. Bounded: entities_max names, pairs_max pairs (the
// rarest go), recent_max onsets.
#pragma once

#include "correlator/environment.hpp"
#include "correlator/string_hash.hpp"
#include "correlator/time.hpp"
#include "correlator/topology.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct LinkSuggestion {
    std::string upper, lower;     // `lower` begins to fail after `upper`
    std::uint64_t cases = 0;      // in which it did, within the window
    std::uint64_t of_lower = 0;   // onsets of it, storms left out
    std::uint64_t of_upper = 0;   // likewise
    std::uint64_t by_chance = 0;  // cases of the control
    double lift = 0;
    double attributable = 0;        // share of the cases that chance does not explain, at its lower confidence bound
    std::vector<Instant> examples;  // the first cases
    Instant latest;
    std::string yaml;  // a rule file with this link alone
};

class LinkMiner {
public:
    static constexpr std::size_t entities_max = 50'000;  // further ones are not looked at
    static constexpr std::size_t pairs_max = 100'000;    // past it the rarer half is forgotten
    static constexpr std::size_t recent_max = 4'096;     // onsets remembered; what is older is no control any more
    // Others that begin to fail near one onset: past it nothing is learned.
    static constexpr std::size_t others_max = 48;
    // Likewise, past three times what an earlier window had.
    static constexpr std::size_t crowd_most = 12;

    explicit LinkMiner(Duration window) : window_(window) {}
    // Something about `entity` began to fire. In the order of time.
    void onset(std::string_view entity, const Environment& environment, Instant at);
    // The surest first. Pairs that one of `known` explains are left out; so is what another proposal explains.
    std::vector<LinkSuggestion> suggestions(std::size_t most, std::span<const std::shared_ptr<const Topology>> known);
    std::size_t pairs() const { return pairs_.size(); }
    // Onsets looked at, and those of them that came in a crowd: a shorter window may see more.
    std::uint64_t judged() const { return all_; }
    std::uint64_t crowded() const { return crowded_; }

private:
    using Entity = std::uint32_t;
    struct Known {
        std::string name;  // as first heard
        std::uint64_t onsets = 0;
        Instant counted_at;
    };
    struct Seen {
        Instant at;
        Entity entity = 0;
        Environment environment;
    };
    struct Pair {
        std::uint64_t cases = 0, by_chance = 0;
        Instant case_at, chance_at;
        std::vector<Instant> times;  // of the first cases
    };
    std::optional<Entity> entity(std::string_view name);
    void judge(std::size_t at);  // place in seen_: the window after it is over
    void judge_before(Instant end);
    std::size_t first_since(Instant since) const;  // place in seen_
    // Adds others than `self` of those places, each once, until there are others_max.
    void add_others(std::size_t from, std::size_t to, const Seen& self, std::vector<Entity>& into) const;
    Pair& pair(Entity upper, Entity lower);
    LinkSuggestion describe(std::uint64_t key, const Pair& pair) const;

    Duration window_;
    std::vector<Known> entities_;
    boost::unordered_flat_map<std::string, Entity, StringHash, std::equal_to<>> index_;  // by short canonical name
    std::deque<Seen> seen_;
    std::size_t judged_ = 0;  // so many of them, from the front
    std::uint64_t all_ = 0, crowded_ = 0;
    Instant known_since_;                                   // unset: from the beginning
    boost::unordered_flat_map<std::uint64_t, Pair> pairs_;  // upper and lower in 32 bits each
};

}  // namespace incidentd
