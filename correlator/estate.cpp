#include "correlator/estate.hpp"

#include "correlator/entity_name.hpp"

#include <algorithm>

namespace incidentd {

Estate::Entity Estate::entity(std::string_view name) {
    std::string scratch;
    const std::string_view canonical = canonical_name(name, scratch);
    if (const auto known = topology_->find(name, canonical)) return *known;
    const std::string_view key = short_name(canonical);
    if (const auto found = index_.find(key); found != index_.end()) return found->second;
    if (heard_.size() >= entities_heard_max) return none;
    const auto number = static_cast<Entity>(size());
    heard_.push_back({std::string(name), {}, {}});
    index_.emplace(key, number);
    return number;
}

std::string_view Estate::name(Entity entity) const {
    return in_topology(entity) ? topology_->name(entity) : heard_[entity - topology_->size()].name;
}

std::span<const Topology::Link> Estate::uppers(Entity entity) const {
    if (in_topology(entity)) return topology_->uppers(entity);
    return heard_[entity - topology_->size()].uppers;
}

std::span<const Topology::Link> Estate::lowers(Entity entity) const {
    if (in_topology(entity)) return topology_->lowers(entity);
    return heard_[entity - topology_->size()].lowers;
}

std::string_view Estate::word(const Topology::Link& link) const {
    return in_topology(link.to) ? topology_->word(link.word) : std::string_view("member");
}

void Estate::learn_member(Entity upper, Entity lower) {
    if (upper == none || lower == none || upper == lower || in_topology(upper) || in_topology(lower)) return;
    auto& up = heard_[lower - topology_->size()].uppers;
    auto& down = heard_[upper - topology_->size()].lowers;
    if (up.size() >= learned_uppers_max || down.size() >= learned_lowers_max) return;
    if (std::any_of(up.begin(), up.end(), [upper](const Topology::Link& link) { return link.to == upper; })) return;
    up.push_back({upper, LinkKind::member, 0});
    down.push_back({lower, LinkKind::member, 0});
}

std::vector<Estate::Entity> Estate::replace(std::shared_ptr<const Topology> topology, std::span<const Entity> used) {
    Estate next;
    next.topology_ = std::move(topology);
    std::vector<Entity> numbers(size(), none);
    for (const Entity old : used)
        if (in_topology(old)) numbers[old] = next.entity(name(old));
    for (auto old = static_cast<Entity>(topology_->size()); old < size(); ++old) numbers[old] = next.entity(name(old));
    for (std::size_t i = 0; i < heard_.size(); ++i)
        for (const Topology::Link& link : heard_[i].uppers)
            next.learn_member(numbers[link.to], numbers[topology_->size() + i]);
    *this = std::move(next);
    return numbers;
}

}  // namespace incidentd
