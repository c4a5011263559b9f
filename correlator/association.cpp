// Placing an onset: choose by the evidence (association_evidence.cpp), join, merge, remember.
#include "correlator/association.hpp"

#include "correlator/fingerprint.hpp"

#include <boost/container/flat_map.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

constexpr Duration claim_late_most = hours(4);  // an older stamp is not believed
constexpr double join_least = 0.5;              // of the combined evidence
constexpr double evidence_most = 0.98;          // one observation alone is never certain
constexpr std::size_t checks_kept = 8;
constexpr std::size_t sibling_merge_members_most = 3;

Duration part(Duration scale, double share) {
    return {static_cast<std::int64_t>(static_cast<double>(scale.ms) * share)};
}

}  // namespace

std::uint16_t Association::source_number(std::string_view source) {
    const auto found = source_numbers_.find(source);
    if (found != source_numbers_.end()) return found->second;
    if (paces_.size() >= sources_paced_max) return static_cast<std::uint16_t>(paces_.size() - 1);
    const auto number = static_cast<std::uint16_t>(paces_.size());
    source_numbers_.emplace(source, number);
    paces_.emplace_back();
    return number;
}

const SourcePace* Association::find_pace(std::string_view source) const {
    const auto found = source_numbers_.find(source);
    return found == source_numbers_.end() ? nullptr : &paces_[found->second];
}

Association::Failure* Association::failure(Entity entity) {
    const auto found = failures_.find(entity);
    return found == failures_.end() || !found->second.incident.is_set() ? nullptr : &found->second;
}

Association::Cluster* Association::open_cluster(IncidentId incident, const Case& c) {
    const auto found = clusters_.find(incident);
    if (found == clusters_.end()) return nullptr;
    Cluster& cluster = found->second;
    if (cluster.partition != c.onset.partition || c.at - cluster.began >= c.caps.max_age ||
        cluster.alerts >= c.caps.max_alerts)
        return nullptr;
    return &cluster;
}

Association::Placement Association::place(const Onset& onset, IncidentId fresh, const AssociationCaps& caps) {
    Case c{onset, caps, {}, {}, source_number(onset.source), estate_.entity(onset.entity), {}, {}};
    if (c.entity != Estate::none) {
        for (const std::string& whole : onset.wholes) estate_.learn_member(c.entity, estate_.entity(whole));
        if (!onset.node.empty()) estate_.learn_node(c.entity, estate_.entity(onset.node), onset.received);
    }
    const SourcePace& pace = paces_[c.source];
    const Instant claimed = onset.claimed.is_set() ? onset.claimed : onset.received;
    const bool believed = claimed <= onset.received && onset.received - claimed < claim_late_most;
    const Instant stamp = believed ? claimed : onset.received;
    c.at = stamp - pace.delay();
    observe(c);
    c.scale = pace.scale();
    note_words(c);
    gather(c);

    Placement placement;
    placement.entity = c.entity;
    const std::optional<Evidence> best = choose(c);
    placement.begins = !best.has_value();
    placement.incident = best ? best->incident : fresh;
    placement.because = best ? explain(c, *best) : explain_beginning(c);
    Entity cause = Estate::none;
    double cause_score = 0;
    for (const Evidence& one : c.found) {
        const bool upwards = one.why == Why::upper || one.why == Why::silent_upper || one.why == Why::inferred ||
                             one.why == Why::named_alike || one.why == Why::similar || one.why == Why::follows ||
                             one.why == Why::lost_group || (one.why == Why::member && !one.is_below);
        if (one.incident != placement.incident || !upwards || one.score <= cause_score) continue;
        cause = one.other;
        cause_score = one.score;
    }
    if (placement.begins) {
        Cluster& cluster = clusters_[fresh];
        cluster.began = cluster.last = c.at;
        cluster.partition = onset.partition;
        habit_.incident_began();
    }
    join(c, placement.incident, cause);
    const IncidentId chosen = placement.incident;
    merge_late_root(c, placement);
    merge_siblings(c, chosen, placement);
    if (const auto near = placement.begins ? symptom(placement.incident) : std::nullopt)
        placement.symptom_of = near->of;
    last_incident_ = placement.incident;
    last_claimed_ = stamp;
    learn(c);
    return placement;
}

