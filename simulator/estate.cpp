#include "simulator/estate.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace incidentd::simulator {
namespace {

constexpr std::array<std::string_view, kind_count> kind_words{"site",     "power",    "network", "storage",  "host",
                                                              "machine",  "instance", "service", "database", "dns",
                                                              "balancer", "provider", "batch"};

// The first word of each relation is its own.
constexpr std::pair<std::string_view, Relation> relation_words[] = {
    {"site", Relation::site},          {"power", Relation::power},     {"net", Relation::net},
    {"uplink", Relation::uplink},      {"disk", Relation::disk},       {"runs", Relation::runs},
    {"member", Relation::member},      {"wan", Relation::wan},         {"front", Relation::front},
    {"infra", Relation::infra},        {"call", Relation::call},       {"depends", Relation::depends},
    {"link", Relation::peer},          {"location", Relation::site},   {"network", Relation::net},
    {"switch", Relation::net},         {"parent", Relation::net},      {"parents", Relation::net},
    {"storage", Relation::disk},       {"volume", Relation::disk},     {"san", Relation::disk},
    {"hosts", Relation::runs},         {"host", Relation::runs},       {"node", Relation::runs},
    {"runs_on", Relation::runs},       {"runs-on", Relation::runs},    {"redundancy", Relation::member},
    {"replica", Relation::member},     {"instance", Relation::member}, {"transit", Relation::wan},
    {"loadbalancer", Relation::front}, {"lb", Relation::front},        {"dns", Relation::infra},
    {"calls", Relation::call},         {"uses", Relation::call},       {"http", Relation::call},
    {"sql", Relation::call},           {"database", Relation::call},   {"peer", Relation::peer},
    {"neighbour", Relation::peer},     {"neighbor", Relation::peer}};

}  // namespace

std::string_view to_string(Kind kind) { return kind_words[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_from(std::string_view word) {
    const auto found = std::find(kind_words.begin(), kind_words.end(), word);
    if (found == kind_words.end()) return std::nullopt;
    return static_cast<Kind>(found - kind_words.begin());
}

Relation relation_from(std::string_view word) {
    for (const auto& [name, relation] : relation_words)
        if (name == word) return relation;
    return Relation::depends;
}

std::string_view to_string(Relation relation) { return relation_words[static_cast<std::size_t>(relation)].first; }

EntityId Estate::add(std::string name, Kind kind, std::string site) {
    const auto id = static_cast<EntityId>(entities_.size());
    by_name_.emplace(name, id);
    by_kind_[static_cast<std::size_t>(kind)].push_back(id);
    entities_.push_back({std::move(name), kind, std::move(site), {}, {}});
    return id;
}

void Estate::link(EntityId upper, EntityId lower, Relation relation) {
    entities_[upper].lowers.push_back({lower, relation});
    entities_[lower].uppers.push_back({upper, relation});
    links_.push_back({upper, lower, relation});
}

void Estate::set_kind(EntityId entity, Kind kind) {
    auto& former = by_kind_[static_cast<std::size_t>(entities_[entity].kind)];
    former.erase(std::find(former.begin(), former.end(), entity));
    entities_[entity].kind = kind;
    by_kind_[static_cast<std::size_t>(kind)].push_back(entity);
}

std::optional<EntityId> Estate::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

TopologySpec Estate::topology() const {
    TopologySpec spec;
    spec.links.reserve(links_.size());
    for (const Made& made : links_)
        spec.links.push_back(
            {entities_[made.upper].name, entities_[made.lower].name, std::string(to_string(made.relation))});
    return spec;
}

Estate Estate::of(const TopologySpec& topology) {
    std::vector<std::string> names;
    std::map<std::string, EntityId> numbers;
    const auto number = [&](const std::string& name) {
        const auto [at, is_new] = numbers.try_emplace(name, static_cast<EntityId>(names.size()));
        if (is_new) names.push_back(name);
        return at->second;
    };
    std::vector<Made> links;
    for (const TopologySpec::Link& link : topology.links) {
        const EntityId upper = number(link.upper), lower = number(link.lower);
        if (upper != lower) links.push_back({upper, lower, relation_from(link.kind)});
    }
    for (const auto& [alias, entity] : topology.aliases) number(entity);
    const std::vector<Kind> kinds = infer_kinds(topology, names);
    Estate estate;
    for (std::size_t i = 0; i < names.size(); ++i) estate.add(names[i], kinds[i], {});
    for (const Made& made : links) estate.link(made.upper, made.lower, made.relation);
    return estate;
}

}  // namespace incidentd::simulator
