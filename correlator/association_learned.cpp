// Evidence of what was learned from the stream itself: alerts that read alike, and checks that follow one another. It
// speaks where the topology says nothing.
#include "correlator/association.hpp"

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace incidentd {
namespace {

constexpr double similar_least = 0.5;  // of the words' weight in common
constexpr double attributable_least = 0.5;
constexpr double weight_similar = 0.8, weight_follows = 0.7, weight_named = 0.6;
constexpr double named_window = 0.75;  // of the scale, as for the children of an inferred parent
constexpr std::size_t named_least = 3;
constexpr double learned_left_at_the_end = 0.5;  // of a weight, at the end of its window
constexpr std::uint16_t learned_depth_most = 4;  // steps of learned evidence alone: chains do not grow for ever

}  // namespace

void Association::set_learning(const LearnSettings& learn) {
    learn_ = learn;
    if (!learn.labels) estate_.forget_links();
    if (!learn.similarity) similarity_ = {};
    if (!learn.co_occurrence) co_occurrence_ = {};
    if (!learn.habits) check_habits_ = {};
    if (!learn.similarity && !learn.co_occurrence) recent_ = {};
}

// The onset as those after it will be compared with it.
void Association::note_words(Case& c) const {
    RecentOnset& seen = c.seen;
    seen.received = c.onset.received;
    seen.at = c.at;
    seen.scale = c.scale;
    seen.check = c.onset.check;
    seen.entity = c.entity;
    seen.environment = Environment(c.onset.labels);
    if (learn_.similarity) tokens_of(c.onset.title, c.onset.check_name, c.onset.entity, c.onset.labels, seen);
}

void Association::ask_learned(Case& c) {
    if (c.entity == Estate::none) return;
    if (learn_.similarity) {
        ask_similar(c);
        ask_named_alike(c);
    }
    if (learn_.co_occurrence) ask_follows(c);
}

// What nobody drew into the topology may still be told from names and words.
void Association::ask_similar(Case& c) {
    const Instant since = c.onset.received - c.scale * 2;
    for (const AlertSimilarity::Similar& one : similarity_.find(c.seen, recent_, since)) {
        if (one.share < similar_least) break;
        const RecentOnset& other = recent_[one.number];
        if (other.entity == c.entity || (estate_.in_topology(c.entity) && estate_.in_topology(other.entity))) continue;
        Evidence evidence;
        evidence.why = Why::similar;
        evidence.failed = static_cast<std::uint32_t>(one.share * 100 + 0.5);
        add_learned(c, other, weight_similar * one.share, evidence);
    }
}

// Enough that are named alike failed lately: whatever they have in common is inferred to have failed, as with a parent
// of the topology.
void Association::ask_named_alike(Case& c) {
    if (estate_.in_topology(c.entity)) return;
    boost::container::small_flat_map<IncidentId, std::pair<std::size_t, Entity>, 8> votes;
    boost::container::small_vector<Entity, 16> counted;
    for (const std::uint64_t number : similarity_.named_alike(c.seen, recent_, c.onset.received - c.scale * 2)) {
        const RecentOnset& other = recent_[number];
        if (other.entity == c.entity || std::find(counted.begin(), counted.end(), other.entity) != counted.end())
            continue;
        const double apart = static_cast<double>(std::abs((c.at - other.at).ms)) / static_cast<double>(c.scale.ms);
        const Failure* known = failure(other.entity);
        if (apart > named_window || known == nullptr || known->depth >= learned_depth_most) continue;
        counted.push_back(other.entity);
        auto& vote = votes[known->incident];
        ++vote.first;
        vote.second = other.entity;
    }
    if (counted.size() + 1 < named_least) return;
    const auto most = std::max_element(votes.begin(), votes.end(),
                                       [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
    Evidence evidence;
    evidence.why = Why::named_alike;
    evidence.incident = most->first;
    evidence.score = weight_named;
    evidence.other = most->second.second;
    evidence.failed = static_cast<std::uint32_t>(counted.size() + 1);
    c.found.push_back(evidence);
}

void Association::ask_follows(Case& c) {
    const std::uint64_t from = std::max(recent_.after(c.onset.received - c.scale),
                                        recent_.end() - std::min<std::uint64_t>(recent_.end(), window_onsets_max));
    for (std::uint64_t number = recent_.end(); number-- > from;) {
        const RecentOnset& other = recent_[number];
        if (estate_.in_topology(c.entity) && estate_.in_topology(other.entity)) continue;
        if (other.entity == c.entity || other.check == c.onset.check ||
            other.environment.is_apart_from(c.seen.environment))
            continue;
        const CoOccurrence::Known known =
            co_occurrence_.known(other.check, c.onset.check, Reach::apart, c.onset.received);
        if (known.attributable < attributable_least) continue;
        Evidence evidence;
        evidence.why = Why::follows;
        evidence.check = other.check;
        evidence.failed = static_cast<std::uint32_t>(std::lround(known.near));
        evidence.of = static_cast<std::uint32_t>(std::lround(known.of));
        add_learned(c, other, weight_follows * known.attributable, evidence);
    }
}

// Alike or not, several onsets of one incident are one observation: only the strongest counts.
void Association::add_learned(Case& c, const RecentOnset& other, double weight, Evidence evidence) {
    const Failure* known = failure(other.entity);
    if (known == nullptr || known->depth >= std::min(learned_depth_most, static_cast<std::uint16_t>(c.caps.max_depth)))
        return;
    const Duration gap = c.at - other.at, scale = std::max(c.scale, other.scale);
    const double at = static_cast<double>(std::abs(gap.ms)) / static_cast<double>(scale.ms);
    if (at > 1) return;
    evidence.incident = known->incident;
    evidence.score = weight * (1 - (1 - learned_left_at_the_end) * at);
    evidence.other = other.entity;
    evidence.gap = gap;
    for (Evidence& one : c.found) {
        if (one.why != evidence.why || one.incident != evidence.incident) continue;
        if (one.score < evidence.score) one = evidence;
        return;
    }
    c.found.push_back(evidence);
}

// After it was placed: what the onset teaches.
void Association::learn(const Case& c) {
    if (c.entity == Estate::none || (!learn_.similarity && !learn_.co_occurrence)) return;
    if (learn_.co_occurrence) {
        boost::container::small_vector<Entity, 32> linked{c.entity};
        for (const auto links : {estate_.uppers(c.entity), estate_.lowers(c.entity)})
            for (const Topology::Link& link : links.first(std::min(links.size(), links_asked_max)))
                linked.push_back(link.to);
        std::sort(linked.begin(), linked.end());
        co_occurrence_.observe(c.seen, c.onset.check_name, recent_, linked);
    }
    if (learn_.similarity) similarity_.add(c.seen, recent_.end());
    recent_.add(c.seen);
}

std::string Association::explain_learned(const Case& c, const Evidence& e, const std::string& when) const {
    const std::string other(estate_.name(e.other));
    if (e.why == Why::named_alike)
        return std::to_string(e.failed) + " that are named alike failed together, " + other + " among them";
    if (e.why == Why::similar)
        return "it reads like the alert of " + other + " " + when + " (" + std::to_string(e.failed) +
               " % of the weight of their words)";
    return std::string(c.onset.check_name) + " follows " + co_occurrence_.name(e.check) + " in " +
           std::to_string(e.failed) + " of " + std::to_string(e.of) + " cases, more than chance explains; " + other +
           " had it " + when;
}

}  // namespace incidentd