// What the onset teaches of its source's pace.
void Association::observe(Case& c) {
    Duration gap{-1};
    const auto near = [&](Entity entity) {
        const auto found = failures_.find(entity);
        if (found == failures_.end()) return;
        const Duration apart = c.at - found->second.last;
        if (apart.ms >= 0 && (gap.ms < 0 || apart < gap)) gap = apart;
    };
    if (c.entity != Estate::none) {
        near(c.entity);
        const auto uppers = estate_.uppers(c.entity), lowers = estate_.lowers(c.entity);
        for (std::size_t i = 0; i < std::min(uppers.size(), links_asked_max); ++i) near(uppers[i].to);
        if (lowers.size() <= links_asked_max)
            for (const Topology::Link& link : lowers) near(link.to);
    }
    SourcePace& pace = paces_[c.source];
    pace.onset(c.at + pace.delay(), gap);
    if (const Failure* known = c.entity == Estate::none ? nullptr : failure(c.entity);
        known != nullptr && known->last_source != c.source && c.at - known->last <= pace.scale() * 2)
        pace.compare(paces_[known->last_source],
                     (c.at + pace.delay()) - (known->last + paces_[known->last_source].delay()));
}

// Evidence for one incident adds up as independent observations do; the incident with the most wins.
std::optional<Association::Evidence> Association::choose(const Case& c) const {
    struct Sum {
        double doubt = 1;
        const Evidence* best = nullptr;
    };
    boost::container::small_flat_map<IncidentId, Sum, 8> sums;
    for (const Evidence& one : c.found) {
        Sum& sum = sums[one.incident];
        sum.doubt *= 1 - std::min(one.score, evidence_most);
        if (sum.best == nullptr || one.score > sum.best->score) sum.best = &one;
    }
    const Sum* chosen = nullptr;
    for (const auto& [incident, sum] : sums)
        if (1 - sum.doubt >= join_least && (chosen == nullptr || sum.doubt < chosen->doubt)) chosen = &sum;
    return chosen == nullptr ? std::nullopt : std::optional<Evidence>(*chosen->best);
}

void Association::join(const Case& c, IncidentId incident, Entity cause) {
    Cluster& cluster = clusters_.at(incident);
    ++cluster.alerts;
    cluster.began = std::min(cluster.began, c.at);
    cluster.last = std::max(cluster.last, c.at);
    cluster.reach = part(c.scale, 0.7);
    if (c.entity == Estate::none) return learn_habit(c, cluster, false);
    Failure& known = failures_[c.entity];
    const bool is_fresh = known.incident != incident;
    if (is_fresh) {
        HabitCount habit = known.habit;
        const std::uint32_t earlier = habit_.of(habit), all = habit_.incidents();
        habit_.add(habit);
        const Instant last = known.last;
        const bool was_failing = known.incident.is_set();
        const IncidentId before = was_failing ? known.incident : known.before;
        const std::uint16_t firing_before = was_failing ? known.firing : known.firing_before;
        known = Failure{};
        known.incident = incident;
        known.before = before;
        known.firing_before = firing_before;
        known.habit = habit;
        known.last = last;
        known.cause = cause;
        known.member = static_cast<std::uint32_t>(cluster.members.size());
        cluster.members.push_back({c.entity, c.at, 0, Severity::info, true, false, earlier, all > 0 ? all - 1 : 0});
        if (const Failure* upper = cause == Estate::none ? nullptr : failure(cause))
            known.depth = static_cast<std::uint16_t>(upper->depth + 1);
    } else if (known.cause == Estate::none) {
        known.cause = cause;
    }
    known.last = std::max(known.last, c.at);
    known.last_source = static_cast<std::uint16_t>(c.source);
    known.marks[known.mark_count % known.marks.size()] = {c.at, c.scale};
    known.mark_count = static_cast<std::uint8_t>(known.mark_count < 7 ? known.mark_count + 1 : 4);
    FailedEntity& member = cluster.members[known.member];
    member.first = std::min(member.first, c.at);
    member.only_silence = member.only_silence && c.onset.is_silence;
    member.changed = member.changed || c.onset.is_change;
    member.worst = std::max(member.worst, c.onset.severity);
    learn_habit(c, cluster, known.is_only(c.onset.check));
    if (known.checks.size() < checks_kept) {
        known.checks.push_back({c.onset.check, c.at});
        ++member.checks;
    }
    count_firing(incident, cluster, c.entity, c.onset.check, true);
    if (is_fresh) tell_uppers(c);
}

