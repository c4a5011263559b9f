// Every entity that alerts speak of: those of the topology, and those first heard of in an alert.
#pragma once

#include "correlator/labels.hpp"
#include "correlator/string_hash.hpp"
#include "correlator/time.hpp"
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
// Learned links of one entity; further ones are not kept.
constexpr std::size_t learned_uppers_max = 16;
constexpr std::size_t learned_lowers_max = 64;

class Estate {
public:
    using Entity = Topology::Entity;
    static constexpr Entity none = UINT32_MAX;

    Estate() : topology_(std::make_shared<const Topology>()) {}

    // The number is the topology's, or a new one after it. `none`: unheard of, and the table is full.
    Entity entity(std::string_view name);
    bool in_topology(Entity entity) const { return entity < topology_->size(); }
    std::optional<Entity> find(std::string_view name) const;                  // of either kind; nullopt: unheard of
    bool has_room() const { return heard_.size() < entities_heard_max / 2; }  // for names that come and go
    std::optional<Entity> find_in_topology(std::string_view name) const { return topology_->find(name); }
    std::string_view name(Entity entity) const;
    std::span<const Topology::Link> uppers(Entity entity) const;
    std::span<const Topology::Link> lowers(Entity entity) const;
    std::string_view word(const Topology::Link& link) const;
    std::size_t size() const { return topology_->size() + heard_.size(); }

    // A redundancy group as it stands: a member lives while no alert about it that is worse than info fires.
    struct Standing {
        std::uint32_t needs = 0, live = 0, members = 0;
        bool is_lost() const { return live < needs; }
    };
    bool has_groups() const { return topology_->group_count() > 0; }
    std::optional<Standing> standing(Entity whole) const;  // nullopt: nobody said how many members it needs
    std::span<const Entity> groups_with(Entity member) const;
    bool is_down(Entity member) const { return alerts_on_.contains(member); }
    // An alert about the entity that is worse than info began or ceased to fire. Another topology knows of none:
    // whoever replaces one tells it of all that fire.
    void member_alert(Entity member, bool firing);
    void forget_member_alerts();
    std::uint64_t groups_digest() const;

    // `lower` consists of `upper` and others like it, as an alert's labels say. Entities of the topology keep its word.
    void learn_member(Entity upper, Entity lower);
    // The pod runs on this node, as labels of an alert say; it is then on no other one. It is forgotten after a day
    // without such an alert. What moves three times within an hour is no pod but an exporter that speaks of others: for
    // a day it has no node. The node may be the topology's; a pod of the topology keeps its word.
    void learn_node(Entity pod, Entity node, Instant at);
    std::optional<Entity> node_of(Entity pod) const;
    bool is_exporter(Entity pod, Instant at) const;
    void forget_links();  // all that was learned
    static bool is_learned(const Topology::Link& link);
    struct LearnedLink {
        std::string upper, lower, word;
    };
    std::vector<LearnedLink> learned_links(std::size_t most) const;  // in the order of their lower ends
    std::size_t learned_link_count() const;
    std::uint64_t links_digest() const;

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
        std::vector<Topology::Link> uppers, lowers;  // learned ones
        Instant node_seen, moved_at;                 // of a pod
        std::uint8_t moves = 0;
    };
    void join_node(Entity pod, Entity node);
    void leave_node(Entity pod);
    void forget_old_pods(Entity node, Instant at);
    std::size_t topology_lowers(Entity entity) const;
    std::vector<Topology::Link>& learned_lowers(Entity node);
    void grow_topology();  // `grown_` anew
    void take_links(const Estate& from, std::span<const Entity> numbers);

    std::shared_ptr<const Topology> topology_;  // shared with the rules it came with
    std::vector<Heard> heard_;
    // Lowers of entities of the topology that have learned ones as well: the topology's first, then these by number.
    boost::unordered_flat_map<Entity, std::vector<Topology::Link>> grown_;
    std::uint64_t restored_base_ = 0;  // size of the topology that a snapshot was made with
    boost::unordered_flat_map<std::string, Entity, StringHash, std::equal_to<>>
        index_;  // short canonical name -> heard entity
    // Follows from the alerts that fire, so it is in no snapshot.
    boost::unordered_flat_map<Entity, std::uint32_t> alerts_on_;  // of members of groups, never 0
    boost::unordered_flat_map<Entity, std::uint32_t> down_;       // members, by group, never 0
};

// What an alert with these labels is about, by a name of the topology if it has one: part of `labels`, or what was put
// into `scratch`.
std::string_view entity_of(const Estate& estate, LabelsView labels, std::string& scratch);

}  // namespace incidentd
