// The topology of all files together: its bounds, and what is odd about it.
#include "rules/topology_files.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace incidentd {
namespace {

using Entity = Topology::Entity;

std::uint64_t hash_of(std::string_view upper, std::string_view lower) {
    return XXH3_64bits_withSeed(lower.data(), lower.size(), XXH3_64bits(upper.data(), upper.size()));
}

std::string times(std::size_t count, const std::string& one, const std::string& many) {
    return count == 1 ? "1 " + one : std::to_string(count) + " " + many;
}

// Depth first over what entities depend on, without recursion: the topology may be a chain of a million.
class CycleSearch {
public:
    explicit CycleSearch(const Topology& topology) : topology_(topology), state_(topology.size(), fresh) {}

    // The first cycle found, its first entity again at the end; empty when there is none.
    std::vector<Entity> find() {
        for (Entity entity = 0; entity < topology_.size(); ++entity)
            if (state_[entity] == fresh && descend(entity)) return cycle_;
        return {};
    }

private:
    enum State : std::uint8_t { fresh, on_path, done };
    struct Step {
        Entity entity = 0;
        std::size_t next = 0;
    };

    bool descend(Entity from) {
        std::vector<Step> path{{from, 0}};
        state_[from] = on_path;
        while (!path.empty()) {
            Step& step = path.back();
            const auto links = topology_.uppers(step.entity);
            if (step.next == links.size()) {
                state_[step.entity] = done;
                path.pop_back();
                continue;
            }
            const Topology::Link link = links[step.next++];
            if (link.kind == LinkKind::peer || state_[link.to] == done) continue;
            if (state_[link.to] == on_path) return keep(path, link.to);
            state_[link.to] = on_path;
            path.push_back({link.to, 0});
        }
        return false;
    }

    bool keep(const std::vector<Step>& path, Entity first) {
        const auto begin = std::find_if(path.begin(), path.end(), [first](const Step& s) { return s.entity == first; });
        for (auto at = begin; at != path.end(); ++at) cycle_.push_back(at->entity);
        cycle_.push_back(first);
        return true;
    }

    const Topology& topology_;
    std::vector<State> state_;
    std::vector<Entity> cycle_;
};

std::string cycle_text(const Topology& topology) {
    constexpr std::size_t shown_most = 8;
    const std::vector<Entity> cycle = CycleSearch(topology).find();
    std::string out;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
        if (i == shown_most && cycle.size() > shown_most + 1) {
            out += " on ... " + std::to_string(cycle.size() - 1 - i) + " more ...";
            i = cycle.size() - 1;
        }
        out += (i == 0 ? "" : " on ") + std::string(topology.name(cycle[i]));
    }
    return out;
}

}  // namespace

void TopologyDraft::Doubt::note(const Location& where, const std::string& what) {
    if (++count > 1) return;
    first = where;
    names = what;
}

void TopologyDraft::give(const Location& where) {
    if (!std::exchange(is_given_, true)) where_ = where;
}

bool TopologyDraft::take_name(const Location& where, const std::string& key, const std::string& name,
                              Problems& problems) {
    if (name.empty() || name.size() > topology_name_bytes_max) {
        problems.add(where, key,
                     name.empty()
                         ? "needs a name, found an empty text"
                         : "is longer than a name may be, " + std::to_string(topology_name_bytes_max) + " bytes");
        return false;
    }
    if (entities_.contains(name)) return true;
    if (entities_.size() >= topology_entities_max) {
        problems.add(where, key,
                     "names " + shown(name) + ", one entity more than the " + std::to_string(topology_entities_max) +
                         " that a topology may have",
                     "leave out what sends no alerts and carries nothing that does");
        is_full_ = true;
        return false;
    }
    entities_.insert(name);
    return true;
}

void TopologyDraft::add_link(const Location& where, const std::string& key, TopologySpec::Link link,
                             Problems& problems) {
    if (is_full_) return;
    if (spec_.links.size() >= topology_links_max) {
        problems.add(where, key,
                     "is one link more than the " + std::to_string(topology_links_max) + " that a topology may have");
        is_full_ = true;
        return;
    }
    if (!take_name(where, key, link.upper, problems) || !take_name(where, key, link.lower, problems)) return;
    if (link.upper == link.lower) return of_itself_.note(where, shown(link.upper));
    if (!links_.insert(hash_of(link.upper, link.lower)).second)
        return doubled_.note(where, shown(link.lower) + " on " + shown(link.upper));
    spec_.links.push_back(std::move(link));
}