void Association::tell_uppers(const Case& c) {
    const auto uppers = estate_.uppers(c.entity);
    for (std::size_t i = 0; i < std::min(uppers.size(), links_asked_max); ++i) {
        if (uppers[i].kind == LinkKind::peer) continue;
        Tally& tally = tallies_[uppers[i].to];
        const auto known = std::find_if(tally.failed.begin(), tally.failed.end(),
                                        [&c](const Tally::One& one) { return one.child == c.entity; });
        if (known != tally.failed.end()) {
            known->at = c.at;
        } else if (tally.failed.size() < failed_lately_max) {
            tally.failed.push_back({c.entity, c.at});
        } else {
            tally.failed[tally.next] = {c.entity, c.at};
            tally.next = (tally.next + 1) % failed_lately_max;
        }
    }
}

// The cause may be noticed after its effects: incidents whose own root depends on this entity were parts of it.
void Association::merge_late_root(const Case& c, Placement& placement) {
    for (const Evidence& one : c.found) {
        if (!one.is_below || one.why == Why::silent_lower) continue;
        if (one.incident == placement.incident || one.score < join_least) continue;
        Failure* root = failure(one.other);
        const auto from = clusters_.find(one.incident);
        if (root == nullptr || root->incident != one.incident || root->cause != Estate::none) continue;
        if (from == clusters_.end() || c.at - from->second.began > part(c.scale, 0.6)) continue;
        root->cause = c.entity;
        if (!merge(one.incident, placement)) continue;
        placement.merged_because = "the first failure of " + to_string(one.incident) + ", " +
                                   std::string(estate_.name(one.other)) + ", depends on " +
                                   std::string(estate_.name(c.entity)) + ", whose alert came later";
    }
}

// Once a silent parent is inferred, those of its children that failed alone meanwhile belong to it, too.
void Association::merge_siblings(const Case& c, IncidentId chosen, Placement& placement) {
    for (const Evidence& one : c.found) {
        if (one.why != Why::inferred || one.incident != chosen) continue;
        const std::vector<Tally::One> failed = tallies_[one.other].failed;
        for (const Tally::One& child : failed) {
            const Duration apart = c.at - child.at;
            Failure* known = failure(child.child);
            if (known == nullptr || known->incident == placement.incident || known->cause != Estate::none) continue;
            if (std::max(apart, Duration{-apart.ms}) > part(c.scale, 0.75)) continue;
            const IncidentId other = known->incident;
            const auto from = clusters_.find(other);
            if (from == clusters_.end() || from->second.partition != c.onset.partition ||
                from->second.members.size() > sibling_merge_members_most || c.at - from->second.began > c.scale * 3)
                continue;
            known->cause = one.other;
            if (!merge(other, placement)) continue;
            placement.merged_because = std::to_string(one.failed) + " of the " + std::to_string(one.of) +
                                       " that depend on " + std::string(estate_.name(one.other)) +
                                       " failed together, so it is inferred to have failed";
        }
    }
}

// The older incident goes on: it is the likelier one to have a ticket.
bool Association::merge(IncidentId with, Placement& placement) {
    if (with == placement.incident) return false;
    const IncidentId into = std::min(with, placement.incident), from = std::max(with, placement.incident);
    const auto target = clusters_.find(into), source = clusters_.find(from);
    if (target == clusters_.end() || source == clusters_.end()) return false;
    move_into(target, source);
    if (placement.begins && from == placement.incident)
        placement.begins = false;
    else
        placement.merged.push_back(from);
    placement.incident = into;
    return true;
}

void Association::repeated(std::string_view source, Duration gap) {
    if (gap >= minutes(1)) paces_[source_number(source)].repetition(gap);
}

void Association::recovered(std::string_view source) { paces_[source_number(source)].recovery(); }

void Association::close(IncidentId incident) {
    const auto found = clusters_.find(incident);
    if (found == clusters_.end()) return;
    if (learn_.habits && found->second.lone_check != 0) check_habits_.ended_alone(found->second.lone_check);
    for (const FailedEntity& member : found->second.members) {
        const auto known = failures_.find(member.entity);
        if (known == failures_.end() || known->second.incident != incident) continue;
        Failure over;
        over.last = known->second.last;
        over.before = known->second.before;
        over.firing_before = known->second.firing_before;
        over.habit = known->second.habit;
        over.last_source = known->second.last_source;
        known->second = std::move(over);
    }
    clusters_.erase(found);
}

