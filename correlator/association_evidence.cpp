// What speaks for an onset's belonging to an incident that is open, and how it is said.
#include "correlator/association.hpp"

#include <boost/container/flat_map.hpp>

#include <algorithm>
#include <cmath>

namespace incidentd {
namespace {

// All windows are in terms of the source's time scale; all weights stand for the share of cases in which the evidence
// alone was right, on simulated storms.
constexpr double upper_first = 1.0, upper_late = 0.6;  // a dependency failed before, or is noticed after
constexpr double same_window = 1.5, lately = 0.75, sibling_window = 4.5;
constexpr double weight_upper = 0.9, weight_lower = 0.8, weight_member = 0.85, weight_inferred = 0.9;
constexpr double weight_silent_between = 0.8, weight_sibling = 0.7, weight_step = 0.6;
constexpr double left_at_the_end = 0.5, same_left_at_the_end = 0.6;  // of a weight, at the end of its window
constexpr std::size_t inferred_least = 3;
constexpr double inferred_share_least = 0.3;
constexpr std::size_t silent_lowers_most = 16, siblings_most = 32;
constexpr Duration step_least = seconds(30);
constexpr double busy_most = 0.2;

Duration distance(Instant a, Instant b) { return a < b ? b - a : a - b; }

double in_window(Duration apart, double window, Duration scale) {
    return static_cast<double>(apart.ms) / (window * static_cast<double>(scale.ms));
}

}  // namespace

void Association::gather(Case& c) {
    if (c.entity != Estate::none) {
        ask_same(c);
        ask_uppers(c);
        ask_siblings(c);
        ask_lost_groups(c);
        ask_lowers(c);
    }
    ask_step(c);
    ask_learned(c);
    const auto kept = std::remove_if(c.found.begin(), c.found.end(),
                                     [&](const Evidence& one) { return open_cluster(one.incident, c) == nullptr; });
    c.is_refused = kept != c.found.end();
    c.found.erase(kept, c.found.end());
}

void Association::ask_same(Case& c) {
    const Failure* known = failure(c.entity);
    if (known == nullptr) return;
    double best = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(known->mark_count, known->marks.size()); ++i) {
        const Mark& mark = known->marks[i];
        const double at = in_window(distance(c.at, mark.at), same_window, std::max(c.scale, mark.scale));
        if (at <= 1) best = std::max(best, 1 - (1 - same_left_at_the_end) * at);
    }
    if (best > 0)
        c.found.push_back(
            {known->incident, best, c.entity, Why::same, c.at - known->last, 0, Estate::none, 0, 0, false, 0});
}

// `other` failed too, and one depends on the other: the nearer in time, the more it says.
void Association::ask(Case& c, Entity other, double weight, bool other_is_upper, Evidence evidence) {
    const Failure* known = failure(other);
    if (known == nullptr || known->depth >= c.caps.max_depth) return;
    double best = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(known->mark_count, known->marks.size()); ++i) {
        const Mark& mark = known->marks[i];
        const bool other_first = mark.at <= c.at;
        const double window = other_first == other_is_upper ? upper_first : upper_late;
        const double at = in_window(distance(c.at, mark.at), window, std::max(c.scale, mark.scale));
        if (at > 1 || 1 - (1 - left_at_the_end) * at <= best) continue;
        best = 1 - (1 - left_at_the_end) * at;
        evidence.gap = c.at - mark.at;
    }
    if (best == 0) return;
    evidence.incident = known->incident;
    evidence.score = weight * best;
    evidence.other = other;
    c.found.push_back(evidence);
}

void Association::ask_uppers(Case& c) {
    const auto uppers = estate_.uppers(c.entity);
    const bool spares_members = can_spare(c.entity);
    for (std::size_t i = 0; i < std::min(uppers.size(), links_asked_max); ++i) {
        const Topology::Link& link = uppers[i];
        if (link.kind == LinkKind::member && spares_members) continue;
        const bool depends = link.kind == LinkKind::depends;
        const double weight = link.kind == LinkKind::member ? weight_member : weight_upper;
        Evidence evidence;
        evidence.why = link.kind == LinkKind::member ? Why::member : Why::upper;
        evidence.word = link.word;
        ask(c, link.to, weight, depends, evidence);
        if (link.kind == LinkKind::peer) continue;
        ask_inferred(c, link);
        if (failure(link.to) == nullptr) ask_through(c, link, weight * weight_silent_between);
    }
}

