// Long after its beginning an outage still makes things fail that depend on it, or makes them fail again. They come too
// late to be joined by time. One of them alone is no incident of its own; but only time tells whether it stays alone,
// so it is held, and this is asked when the time is over.
#include "correlator/association.hpp"

#include <algorithm>
#include <map>

namespace incidentd {
namespace {

constexpr std::size_t outage_entities_least = 3;
constexpr std::uint32_t same_check_least = 3;  // alerts of the same check that fire in the outage
constexpr std::size_t siblings_least = 3;      // that fire in the outage, ...
constexpr double siblings_share_least = 0.5;   // ... of all that depend on the same entity

}  // namespace

void Association::add_firing(Cluster& cluster, const Cluster& other) {
    for (const CheckFiring& more : other.firing) {
        const auto known = std::find_if(cluster.firing.begin(), cluster.firing.end(),
                                        [&more](const CheckFiring& one) { return one.check == more.check; });
        if (known != cluster.firing.end())
            known->alerts += more.alerts;
        else if (cluster.firing.size() < checks_counted_max)
            cluster.firing.push_back(more);
    }
}

void Association::count_firing(IncidentId incident, Cluster& cluster, Entity entity, std::uint64_t check, bool fires) {
    const auto step = [fires](auto& count) {
        if (fires)
            ++count;
        else if (count > 0)
            --count;
    };
    const auto counted = std::find_if(cluster.firing.begin(), cluster.firing.end(),
                                      [check](const CheckFiring& one) { return one.check == check; });
    if (counted != cluster.firing.end())
        step(counted->alerts);
    else if (fires && cluster.firing.size() < checks_counted_max)
        cluster.firing.push_back({check, 1});
    const auto known = failures_.find(entity);
    if (known == failures_.end()) return;
    if (known->second.incident == incident)
        step(known->second.firing);
    else if (known->second.before == incident)
        step(known->second.firing_before);
}

// What is not known under this name any more was not counted under it either.
void Association::recount(IncidentId incident, std::string_view name, std::uint64_t check, bool fires) {
    const auto cluster = clusters_.find(incident);
    const std::optional<Entity> entity = estate_.find(name);
    if (cluster != clusters_.end() && entity.has_value())
        count_firing(incident, cluster->second, *entity, check, fires);
}

void Association::fires_again(IncidentId incident, std::string_view entity, std::uint64_t check) {
    recount(incident, entity, check, true);
}

void Association::stopped(IncidentId incident, std::string_view entity, std::uint64_t check) {
    recount(incident, entity, check, false);
}

// The entity when the incident is one check of it alone.
Association::Entity Association::lone_entity(const Cluster& cluster, IncidentId incident) const {
    if (cluster.members.size() != 1 || cluster.members.front().entity == Estate::none) return Estate::none;
    const auto own = failures_.find(cluster.members.front().entity);
    if (own == failures_.end() || own->second.incident != incident || own->second.checks.empty() ||
        !own->second.is_only(own->second.checks.front().check))
        return Estate::none;
    return own->first;
}

std::optional<Association::Symptom> Association::symptom(IncidentId lone) const {
    const auto found = clusters_.find(lone);
    if (found == clusters_.end()) return std::nullopt;
    const Entity entity = lone_entity(found->second, lone);
    if (entity == Estate::none) return std::nullopt;
    const Failure& own = failures_.at(entity);

    const Cluster* largest = nullptr;
    Symptom symptom;
    const auto consider = [&](IncidentId incident, const auto& because) {
        const auto at = incident == lone ? clusters_.end() : clusters_.find(incident);
        if (at == clusters_.end() || at->second.partition != found->second.partition) return;
        const Cluster& outage = at->second;
        if (outage.members.size() < outage_entities_least) return;
        if (largest != nullptr && largest->members.size() >= outage.members.size()) return;
        const auto same = std::find_if(outage.firing.begin(), outage.firing.end(), [&own](const CheckFiring& one) {
            return one.check == own.checks.front().check;
        });
        if (same == outage.firing.end() || same->alerts < same_check_least) return;
        largest = &outage;
        symptom = {incident, because() + ", in which the same check fires " + std::to_string(same->alerts) +
                                 " times; nothing else failed with it"};
    };
    if (own.firing_before > 0)
        consider(own.before, [&] { return "other checks of " + std::string(estate_.name(entity)) + " fire in it"; });
    const auto uppers = estate_.uppers(entity);
    for (const Topology::Link& link : uppers.first(std::min(uppers.size(), links_asked_max)))
        if (link.kind != LinkKind::peer) consider_upper(link.to, consider);
    return largest == nullptr ? std::nullopt : std::optional<Symptom>(symptom);
}

// What the upper entity itself is part of, and what most of those that depend on it are part of.
template <class Consider>
void Association::consider_upper(Entity upper, const Consider& consider) const {
    const auto firing_in = [this](Entity entity, const auto& each) {
        const auto known = failures_.find(entity);
        if (known == failures_.end()) return;
        if (known->second.incident.is_set() && known->second.firing > 0) each(known->second.incident);
        if (known->second.before.is_set() && known->second.firing_before > 0) each(known->second.before);
    };
    const auto name = [&] { return std::string(estate_.name(upper)); };
    firing_in(upper, [&](IncidentId incident) {
        consider(incident, [&] { return name() + ", which it depends on, fails in it"; });
    });
    const auto tally = tallies_.find(upper);
    if (tally == tallies_.end()) return;
    std::map<IncidentId, std::size_t> siblings;
    for (const Tally::One& one : tally->second.failed)
        firing_in(one.child, [&](IncidentId incident) { ++siblings[incident]; });
    const std::size_t all = estate_.lowers(upper).size();
    const auto asked = static_cast<double>(std::min(all, failed_lately_max));
    for (const auto& [incident, count] : siblings) {
        if (count < siblings_least || static_cast<double>(count) < siblings_share_least * asked) continue;
        consider(incident, [&] {
            return std::to_string(count) + " of the " + std::to_string(all) + " that depend on " + name() +
                   " fail in it";
        });
    }
}

void Association::attach(IncidentId lone, IncidentId outage) {
    const auto target = clusters_.find(outage), source = clusters_.find(lone);
    if (target != clusters_.end() && source != clusters_.end() && lone != outage) move_into(target, source);
}

void Association::move_into(Clusters::iterator target, Clusters::iterator source) {
    Cluster& cluster = target->second;
    for (const FailedEntity& member : source->second.members) {
        const auto known = failures_.find(member.entity);
        if (known != failures_.end() && known->second.incident == source->first) {
            known->second.incident = target->first;
            known->second.member = static_cast<std::uint32_t>(cluster.members.size());
        }
        cluster.members.push_back(member);
    }
    meet_others(cluster);
    meet_others(source->second);
    add_firing(cluster, source->second);
    cluster.began = std::min(cluster.began, source->second.began);
    cluster.last = std::max(cluster.last, source->second.last);
    cluster.alerts += source->second.alerts;
    clusters_.erase(source);
    habit_.incident_merged();
}

// What this onset says of the habits of its check, and of the one it found alone.
void Association::learn_habit(const Case& c, Cluster& cluster, bool is_known_check) {
    if (!learn_.habits || c.onset.severity == Severity::info) return;
    if (cluster.alerts == 1) {
        cluster.lone_check = c.onset.check;
        return;
    }
    if (is_known_check && cluster.lone_check == c.onset.check) return;  // the same one once more
    meet_others(cluster);
    check_habits_.met_others(c.onset.check);
}

void Association::meet_others(Cluster& cluster) {
    if (cluster.lone_check != 0) check_habits_.met_others(cluster.lone_check);
    cluster.lone_check = 0;
}

}  // namespace incidentd
