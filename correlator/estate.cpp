#include "correlator/estate.hpp"

#include "correlator/entity_name.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace incidentd {

Estate::Entity Estate::entity(std::string_view name) {
    std::string scratch;
    const std::string_view canonical = canonical_name(name, scratch);
    if (const auto known = topology_->find(name, canonical)) return *known;
    const std::string_view key = short_name(canonical);
    if (const auto found = index_.find(key); found != index_.end()) return found->second;
    if (heard_.size() >= entities_heard_max) return none;
    const auto number = static_cast<Entity>(size());
    heard_.emplace_back().name = name;
    index_.emplace(key, number);
    return number;
}

std::optional<Estate::Entity> Estate::find(std::string_view name) const {
    if (const auto known = topology_->find(name)) return known;
    const std::string canonical = canonical_name(name);
    const auto found = index_.find(std::string(short_name(canonical)));
    return found == index_.end() ? std::nullopt : std::optional<Entity>(found->second);
}

std::string_view Estate::name(Entity entity) const {
    return in_topology(entity) ? topology_->name(entity) : heard_[entity - topology_->size()].name;
}

std::span<const Topology::Link> Estate::uppers(Entity entity) const {
    if (in_topology(entity)) return topology_->uppers(entity);
    return heard_[entity - topology_->size()].uppers;
}

std::span<const Topology::Link> Estate::lowers(Entity entity) const {
    if (in_topology(entity)) {
        const auto grown = grown_.find(entity);
        return grown == grown_.end() ? topology_->lowers(entity) : std::span<const Topology::Link>(grown->second);
    }
    return heard_[entity - topology_->size()].lowers;
}

std::optional<Estate::Standing> Estate::standing(Entity whole) const {
    const Topology::Group* group = in_topology(whole) ? topology_->group(whole) : nullptr;
    if (group == nullptr) return std::nullopt;
    const auto down = down_.find(whole);
    return Standing{group->needs, group->members - (down == down_.end() ? 0 : down->second), group->members};
}

std::span<const Estate::Entity> Estate::groups_with(Entity member) const {
    return in_topology(member) ? topology_->groups_with(member) : std::span<const Entity>();
}

void Estate::member_alert(Entity member, bool firing) {
    const std::span<const Entity> groups = groups_with(member);
    if (groups.empty()) return;
    if (firing) {
        if (++alerts_on_[member] > 1) return;
        for (const Entity whole : groups) ++down_[whole];
        return;
    }
    const auto known = alerts_on_.find(member);
    if (known == alerts_on_.end() || --known->second > 0) return;
    alerts_on_.erase(known);
    for (const Entity whole : groups)
        if (const auto down = down_.find(whole); --down->second == 0) down_.erase(down);
}

void Estate::forget_member_alerts() {
    alerts_on_.clear();
    down_.clear();
}

std::uint64_t Estate::groups_digest() const {
    std::vector<std::pair<Entity, std::uint32_t>> all(alerts_on_.begin(), alerts_on_.end());
    std::sort(all.begin(), all.end());
    std::uint64_t hash = all.size();
    for (const auto& [member, alerts] : all) {
        const std::uint64_t parts[] = {hash, member, alerts};
        hash = XXH3_64bits(parts, sizeof parts);
    }
    return hash;
}

std::uint64_t Estate::links_digest() const {
    std::uint64_t hash = heard_.size();
    for (const Heard& known : heard_) {
        std::vector<std::uint64_t> parts{hash, known.moves, static_cast<std::uint64_t>(known.node_seen.ms)};
        for (const auto* side : {&known.uppers, &known.lowers})
            for (const Topology::Link& link : *side) parts.push_back(std::uint64_t{link.to} << 8 | link.word);
        hash = XXH3_64bits(parts.data(), parts.size() * sizeof parts[0]);
    }
    return hash;
}

std::vector<Estate::Entity> Estate::replace(std::shared_ptr<const Topology> topology, std::span<const Entity> used) {
    Estate next;
    next.topology_ = std::move(topology);
    std::vector<Entity> numbers(size(), none);
    for (const Entity old : used)
        if (in_topology(old)) numbers[old] = next.entity(name(old));
    for (auto old = static_cast<Entity>(topology_->size()); old < size(); ++old) numbers[old] = next.entity(name(old));
    next.take_links(*this, numbers);
    *this = std::move(next);
    return numbers;
}

}  // namespace incidentd