// What `link.to` depends on, which itself is silent. A group that lives on the rest of its members stands between them
// and what depends on it; one that lost too many is inferred to have failed.
void Association::ask_through(Case& c, const Topology::Link& link, double weight) {
    const std::optional<Estate::Standing> group = estate_.standing(link.to);
    const bool spares_members = group.has_value() && can_spare(link.to);
    Evidence evidence;
    evidence.through = link.to;
    const auto above = estate_.uppers(link.to);
    for (std::size_t j = 0; j < std::min(above.size(), siblings_most); ++j) {
        if (above[j].kind == LinkKind::peer) continue;
        const bool is_member = above[j].kind == LinkKind::member;
        if (is_member && spares_members) continue;
        const bool is_lost = is_member && group.has_value() && group->is_lost();
        evidence.why = is_lost ? Why::lost_group : Why::silent_upper;
        evidence.word = above[j].word;
        ask(c, above[j].to, is_lost ? weight_inferred : weight, true, evidence);
    }
}

// With it the group has fewer members than it needs: what failed of it close in time is one failure of the group.
void Association::ask_lost_groups(Case& c) {
    const auto groups = estate_.groups_with(c.entity);
    for (const Entity whole : groups.first(std::min(groups.size(), links_asked_max))) {
        if (!estate_.standing(whole)->is_lost()) continue;
        const auto members = estate_.uppers(whole);
        Evidence evidence;
        evidence.why = Why::lost_group;
        evidence.through = whole;
        for (const Topology::Link& link : members.first(std::min(members.size(), siblings_most)))
            if (link.kind == LinkKind::member && link.to != c.entity && estate_.is_down(link.to))
                ask(c, link.to, weight_inferred, true, evidence);
    }
}

// Enough of what depends on `link.to` failed lately: it is inferred to have failed, whether or not it says so.
void Association::ask_inferred(Case& c, const Topology::Link& link) {
    const auto tally = tallies_.find(link.to);
    if (tally == tallies_.end()) return;
    boost::container::small_flat_map<IncidentId, std::size_t, 8> votes;
    std::size_t failed = 1;
    for (const Tally::One& one : tally->second.failed) {
        if (one.child == c.entity || in_window(distance(c.at, one.at), lately, c.scale) > 1) continue;
        ++failed;
        if (const Failure* child = failure(one.child)) ++votes[child->incident];
    }
    const std::size_t all = estate_.lowers(link.to).size();
    if (failed < inferred_least || static_cast<double>(failed) < inferred_share_least * static_cast<double>(all) ||
        votes.empty())
        return;
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    c.found.push_back({most->first,
                       weight_inferred,
                       link.to,
                       Why::inferred,
                       {},
                       link.word,
                       Estate::none,
                       static_cast<std::uint32_t>(failed),
                       static_cast<std::uint32_t>(all),
                       false,
                       0});
}

// The same check on another member of the same whole: leaks and the like creep, so the window is long.
void Association::ask_siblings(Case& c) {
    for (const Topology::Link& whole : estate_.lowers(c.entity)) {
        if (whole.kind != LinkKind::member) continue;
        const auto members = estate_.uppers(whole.to);
        for (std::size_t i = 0; i < std::min(members.size(), siblings_most); ++i) {
            if (members[i].kind != LinkKind::member || members[i].to == c.entity) continue;
            const Failure* sibling = failure(members[i].to);
            if (sibling == nullptr) continue;
            for (const CheckMark& one : sibling->checks)
                if (one.check == c.onset.check && in_window(distance(c.at, one.at), sibling_window, c.scale) <= 1)
                    c.found.push_back({sibling->incident, weight_sibling, members[i].to, Why::sibling, c.at - one.at, 0,
                                       whole.to, 0, 0, false, 0});
        }
    }
}

void Association::ask_lowers(Case& c) {
    const auto lowers = estate_.lowers(c.entity);
    Evidence evidence;
    evidence.why = Why::lower;
    evidence.is_below = true;
    if (lowers.size() > links_asked_max) {  // a hub: only those that told it of their failure
        const auto tally = tallies_.find(c.entity);
        if (tally == tallies_.end()) return;
        for (const Tally::One& one : tally->second.failed) ask(c, one.child, weight_lower, false, evidence);
        return;
    }
    for (const Topology::Link& link : lowers) {
        if (link.kind == LinkKind::peer) continue;
        if (link.kind == LinkKind::member && can_spare(link.to)) continue;
        evidence.why = link.kind == LinkKind::member ? Why::member : Why::lower;
        evidence.word = link.word;
        evidence.through = Estate::none;
        ask(c, link.to, link.kind == LinkKind::member ? weight_member : weight_lower, false, evidence);
        if (failure(link.to) != nullptr || estate_.lowers(link.to).size() > silent_lowers_most) continue;
        evidence.why = Why::silent_lower;
        evidence.through = link.to;
        for (const Topology::Link& below : estate_.lowers(link.to))
            if (below.kind != LinkKind::peer) {
                evidence.word = below.word;
                ask(c, below.to, weight_lower * weight_silent_between, false, evidence);
            }
    }
}

