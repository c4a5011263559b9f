// Every entity that alerts speak of: those of the topology, and those first heard of in an alert.
#pragma once

#include "correlator/labels.hpp"
#include "correlator/string_hash.hpp"
#include "correlator/topology.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

constexpr std::uint32_t entities_heard_max = 500'000;  // past it, unknown names belong to no entity
constexpr std::size_t learned_uppers_max = 16;         // learned links of one entity; further ones are not kept
constexpr std::size_t learned_lowers_max = 64;

class Estate {
public:
    using Entity = Topology::Entity;
    static constexpr Entity none = UINT32_MAX;

    Estate() : topology_(std::make_shared<const Topology>()) {}

    // The number is the topology's, or a new one after it. `none`: unheard of, and the table is full.
    Entity entity(std::string_view name);
    bool in_topology(Entity entity) const { return entity < topology_->size(); }
    std::optional<Entity> find_in_topology(std::string_view name) const { return topology_->find(name); }
    std::string_view name(Entity entity) const;
    std::span<const Topology::Link> uppers(Entity entity) const;
    std::span<const Topology::Link> lowers(Entity entity) const;
    std::string_view word(const Topology::Link& link) const;
    std::size_t size() const { return topology_->size() + heard_.size(); }

    // `lower` consists of `upper` and others like it, as an alert's labels say. Entities of the topology keep its word.
    void learn_member(Entity upper, Entity lower);

    // From now on another topology holds. Returns the new number of every old entity, in order: `none` for one that the
    // new topology does not have, unless alerts spoke of it or it is in `used` (sorted).
    std::vector<Entity> replace(std::shared_ptr<const Topology> topology, std::span<const Entity> used);
    // Another copy of the same topology.
    void share(std::shared_ptr<const Topology> same) { topology_ = std::move(same); }
    const std::shared_ptr<const Topology>& topology() const { return topology_; }

private:
    friend struct AssociationSnapshot;
    friend struct LearningSnapshot;
    struct Heard {
        std::string name;
        std::vector<Topology::Link> uppers, lowers;
    };
    std::shared_ptr<const Topology> topology_;  // shared with the rules it came with
    std::vector<Heard> heard_;
    std::uint64_t restored_base_ = 0;  // size of the topology that a snapshot was made with
    boost::unordered_flat_map<std::string, Entity, StringHash, std::equal_to<>>
        index_;  // short canonical name -> heard entity
};

// What an alert with these labels is about, by a name of the topology if it has one: part of `labels`, or what was put
// into `scratch`.
std::string_view entity_of(const Estate& estate, LabelsView labels, std::string& scratch);

}  // namespace incidentd
