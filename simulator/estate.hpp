// The things that can fail and what they need: given as a topology, or drawn at random. No I/O; one owner.
#pragma once

#include "correlator/topology.hpp"
#include "simulator/random.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::simulator {

enum class Kind : std::uint8_t {
    site,
    power,
    network,
    storage,
    host,
    machine,   // virtual
    instance,  // of a service: a pod, a process
    service,
    database,
    dns,
    balancer,
    provider,
    batch,  // what starts jobs at night
};
constexpr std::size_t kind_count = 13;
std::string_view to_string(Kind kind);
std::optional<Kind> kind_from(std::string_view word);

// How the lower one needs the upper one.
enum class Relation : std::uint8_t {
    site,
    power,
    net,
    uplink,
    disk,
    runs,
    member,
    wan,
    front,
    infra,
    call,
    depends,  // nothing more is known
    peer,
};
// A topology's own word; what is not known is `depends`.
Relation relation_from(std::string_view word);
std::string_view to_string(Relation relation);

using EntityId = std::uint32_t;

class Estate {
public:
    struct Link {
        EntityId to = 0;
        Relation relation = Relation::depends;
    };
    struct Entity {
        std::string name;
        Kind kind = Kind::host;
        std::string site;
        std::vector<Link> uppers, lowers;  // what it needs, what needs it
    };

    // The kinds are told from the links and the names (infer_kinds.cpp).
    static Estate of(const TopologySpec& topology);

    EntityId add(std::string name, Kind kind, std::string site);
    void link(EntityId upper, EntityId lower, Relation relation);
    void set_kind(EntityId entity, Kind kind);

    const Entity& at(EntityId entity) const { return entities_[entity]; }
    std::size_t size() const { return entities_.size(); }
    std::optional<EntityId> find(std::string_view name) const;  // by its exact name
    const std::vector<EntityId>& all_of(Kind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
    TopologySpec topology() const;  // its links, in the order in which they were made

private:
    struct Made {
        EntityId upper = 0, lower = 0;
        Relation relation = Relation::depends;
    };
    std::vector<Entity> entities_;
    std::vector<Made> links_;
    std::map<std::string, EntityId, std::less<>> by_name_;
    std::array<std::vector<EntityId>, kind_count> by_kind_;
};

// Of each entity of a given topology, in the order of their first mention.
std::vector<Kind> infer_kinds(const TopologySpec& topology, const std::vector<std::string>& names);

// Sites with power, core and rack switches, storage, hosts, virtual machines; services in tiers that call one another,
// with redundant instances, balancers, name servers, databases. `hosts` >= 1.
Estate draw_estate(std::size_t hosts, Random random);

}  // namespace incidentd::simulator