// A source that looks at everything at once, and hardly ever finds anything: what one look finds belongs together.
void Association::ask_step(Case& c) {
    const SourcePace& pace = paces_[c.source];
    if (pace.step() < step_least || !clusters_.contains(last_incident_)) return;
    const double steps =
        static_cast<double>(distance(c.at + pace.delay(), last_claimed_).ms) / static_cast<double>(pace.step().ms);
    if (steps > 1 || pace.busy_share() * (steps + 1) > busy_most) return;
    c.found.push_back({last_incident_, weight_step, Estate::none, Why::step, c.at + pace.delay() - last_claimed_, 0,
                       Estate::none, 0, 0, false, 0});
}

std::string Association::explain(const Case& c, const Evidence& e) const {
    const auto named = [this](Entity entity) { return std::string(estate_.name(entity)); };
    const Duration whole{e.gap.ms / 1000 * 1000};
    const std::string when = e.gap.ms >= 0 ? to_string(whole) + " before" : to_string(Duration{-whole.ms}) + " after";
    const auto word = [&](Entity to) { return std::string(estate_.word({to, LinkKind::depends, e.word})); };
    switch (e.why) {
        case Why::same:
            return "the same " + named(c.entity) + " had an onset " + when;
        case Why::upper:
            return named(c.entity) + " is next to " + named(e.other) + " (" + word(e.other) +
                   ", 1 hop), which failed " + when;
        case Why::lower:
            return named(e.other) + ", which depends on " + named(c.entity) + ", failed " + when;
        case Why::member:
            return named(e.other) + " and " + named(c.entity) + " are parts of one (member, 1 hop); it failed " + when;
        case Why::silent_upper:
            return named(c.entity) + " depends on " + named(e.other) + " through " + named(e.through) +
                   ", which is silent (2 hops); it failed " + when;
        case Why::silent_lower:
            return named(e.other) + " depends on " + named(c.entity) + " through " + named(e.through) +
                   ", which is silent (2 hops); it failed " + when;
        case Why::inferred:
            return "same " + named(e.other) + " (" + word(e.other) + ", 1 hop), inferred to have failed from " +
                   std::to_string(e.failed) + " of " + std::to_string(e.of) + " that depend on it";
        case Why::sibling:
            return "the same check failed on " + named(e.other) + ", also a member of " + named(e.through) + ", " +
                   when;
        case Why::similar:
        case Why::follows:
        case Why::named_alike:
            return explain_learned(c, e, when);
        case Why::lost_group:
            return standing_of(e.through) + ": inferred to have failed; " + named(e.other) + " of it failed " + when;
        case Why::step:
            return "found by the same look of its source, which hardly ever finds anything";
    }
    return {};
}

// Why nothing fits, as exactly as why something does: what came nearest, and what it falls short of.
std::string Association::explain_beginning(const Case& c) {
    if (!c.found.empty()) {
        const auto best = std::max_element(c.found.begin(), c.found.end(),
                                           [](const Evidence& a, const Evidence& b) { return a.score < b.score; });
        return "too little speaks for " + to_string(best->incident) + ": " + explain(c, *best);
    }
    if (c.is_refused) return "what failed near it is part of an incident that takes no more";
    const Failure* nearest = nullptr;
    Entity where = Estate::none;
    const auto look = [&](Entity entity) {
        const Failure* known = failure(entity);
        if (known == nullptr || (nearest != nullptr && nearest->last >= known->last)) return;
        nearest = known;
        where = entity;
    };
    if (c.entity != Estate::none) {
        look(c.entity);
        for (const auto links : {estate_.uppers(c.entity), estate_.lowers(c.entity)})
            for (const Topology::Link& link : links.first(std::min(links.size(), links_asked_max))) look(link.to);
    }
    if (nearest == nullptr) return "nothing near it is failing";
    const Duration apart = distance(c.at, nearest->last);
    return (where == c.entity ? "it" : std::string(estate_.name(where)) + " near it") + " last began to fail " +
           to_string(Duration{apart.ms / 1000 * 1000}) + (nearest->last <= c.at ? " before" : " after") +
           ", farther apart than alerts of " + std::string(c.onset.source) + " that belong together (about " +
           to_string(Duration{c.scale.ms / 1000 * 1000}) + ")";
}

}  // namespace incidentd
