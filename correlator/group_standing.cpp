// Redundancy groups that need so many of their members: which of these live, and what an incident weighs that touches
// no more of them than can be spared.
#include "correlator/association.hpp"
#include "correlator/state.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t groups_told_max = 3;
constexpr std::size_t members_judged_max = 64;  // of an incident; a larger one touches more than can be spared

}  // namespace

std::string Association::standing_of(Entity whole) const {
    const std::optional<Estate::Standing> now = estate_.standing(whole);
    if (!now.has_value()) return {};
    return std::string(estate_.name(whole)) + " lives on " + std::to_string(now->live) + " of " +
           std::to_string(now->members) + " members, needs " + std::to_string(now->needs);
}

std::string Association::standing_of_groups(Entity member) const {
    std::string out;
    const auto groups = estate_.groups_with(member);
    for (const Entity whole : groups.first(std::min(groups.size(), groups_told_max)))
        out += "; " + standing_of(whole) + (estate_.standing(whole)->is_lost() ? ": inferred to have failed" : "");
    return out;
}

// What its members depend on counts too: three replicas on the one node that failed are down, though none says so.
bool Association::can_spare(Entity whole) const {
    const std::optional<Estate::Standing> now = estate_.standing(whole);
    if (!now.has_value() || now->is_lost()) return false;
    std::uint32_t live = now->live;
    const auto members = estate_.uppers(whole);
    for (const Topology::Link& member : members.first(std::min(members.size(), links_asked_max))) {
        if (member.kind != LinkKind::member || estate_.is_down(member.to)) continue;
        const auto above = estate_.uppers(member.to);
        const bool is_cut_off = std::any_of(
            above.begin(), above.begin() + static_cast<std::ptrdiff_t>(std::min(above.size(), std::size_t{8})),
            [this](const Topology::Link& link) {
                const auto known = failures_.find(link.to);
                return link.kind == LinkKind::depends && known != failures_.end() && known->second.incident.is_set();
            });
        if (is_cut_off) --live;
    }
    return live >= now->needs;
}

bool Association::can_be_spared(IncidentId incident) const {
    const auto found = clusters_.find(incident);
    if (found == clusters_.end() || found->second.members.empty()) return false;
    const std::vector<FailedEntity>& failed = found->second.members;
    if (failed.size() > members_judged_max) return false;
    return std::all_of(failed.begin(), failed.end(), [this](const FailedEntity& one) {
        if (one.entity == Estate::none) return false;
        const auto groups = estate_.groups_with(one.entity);
        return !groups.empty() && std::all_of(groups.begin(), groups.end(),
                                              [this](Entity whole) { return !estate_.standing(whole)->is_lost(); });
    });
}

void Correlator::State::index_member(Slot slot, bool firing) {
    if (!association.estate().has_groups()) return;
    const AlertRecord& alert = alerts[slot];
    if (alert.severity == Severity::info) return;
    const std::vector<LabelView> labels = labels_of(alert);
    Estate& estate = association.estate();
    std::string scratch;
    if (const auto entity = estate.find_in_topology(entity_of(estate, labels, scratch)))
        estate.member_alert(*entity, firing);
}

void Correlator::State::count_members() {
    if (!association.estate().has_groups()) return;
    association.estate().forget_member_alerts();
    for (const Slot slot : firing_slots()) index_member(slot, true);
}

void Correlator::State::set_severity(Slot slot, Severity severity) {
    AlertRecord& alert = alerts[slot];
    if (alert.severity == severity) return;
    if (alert.firing) index_member(slot, false);
    alert.severity = severity;
    if (alert.firing) index_member(slot, true);
}

// Before its alert joins, which tells of it. A rule that says nothing of the impact leaves it to what is known: one of
// three replicas is no outage.
void Correlator::State::judge_impact(IncidentRecord& incident, const CorrelationRule& rule, bool begins) {
    if (!rule.impact.empty() || !association.estate().has_groups()) return;
    IncidentView& view = incident.view;
    const bool spared = association.can_be_spared(view.id);
    if (begins) {
        if (spared) view.impact = Impact::low;
        return;
    }
    if (spared || view.impact != Impact::low) return;
    view.impact = Impact::medium;
    add_fact(incident, "impact", "impact went from low to medium: more failed than redundancy groups can spare");
}

}  // namespace incidentd
