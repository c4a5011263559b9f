#include "correlator/topology.hpp"

#include "correlator/entity_name.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace incidentd {
namespace {

constexpr std::uint8_t exact = 0, alias = 1, canonical = 2, shortened = 3;
constexpr std::size_t words_max = 250;

LinkKind kind_of(std::string_view word) {
    constexpr std::array<std::string_view, 4> members{"member", "redundancy", "replica", "instance"};
    constexpr std::array<std::string_view, 4> peers{"link", "peer", "neighbour", "neighbor"};
    if (std::find(members.begin(), members.end(), word) != members.end()) return LinkKind::member;
    if (std::find(peers.begin(), peers.end(), word) != peers.end()) return LinkKind::peer;
    return LinkKind::depends;
}

struct Pair {
    Topology::Entity from = 0;
    Topology::Link link;
};

void sort_and_unite(std::vector<Pair>& pairs) {
    const auto key = [](const Pair& p) { return std::tuple(p.from, p.link.to, p.link.kind); };
    std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) { return key(a) < key(b); });
    pairs.erase(std::unique(pairs.begin(), pairs.end(),
                            [](const Pair& a, const Pair& b) { return a.from == b.from && a.link.to == b.link.to; }),
                pairs.end());
}

std::uint64_t digest_of(const TopologySpec& spec) {
    std::uint64_t hash = 0;
    const auto text = [&hash](std::string_view value) {
        const std::uint64_t size = value.size();
        hash = XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits_withSeed(&size, sizeof size, hash));
    };
    for (const std::string& name : spec.entities) text(name);
    for (const TopologySpec::Link& link : spec.links) {
        text(link.upper);
        text(link.lower);
        text(link.kind);
    }
    if (spec.entities.empty() && spec.links.empty() && spec.aliases.empty() && spec.needs.empty())
        return 0;  // as one that was never given
    text("\x01");  // no name
    for (const auto& [other, entity] : spec.aliases) {
        text(other);
        text(entity);
    }
    if (!spec.needs.empty()) text("\x02");
    for (const auto& [whole, needs] : spec.needs) {
        text(whole);
        text(std::to_string(needs));
    }
    return hash;
}

}  // namespace

Topology::Topology(const TopologySpec& spec) : needs_(spec.needs), digest_(digest_of(spec)) {
    std::vector<Pair> up, down;
    boost::unordered_flat_map<std::string, std::uint8_t> words;
    for (const std::string& name : spec.entities) add(name);
    for (const TopologySpec::Link& link : spec.links) {
        const Entity upper = add(link.upper), lower = add(link.lower);
        if (upper == lower) continue;
        const bool room = words_.size() < words_max || words.contains(link.kind);
        const std::string& word = room ? link.kind : words_.front();
        const auto [at, is_new] = words.try_emplace(word, static_cast<std::uint8_t>(words_.size()));
        if (is_new) words_.push_back(word);
        const LinkKind kind = kind_of(link.kind);
        up.push_back({lower, {upper, kind, at->second}});
        down.push_back({upper, {lower, kind, at->second}});
        if (kind != LinkKind::peer) continue;
        up.push_back({upper, {lower, kind, at->second}});
        down.push_back({lower, {upper, kind, at->second}});
    }
    for (const auto& [whole, needs] : spec.needs) add(whole);
    for (const auto& [other, entity] : spec.aliases) {
        const Entity known = add(entity);
        call(other, known, alias);
        call(canonical_name(other), known, canonical);
    }
    for (Entity entity = 0; entity < names_.size(); ++entity) {
        const std::string name = canonical_name(names_[entity]);
        call(name, entity, canonical);
        call(std::string(short_name(name)), entity, shortened);
    }
    for (auto* side : {&up, &down}) {
        sort_and_unite(*side);
        Rows& rows = side == &up ? uppers_ : lowers_;
        rows.begin.assign(names_.size() + 1, 0);
        for (const Pair& pair : *side) ++rows.begin[pair.from + 1];
        for (std::size_t i = 1; i < rows.begin.size(); ++i) rows.begin[i] += rows.begin[i - 1];
        for (const Pair& pair : *side) rows.links.push_back(pair.link);
    }
    add_groups();
}

void Topology::add_groups() {
    for (const auto& [name, least] : needs_) {
        const Entity whole = add(name);
        const auto is_member = [](const Link& link) { return link.kind == LinkKind::member; };
        const auto uppers = this->uppers(whole);
        const auto members = static_cast<std::uint32_t>(std::count_if(uppers.begin(), uppers.end(), is_member));
        if (members == 0 || !groups_.try_emplace(whole, Group{std::clamp(least, 1U, members), members}).second)
            continue;
        for (const Link& link : uppers)
            if (is_member(link)) groups_with_[link.to].push_back(whole);
    }
}

const Topology::Group* Topology::group(Entity whole) const {
    const auto found = groups_.find(whole);
    return found == groups_.end() ? nullptr : &found->second;
}

std::span<const Topology::Entity> Topology::groups_with(Entity member) const {
    const auto found = groups_with_.find(member);
    return found == groups_with_.end() ? std::span<const Entity>() : std::span<const Entity>(found->second);
}

Topology::Entity Topology::add(std::string_view name) {
    const auto found = index_.find(name);
    if (found != index_.end() && found->second.rank == exact) return found->second.entity;
    const auto entity = static_cast<Entity>(names_.size());
    names_.emplace_back(name);
    call(std::string(name), entity, exact);
    return entity;
}

void Topology::call(std::string name, Entity entity, std::uint8_t rank) {
    const auto [at, is_new] = index_.try_emplace(std::move(name), Named{entity, rank, false});
    Named& known = at->second;
    if (is_new || known.entity == entity || known.rank < rank) return;
    if (rank < known.rank)
        known = {entity, rank, false};
    else
        known.ambiguous = true;  // two entities by the same loose name: neither
}

TopologySpec Topology::spec() const {
    TopologySpec out;
    out.entities = names_;
    for (Entity lower = 0; lower < names_.size(); ++lower)
        for (const Link& link : uppers(lower)) {
            if (link.kind == LinkKind::peer && link.to > lower) continue;  // it stands at both ends
            out.links.push_back({names_[link.to], names_[lower], words_[link.word]});
        }
    for (const auto& [name, known] : index_)
        if (known.rank == alias && !known.ambiguous) out.aliases.emplace_back(name, names_[known.entity]);
    std::sort(out.aliases.begin(), out.aliases.end());
    out.needs = needs_;
    return out;
}

std::optional<Topology::Entity> Topology::find(std::string_view name) const {
    if (index_.empty()) return std::nullopt;
    std::string scratch;
    return find(name, canonical_name(name, scratch));
}

std::optional<Topology::Entity> Topology::find(std::string_view name, std::string_view canonical) const {
    if (index_.empty()) return std::nullopt;
    const auto look = [this](std::string_view one) -> std::optional<Entity> {
        const auto found = index_.find(one);
        return found == index_.end() || found->second.ambiguous ? std::nullopt
                                                                : std::optional<Entity>(found->second.entity);
    };
    if (const auto entity = look(name)) return entity;
    if (canonical != name)
        if (const auto entity = look(canonical)) return entity;
    const std::string_view first = short_name(canonical);
    return first == canonical ? std::nullopt : look(first);
}

}  // namespace incidentd