Duration Association::rejoin_within(std::string_view source) const {
    const SourcePace* pace = find_pace(source);
    return part(pace == nullptr ? SourcePace().scale() : pace->scale(), 1.5);
}

Duration Association::stale_after(std::string_view source) const {
    const SourcePace* pace = find_pace(source);
    return pace == nullptr ? SourcePace().silence_most() : pace->silence_most();
}

void Association::use(std::shared_ptr<const Topology> topology) {
    if (topology->digest() == estate_.topology()->digest()) return estate_.share(std::move(topology));
    std::vector<Entity> used;
    for (const auto& [entity, known] : failures_) {
        used.push_back(entity);
        if (known.cause != Estate::none) used.push_back(known.cause);
    }
    for (const auto& [incident, cluster] : clusters_)
        for (const FailedEntity& member : cluster.members)
            if (member.entity != Estate::none) used.push_back(member.entity);
    for (const auto& [incident, cluster] : clusters_)
        for (const Entity entity : {cluster.beside.entity, cluster.beside.through})
            if (entity != Estate::none) used.push_back(entity);
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    const std::vector<Entity> numbers = estate_.replace(std::move(topology), used);
    const auto renamed = [&numbers](Entity old) { return old == Estate::none ? old : numbers[old]; };
    std::vector<Entity> order;
    for (const auto& [entity, known] : failures_) order.push_back(entity);
    std::sort(order.begin(), order.end());
    boost::unordered_flat_map<Entity, Failure> failures;
    for (const Entity old : order) {
        Failure& known = failures_.at(old);
        known.cause = renamed(known.cause);
        if (numbers[old] != Estate::none) failures.emplace(numbers[old], std::move(known));
    }
    failures_ = std::move(failures);
    tallies_.clear();  // of links that may be gone; they fill again within minutes
    for (auto& [incident, cluster] : clusters_) {
        for (FailedEntity& member : cluster.members) member.entity = renamed(member.entity);
        cluster.likeliest.entity = renamed(cluster.likeliest.entity);
        cluster.beside.entity = renamed(cluster.beside.entity);
        cluster.beside.through = renamed(cluster.beside.through);
    }
    recent_.rename(renamed);
}

std::uint64_t Association::digest() const {
    std::uint64_t hash = 0;
    const auto number = [&hash](std::uint64_t value) { hash = XXH3_64bits_withSeed(&value, sizeof value, hash); };
    std::vector<Entity> order;
    for (const auto& [entity, known] : failures_) order.push_back(entity);
    std::sort(order.begin(), order.end());
    for (const Entity entity : order) {
        const Failure& known = failures_.at(entity);
        for (const std::uint64_t value :
             {std::uint64_t{entity}, known.incident.value, std::uint64_t{known.cause}, std::uint64_t{known.member},
              std::uint64_t{known.depth}, std::uint64_t{habit_.of(known.habit)},
              static_cast<std::uint64_t>(known.last.ms)})
            number(value);
        for (const Mark& mark : known.marks) number(static_cast<std::uint64_t>(mark.at.ms ^ (mark.scale.ms << 20)));
        for (const CheckMark& one : known.checks) number(one.check);
        for (const std::uint64_t value :
             {known.before.value, std::uint64_t{known.firing}, std::uint64_t{known.firing_before}})
            number(value);
    }
    for (const auto& [incident, cluster] : clusters_) {
        number(incident.value);
        number(static_cast<std::uint64_t>(cluster.began.ms));
        number(cluster.alerts);
        number(cluster.lone_check);
        for (const CheckFiring& one : cluster.firing) number(one.check ^ one.alerts);
        for (const FailedEntity& member : cluster.members) number(member.entity ^ std::uint64_t{member.earlier} << 32);
        number(cluster.beside.incident.value);
        number(cluster.likeliest.entity);
    }
    number(habit_.incidents());
    for (const SourcePace& pace : paces_) {
        number(static_cast<std::uint64_t>(pace.scale().ms));
        number(static_cast<std::uint64_t>(pace.delay().ms));
    }
    number(estate_.size());
    number(estate_.groups_digest());
    number(estate_.links_digest());
    number(last_incident_.value);
    for (const std::uint64_t part :
         {recent_.end(), co_occurrence_.digest(), similarity_.digest(), check_habits_.digest()})
        number(part);
    return hash;
}

}  // namespace incidentd
