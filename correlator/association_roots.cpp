// Causes of an incident: its own, and where those are old acquaintances, what broke beside them for once.
#include "correlator/association.hpp"

#include <algorithm>
#include <cstdlib>

namespace incidentd {
namespace {

constexpr std::uint32_t ranked_always = 40;  // members up to which each onset ranks the causes anew
constexpr std::uint32_t alerts_least = 2;    // of an incident, to hold the cause of another

std::string later_or_before(Duration after) {
    if (after.ms == 0) return "at the same time as";
    return to_string(Duration{std::abs(after.ms)}) + (after.ms > 0 ? " after" : " before");
}

}  // namespace

std::vector<RootCandidate> Association::rank_if_due(IncidentId incident) {
    const auto found = clusters_.find(incident);
    if (found == clusters_.end()) return {};
    Cluster& cluster = found->second;
    const auto size = static_cast<std::uint32_t>(cluster.members.size());
    if (size > ranked_always && size < cluster.ranked_at + cluster.ranked_at / 10) return {};
    cluster.ranked_at = size;
    std::vector<RootCandidate> own = rank_own(cluster);
    if (cluster.likeliest.is_habitual()) {
        const Newest newest = newest_clusters();
        for (const auto& [id, other] : newest) look_beside(newest, cluster, id, *other);
    }
    return with_beside(cluster, std::move(own));
}

std::vector<std::pair<IncidentId, std::vector<RootCandidate>>> Association::rank_beside(IncidentId incident) {
    std::vector<std::pair<IncidentId, std::vector<RootCandidate>>> changed;
    const auto found = clusters_.find(incident);
    if (found == clusters_.end()) return changed;
    const Newest newest = newest_clusters();
    for (const auto& [id, other] : newest)
        if (other->members.size() <= ranked_always && look_beside(newest, *other, incident, found->second))
            changed.emplace_back(id, with_beside(*other, rank_own(*other)));
    return changed;
}

// Oldest first.
Association::Newest Association::newest_clusters() {
    Newest newest;
    newest.reserve(incidents_beside_asked);
    for (auto at = clusters_.rbegin(); at != clusters_.rend() && newest.size() < incidents_beside_asked; ++at)
        newest.emplace_back(at->first, &at->second);
    std::reverse(newest.begin(), newest.end());
    return newest;
}

std::vector<RootCandidate> Association::rank_own(Cluster& cluster) const {
    std::vector<RootCandidate> roots = rank_roots(estate_, cluster.members);
    cluster.likeliest = FailedEntity{};
    if (roots.empty() || roots.front().silent) return roots;
    const auto first = std::find_if(cluster.members.begin(), cluster.members.end(), [&](const FailedEntity& member) {
        return member.entity != Estate::none && estate_.name(member.entity) == roots.front().entity;
    });
    if (first != cluster.members.end()) cluster.likeliest = *first;
    return roots;
}

// Whether what is beside the cluster changed by what is now known of the other.
bool Association::look_beside(const Newest& newest, Cluster& cluster, IncidentId id, const Cluster& other) const {
    if (&cluster == &other || !cluster.likeliest.is_habitual()) return false;
    const auto is_near = [&cluster](const Cluster& one) {
        return one.began >= cluster.began - cluster.reach && one.began <= cluster.last + cluster.reach;
    };
    const FailedEntity& cause = other.likeliest;
    const bool is_cause = other.alerts >= alerts_least && other.partition == cluster.partition &&
                          cause.entity != Estate::none && cause.is_rarer_than(cluster.likeliest);
    Beside& known = cluster.beside;
    if (!is_cause || !is_near(other)) {
        if (is_cause || known.incident != id) return false;
        known = Beside{};
        return true;
    }
    if (known.incident.is_set() && known.incident != id && known.earlier <= cause.earlier) return false;
    const bool has_it = std::any_of(cluster.members.begin(), cluster.members.end(),
                                    [&](const FailedEntity& member) { return member.entity == cause.entity; });
    const auto near =
        std::count_if(newest.begin(), newest.end(), [&](const auto& one) { return is_near(*one.second); });
    if (has_it || static_cast<std::size_t>(near) > incidents_beside_few + 1) return false;  // itself is near, too
    const Entity through = dependant_of_both(cluster.likeliest.entity, cause.entity);
    if (through == Estate::none) return false;
    const bool is_news = known.incident != id || known.entity != cause.entity || known.earlier != cause.earlier;
    known = {id, cause.entity, cause.earlier, through, other.began - cluster.began};
    return is_news;
}

// Itself and what depends on it, the nearest first.
std::vector<Association::Entity> Association::dependants(Entity entity) const {
    std::vector<Entity> reached{entity};
    for (std::size_t at = 0; at < reached.size(); ++at) {
        const auto lowers = estate_.lowers(reached[at]);
        for (const Topology::Link& link : lowers.first(std::min(lowers.size(), links_asked_max))) {
            if (reached.size() >= dependants_asked_max) return reached;
            if (link.kind != LinkKind::peer && std::find(reached.begin(), reached.end(), link.to) == reached.end())
                reached.push_back(link.to);
        }
    }
    return reached;
}

Association::Entity Association::dependant_of_both(Entity one, Entity other) const {
    const std::vector<Entity> of_one = dependants(one);
    for (const Entity entity : dependants(other))
        if (std::find(of_one.begin(), of_one.end(), entity) != of_one.end()) return entity;
    return Estate::none;
}

std::string Association::depends_on_both(const Beside& beside, Entity usual) const {
    const auto name = [this](Entity entity) { return std::string(estate_.name(entity)); };
    if (beside.through == usual || beside.through == beside.entity)
        return name(beside.through) + " depends on " + name(beside.through == usual ? beside.entity : usual);
    return name(beside.through) + " depends on it and on " + name(usual);
}

// The rarer one comes first, with the share that its rarity gives it.
std::vector<RootCandidate> Association::with_beside(const Cluster& cluster, std::vector<RootCandidate> own) const {
    const Beside& beside = cluster.beside;
    const FailedEntity& usual = cluster.likeliest;
    if (beside.entity == Estate::none || beside.through == Estate::none || !usual.is_habitual() ||
        beside.earlier * 2 > usual.earlier)
        return own;
    const std::string name(estate_.name(beside.entity));
    if (std::any_of(own.begin(), own.end(), [&](const RootCandidate& one) { return one.entity == name; })) return own;
    const std::uint32_t percent = (usual.earlier + 1) * 100 / (usual.earlier + beside.earlier + 2);
    for (RootCandidate& one : own) one.percent = one.percent * (100 - percent) / 100;
    const std::string seldom = beside.earlier == 0
                                   ? "it had not failed before"
                                   : "it fails seldom, in " + std::to_string(beside.earlier) + " incidents before";
    own.insert(own.begin(), {name, percent, false,
                             "likeliest cause of " + to_string(beside.incident) + ", which began " +
                                 later_or_before(beside.after) + " this one; " + depends_on_both(beside, usual.entity) +
                                 "; " + seldom + ", " + std::string(estate_.name(usual.entity)) + " often, in " +
                                 std::to_string(usual.earlier) + " of " + std::to_string(usual.of)});
    if (own.size() > root_candidates_max) own.pop_back();
    return own;
}

}  // namespace incidentd
