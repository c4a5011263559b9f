// Links that labels of alerts say. Those to an entity of the topology stand beside the topology's own.
#include "correlator/estate.hpp"

#include <algorithm>
#include <array>

namespace incidentd {
namespace {

using Link = Topology::Link;

constexpr std::array<std::string_view, 2> words{"member", "node by labels"};
constexpr std::uint8_t first_word = 254;  // beyond those that a topology has
constexpr std::uint8_t member_word = first_word, node_word = first_word + 1;
// A pod moves when it is drained, not several times within an hour: what does is an exporter that tells of others.
constexpr Duration moves_within = hours(1), exporter_for = hours(24);
constexpr std::uint8_t moves_of_exporter = 3;
constexpr Duration node_kept = hours(24);  // without another alert that says it

Link* find_node(std::vector<Link>& uppers) {
    const auto found =
        std::find_if(uppers.begin(), uppers.end(), [](const Link& one) { return one.word == node_word; });
    return found == uppers.end() ? nullptr : &*found;
}

}  // namespace

std::string_view Estate::word(const Link& link) const {
    return link.word >= first_word ? words[link.word - first_word] : topology_->word(link.word);
}

bool Estate::is_learned(const Link& link) {
    return link.word == (link.kind == LinkKind::member ? member_word : node_word) && link.kind != LinkKind::peer;
}

std::optional<Estate::Entity> Estate::node_of(Entity pod) const {
    if (in_topology(pod)) return std::nullopt;
    for (const Link& link : heard_[pod - topology_->size()].uppers)
        if (link.word == node_word) return link.to;
    return std::nullopt;
}

bool Estate::is_exporter(Entity pod, Instant at) const {
    if (in_topology(pod)) return false;
    const Heard& known = heard_[pod - topology_->size()];
    return known.moves >= moves_of_exporter && at - known.moved_at < exporter_for;
}

void Estate::learn_member(Entity upper, Entity lower) {
    if (upper == none || lower == none || upper == lower || in_topology(upper) || in_topology(lower)) return;
    auto& up = heard_[lower - topology_->size()].uppers;
    auto& down = heard_[upper - topology_->size()].lowers;
    if (up.size() >= learned_uppers_max || down.size() >= learned_lowers_max) return;
    if (std::any_of(up.begin(), up.end(), [upper](const Link& link) { return link.to == upper; })) return;
    up.push_back({upper, LinkKind::member, member_word});
    down.push_back({lower, LinkKind::member, member_word});
}

void Estate::learn_node(Entity pod, Entity node, Instant at) {
    if (pod == none || node == none || pod == node || in_topology(pod) || is_exporter(pod, at)) return;
    Heard& known = heard_[pod - topology_->size()];
    if (const Link* link = find_node(known.uppers)) {
        if (link->to == node) {
            known.node_seen = at;
            return;
        }
        const bool soon = known.moved_at.is_set() && at - known.moved_at < moves_within;
        known.moves = static_cast<std::uint8_t>(soon ? known.moves + 1 : 1);
        known.moved_at = at;
        leave_node(pod);
        if (known.moves >= moves_of_exporter) return;
    }
    forget_old_pods(node, at);
    known.node_seen = at;
    join_node(pod, node);
}

void Estate::join_node(Entity pod, Entity node) {
    auto& up = heard_[pod - topology_->size()].uppers;
    if (up.size() >= learned_uppers_max || lowers(node).size() >= learned_lowers_max + topology_lowers(node)) return;
    if (std::any_of(up.begin(), up.end(), [node](const Link& link) { return link.to == node; })) return;
    up.push_back({node, LinkKind::depends, node_word});
    auto& down = learned_lowers(node);
    const auto own = static_cast<std::ptrdiff_t>(topology_lowers(node));
    const auto at = std::lower_bound(down.begin() + own, down.end(), pod,
                                     [](const Link& link, Entity entity) { return link.to < entity; });
    down.insert(in_topology(node) ? at : down.end(), Link{pod, LinkKind::depends, node_word});
}

void Estate::leave_node(Entity pod) {
    auto& up = heard_[pod - topology_->size()].uppers;
    const Link* link = find_node(up);
    if (link == nullptr) return;
    const Entity node = link->to;
    std::erase_if(up, [](const Link& one) { return one.word == node_word; });
    auto& down = learned_lowers(node);
    std::erase_if(down, [pod](const Link& one) { return one.to == pod && one.word == node_word; });
    if (in_topology(node) && down.size() == topology_lowers(node)) grown_.erase(node);
}

// Pods that are gone would make a node look healthier than it is.
void Estate::forget_old_pods(Entity node, Instant at) {
    std::vector<Entity> old;
    for (const Link& link : lowers(node))
        if (link.word == node_word && at - heard_[link.to - topology_->size()].node_seen > node_kept)
            old.push_back(link.to);
    for (const Entity pod : old) leave_node(pod);
}

std::size_t Estate::topology_lowers(Entity entity) const {
    return in_topology(entity) ? topology_->lowers(entity).size() : 0;
}

std::vector<Link>& Estate::learned_lowers(Entity node) {
    if (!in_topology(node)) return heard_[node - topology_->size()].lowers;
    const auto [at, is_new] = grown_.try_emplace(node);
    if (is_new) {
        const auto own = topology_->lowers(node);
        at->second.assign(own.begin(), own.end());
    }
    return at->second;
}

// The lower ends are the heard ones: what they say of the topology's entities is said there again.
void Estate::grow_topology() {
    grown_.clear();
    for (std::size_t i = 0; i < heard_.size(); ++i)
        for (const Link& link : heard_[i].uppers)
            if (in_topology(link.to))
                learned_lowers(link.to).push_back(
                    {static_cast<Entity>(topology_->size() + i), LinkKind::depends, node_word});
}

void Estate::forget_links() {
    grown_.clear();
    for (Heard& known : heard_) {
        known.uppers.clear();
        known.lowers.clear();
        known.node_seen = known.moved_at = Instant{};
        known.moves = 0;
    }
}

void Estate::take_links(const Estate& from, std::span<const Entity> numbers) {
    const std::size_t base = from.topology_->size();
    for (std::size_t i = 0; i < from.heard_.size(); ++i) {
        const Heard& old = from.heard_[i];
        const Entity lower = numbers[base + i];
        if (lower == none) continue;
        if (!in_topology(lower)) {
            Heard& known = heard_[lower - topology_->size()];
            known.node_seen = old.node_seen;
            known.moved_at = old.moved_at;
            known.moves = old.moves;
        }
        for (const Link& link : old.uppers) {
            if (link.word != node_word) {
                learn_member(numbers[link.to], lower);
                continue;
            }
            const Entity node = numbers[link.to] != none ? numbers[link.to] : entity(from.name(link.to));
            if (node != none && node != lower && !in_topology(lower) &&
                find_node(heard_[lower - topology_->size()].uppers) == nullptr)
                join_node(lower, node);
        }
    }
}

std::vector<Estate::LearnedLink> Estate::learned_links(std::size_t most) const {
    std::vector<LearnedLink> out;
    for (std::size_t i = 0; i < heard_.size() && out.size() < most; ++i)
        for (const Link& link : heard_[i].uppers)
            if (out.size() < most) out.push_back({std::string(name(link.to)), heard_[i].name, std::string(word(link))});
    return out;
}

std::size_t Estate::learned_link_count() const {
    std::size_t count = 0;
    for (const Heard& known : heard_) count += known.uppers.size();
    return count;
}

}  // namespace incidentd