void TopologyDraft::add_alias(const Location& where, const std::string& key, std::string alias, std::string entity,
                              Problems& problems) {
    if (is_full_) return;
    if (spec_.aliases.size() >= topology_entities_max) {
        problems.add(
            where, key,
            "is one alias more than the " + std::to_string(topology_entities_max) + " that a topology may have");
        is_full_ = true;
        return;
    }
    if (alias.empty()) return problems.add(where, key, "needs a name, found an empty text");
    if (alias.size() > topology_name_bytes_max)
        return problems.add(where, key,
                            "is longer than a name may be, " + std::to_string(topology_name_bytes_max) + " bytes");
    if (!take_name(where, key, entity, problems)) return;
    spec_.aliases.emplace_back(std::move(alias), std::move(entity));
}

void TopologyDraft::add_need(const Location& where, const std::string& key, const std::string& whole,
                             std::uint32_t needs, Problems& problems) {
    if (is_full_ || !take_name(where, key, whole, problems)) return;
    const auto [at, is_new] = needs_.try_emplace(whole, needs);
    if (is_new) return spec_.needs.emplace_back(whole, needs), void();
    if (at->second != needs)
        contradicted_.note(where, shown(whole) + " " + std::to_string(at->second) + " and " + std::to_string(needs));
}

void TopologyDraft::warn_of_groups(const Topology& topology, Problems& problems) const {
    if (contradicted_.count > 0)
        problems.warn(contradicted_.first, "topology.groups",
                      times(contradicted_.count, "group is", "groups are") +
                          " said to need different numbers of members, first " + contradicted_.names +
                          "; the first of them counts");
    Doubt too_many;
    for (const auto& [whole, needs] : spec_.needs) {
        const auto links = topology.uppers(*topology.find(whole));
        const auto members = std::count_if(links.begin(), links.end(),
                                           [](const Topology::Link& link) { return link.kind == LinkKind::member; });
        if (static_cast<std::size_t>(members) < needs)
            too_many.note(where_,
                          shown(whole) + ", which needs " + std::to_string(needs) + " of " + std::to_string(members));
    }
    if (too_many.count > 0)
        problems.warn(
            too_many.first, "topology.groups",
            times(too_many.count, "group needs", "groups need") + " more members than known, first " + too_many.names,
            "such a group needs all of them; more may come over the API");
}

void TopologyDraft::warn_of_doubts(const Topology& topology, Problems& problems) const {
    if (doubled_.count > 0)
        problems.warn(doubled_.first, "topology",
                      times(doubled_.count, "link is", "links are") +
                          " given twice, this one first: " + doubled_.names + "; the first of them counts");
    if (of_itself_.count > 0)
        problems.warn(of_itself_.first, "topology",
                      times(of_itself_.count, "link leads", "links lead") +
                          " from an entity to itself, this one first: " + of_itself_.names);
    boost::unordered_flat_set<std::string_view> linked;
    for (const TopologySpec::Link& link : spec_.links) {
        linked.insert(link.upper);
        linked.insert(link.lower);
    }
    Doubt unlinked, ambiguous;
    std::map<std::string_view, std::string_view> known;
    for (const auto& [alias, entity] : spec_.aliases) {
        if (!linked.contains(entity)) unlinked.note(where_, shown(entity));
        const auto [at, is_new] = known.try_emplace(alias, entity);
        if (!is_new && at->second != entity)
            ambiguous.note(where_, shown(alias) + " of " + shown(at->second) + " and " + shown(entity));
    }
    if (unlinked.count > 0)
        problems.warn(unlinked.first, "topology.aliases",
                      times(unlinked.count, "alias belongs", "aliases belong") +
                          " to an entity that no link mentions, first " + unlinked.names,
                      "a slip of the finger, or an entity that nothing depends on");
    if (ambiguous.count > 0)
        problems.warn(ambiguous.first, "topology.aliases",
                      times(ambiguous.count, "name is an alias", "names are aliases") + " of two entities, first " +
                          ambiguous.names + "; such a name finds neither");
    warn_of_groups(topology, problems);
    if (const std::string cycle = cycle_text(topology); !cycle.empty())
        problems.warn(where_, "topology", "entities depend on each other in a circle: " + cycle,
                      "that is allowed; within a circle the likeliest cause is told by time and severity alone");
}

}  // namespace incidentd
