// Rules of `op: topology`: what the association says of an onset becomes a beginning, a joining or a merge, behind the
// opening gate; and what it says of causes becomes part of the incident.
#include "correlator/state.hpp"

#include "correlator/alert_similarity.hpp"
#include "correlator/fingerprint.hpp"
#include "correlator/label_links.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace incidentd {
namespace {

constexpr Duration symptom_after = minutes(5);  // what may be a symptom of an outage is held for so long

bool contains_word(std::string_view text, std::string_view word) {
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

// "No requests for 5 minutes": something is missing because of a failure elsewhere.
bool is_silence(std::string_view title, std::string_view check) {
    if (check.find("Absent") != check.npos || check.starts_with("NoData")) return true;
    if (title.size() < 3 || !contains_word(title.substr(0, 3), "no ")) return false;
    constexpr std::array<std::string_view, 6> missing{"request",   "data",    "traffic",
                                                      "operation", "message", "heartbeat"};
    return std::any_of(missing.begin(), missing.end(), [title](auto word) { return contains_word(title, word); });
}

bool is_change(Severity severity, std::string_view title, std::string_view check) {
    if (severity != Severity::info) return false;
    constexpr std::array<std::string_view, 4> words{"deploy", "rollout", "release", "config change"};
    return std::any_of(words.begin(), words.end(),
                       [&](auto word) { return contains_word(title, word) || contains_word(check, word); });
}

}  // namespace

std::string_view check_of(const TemplateScope& scope, std::string& scratch) {
    constexpr std::array<std::string_view, 2> names{"alertname", "check"};
    for (const std::string_view name : names)
        if (const std::string_view value = find_label(scope.labels, name); !value.empty()) return value;
    const std::string_view service = find_label(scope.labels, "service");
    if (!service.empty() && !find_label(scope.labels, "host").empty()) return service;
    return scratch = without_numbers(scope.title);
}

// What failed. A name the topology knows comes first; else the host, in Kubernetes the namespace (an `instance` there
// is often the exporter), else the instance, else what the alert is about.
std::string_view entity_of(const Estate& estate, LabelsView labels, std::string& scratch) {
    constexpr std::array<std::string_view, 6> names{"host", "pod", "node", "instance", "service", "device"};
    if (estate.topology()->size() > 0)
        for (const std::string_view name : names) {
            const std::string_view value = find_label(labels, name);
            if (!value.empty() && estate.find_in_topology(value).has_value()) return value;
        }
    if (const std::string_view host = find_label(labels, "host"); !host.empty()) return host;
    const std::string_view space = find_label(labels, "namespace"), cluster = find_label(labels, "cluster");
    if (!space.empty())
        return scratch = "namespace " + (cluster.empty() ? "" : std::string(cluster) + "/") + std::string(space);
    if (const std::string_view at = find_label(labels, "instance"); !at.empty()) return at;
    scratch.clear();
    constexpr std::array<std::string_view, 4> rest{"alertname", "cluster", "job", "service"};
    for (const std::string_view name : rest)
        if (const std::string_view value = find_label(labels, name); !value.empty())
            (scratch += scratch.empty() ? "" : " ") += value;
    return scratch.empty() ? "alerts without labels" : std::string_view(scratch);
}

void Correlator::State::group_by_topology(Slot slot, const CorrelationRule& rule, const TemplateScope& scope) {
    std::string entity_scratch, check_scratch;
    const std::string_view named = entity_of(association.estate(), scope.labels, entity_scratch);
    const LabelledSubject subject =
        subject_of(association.estate(), association.learning(), scope.labels, std::string(named), now);
    const std::string_view check = check_of(scope, check_scratch);
    Onset onset;
    onset.received = now;
    onset.claimed = alerts[slot].starts_at;
    onset.source = scope.source;
    onset.entity = subject.entity;
    onset.node = subject.node;
    onset.wholes = subject.wholes;
    onset.check = XXH3_64bits(check.data(), check.size());
    onset.severity = scope.severity;
    onset.is_silence = is_silence(scope.title, check);
    onset.is_change = is_change(scope.severity, scope.title, check);
    onset.title = scope.title;
    onset.check_name = check;
    onset.labels = scope.labels;
    const IncidentId fresh{next_incident};
    onset.partition = group_of(rule, scope.labels).low;
    const Association::Placement placed =
        association.place(onset, fresh, {rule.max_age, rule.max_alerts, rule.max_depth});
    if (placed.begins && incidents.size() >= limits.incidents_max && !evict_dead_incident()) {
        association.close(fresh);
        return join_overflow(slot, scope);
    }
    const std::string because =
        "rule " + rule.name + ": " + placed.because + association.standing_of_groups(placed.entity);
    if (placed.begins) {
        const std::string id = to_string(fresh);
        IncidentRecord& incident = begin_incident(rule, fingerprint_of("topology", id, {}), scope);
        incident.view.because = because;
        judge_impact(incident, rule, true);
        set_gate(incident, rule, placed.symptom_of);
        join(slot, incident, Verdict::opened, because, failed_of(check, named));
    } else {
        judge_impact(incidents.at(placed.incident), rule, false);
        join(slot, incidents.at(placed.incident), Verdict::joined, because, failed_of(check, named));
    }
    IncidentRecord& incident = incidents.at(placed.incident);
    for (const IncidentId merged : placed.merged) merge_incident(incident, merged, placed.merged_because);
    const std::uint64_t parts[] = {onset.check, placed.entity};
    const bool is_lesser =
        rule.gate.habitual_after.ms > 0 && (scope.severity == Severity::warning || scope.severity == Severity::error);
    pass_gate(incident, scope.severity, XXH3_64bits(parts, sizeof parts),
              is_lesser ? association.habits().usually_alone(onset.check) : nullptr);
    rank_roots_of(incident);
}

void Correlator::State::set_gate(IncidentRecord& incident, const CorrelationRule& rule, IncidentId symptom_of) {
    GateRule& wants = gates[incident.view.id].wants;
    wants = rule.gate;
    if (!symptom_of.is_set()) return;
    wants.critical_after = std::max(wants.critical_after, symptom_after);
    deadlines.set(now + symptom_after, DeadlineKind::hold_over, incident.view.id.value, 0);
    incident.view.because += "; it may be a symptom of " + to_string(symptom_of) +
                             ", of which it becomes a part if nothing else fails with it";
}

void Correlator::State::pass_gate(IncidentRecord& incident, Severity severity, std::uint64_t check,
                                  const CheckHabit* alone) {
    const auto found = gates.find(incident.view.id);
    if (found == gates.end() || incident.view.state != IncidentState::pending) return;
    found->second.count(severity, check, alone);
    watch_gate(incident);
}

// What fires in the incident is not what it was.
void Correlator::State::watch_gate(IncidentRecord& incident) {
    const auto found = gates.find(incident.view.id);
    if (found == gates.end() || incident.view.state != IncidentState::pending) return;
    OpeningGate& gate = found->second;
    const std::optional<Instant> before = gate.due();
    gate.watch(incident.firing_by_severity, now);
    if (gate.is_passed(now)) {
        const bool was_held = gate.is_told;
        if (was_held) emit_made([&] { return TimelineAdded{incident.view.id, "gate", gate.passed_because(now)}; });
        return open(incident);
    }
    // A deadline that no longer counts is asked again when it is over.
    if (const std::optional<Instant> due = gate.due(); due.has_value() && due != before)
        deadlines.set(*due, DeadlineKind::hold_over, incident.view.id.value, 0);
    if (!std::exchange(gate.is_told, true))
        emit_made([&] { return TimelineAdded{incident.view.id, "gate", gate.waits_for()}; });
    changed(incident);
}

// What stayed alone beside an outage was a symptom of it.
bool Correlator::State::attach_symptom(IncidentRecord& incident) {
    if (!gates.contains(incident.view.id)) return false;
    const std::optional<Association::Symptom> symptom = association.symptom(incident.view.id);
    IncidentRecord* outage = symptom ? live_incident(symptom->of) : nullptr;
    if (outage == nullptr || outage->view.alerts_total >= outage->max_alerts ||
        now - outage->view.began_at >= outage->max_age)
        return false;
    association.attach(incident.view.id, symptom->of);
    merge_incident(*outage, incident.view.id, symptom->because);
    rank_roots_of(*outage);
    return true;
}

void Correlator::State::tell_firing(const AlertRecord& alert) {
    if (!association.owns(alert.incident)) return;
    const WordsView said = words_of(alert);
    const std::vector<LabelView> labels = said.labels();
    std::string entity_scratch, check_scratch;
    const std::string_view check =
        check_of({labels, said.title(), pool.view(alert.source), {}, alert.severity}, check_scratch);
    const std::string_view named = entity_of(association.estate(), labels, entity_scratch);
    const std::string entity =
        subject_of(association.estate(), association.learning(), labels, std::string(named), now).entity;
    const std::uint64_t hash = XXH3_64bits(check.data(), check.size());
    alert.counted ? association.fires_again(alert.incident, entity, hash)
                  : association.stopped(alert.incident, entity, hash);
}

bool Correlator::State::has_gone_silent(const AlertRecord& alert) const {
    if (alert.expires_at.is_set() || now < no_expiry_before || !association.owns(alert.incident)) return false;
    return now - alert.last_seen > association.stale_after(pool.view(alert.source));
}

// Where topology and time decide, it is not for the key alone to say that this is the same problem again.
bool Correlator::State::comes_back_late(const AlertRecord& alert, bool was_silent) const {
    if (!association.owns(alert.incident)) return false;
    return was_silent || now - alert.resolved_at > association.rejoin_within(pool.view(alert.source));
}

// One ticket goes on; the other says so and ends.
void Correlator::State::merge_incident(IncidentRecord& into, IncidentId from_id, const std::string& why) {
    IncidentRecord* from = live_incident(from_id);
    if (from == nullptr) return;
    const std::string because = to_string(from_id) + " was merged into " + to_string(into.view.id) + ": " + why;
    if (from->view.state == IncidentState::open && into.view.state == IncidentState::pending) open(into);
    for (const Slot slot : from->alerts) {
        AlertRecord& alert = alerts[slot];
        if (!alert.used || alert.incident != from_id) continue;
        alert.incident = into.view.id;
        into.alerts.push_back(slot);
        ++into.view.alerts_total;
        if (alert.counted) {
            ++into.view.alerts_firing;
            ++into.firing_by_severity[static_cast<std::size_t>(alert.severity)];
            --from->view.alerts_firing;
            --from->firing_by_severity[static_cast<std::size_t>(alert.severity)];
        }
        decide(alert, Verdict::joined, into.view.rule, because);
        change(slot);
    }
    if (into.view.alerts_firing > 0) ++into.generation;
    into.view.messages_total += from->view.messages_total;
    into.view.began_at = std::min(into.view.began_at, from->view.began_at);
    into.view.peak_severity = std::max(into.view.peak_severity, from->view.peak_severity);
    if (const auto gate = gates.find(from_id), kept = gates.find(into.view.id);
        gate != gates.end() && kept != gates.end())
        kept->second.take(gate->second);
    memory.merge(into.view.id, from_id);
    end_merged(*from, into.view.id, because);
    reassess(into);
    add_fact(into, "merged", because);
    changed(into);
    advance_sinks(into);
}

void Correlator::State::end_merged(IncidentRecord& from, IncidentId into, const std::string& because) {
    IncidentView& view = from.view;
    const bool was_open = view.state == IncidentState::open;
    view.merged_into = into;
    view.resolved_at = now;
    was_open ? --sizes.incidents_open : --sizes.incidents_pending;
    if (const auto group = groups.find(from.group); group != groups.end() && group->second == view.id)
        groups.erase(group);
    gates.erase(view.id);
    if (was_open) {
        view.state = IncidentState::resolved;
        add_fact(from, "merged", because + "; work goes on there");
        emit(IncidentResolved{view.category, view.priority, view.id});
    } else {
        view.state = IncidentState::dropped;
        emit(TimelineAdded{view.id, "merged", because});
    }
    tell_change(from);
    if (was_open) advance_sinks(from);
    retire(view.id);
}

void Correlator::State::rank_roots_of(IncidentRecord& incident) {
    std::vector<RootCandidate> roots = association.rank_if_due(incident.view.id);
    if (roots.empty()) return;
    name_roots(incident, std::move(roots));
    for (auto& [id, others] : association.rank_beside(incident.view.id))
        if (IncidentRecord* other = live_incident(id); other != nullptr) name_roots(*other, std::move(others));
}

void Correlator::State::name_roots(IncidentRecord& incident, std::vector<RootCandidate> roots) {
    if (roots.empty() || roots == incident.view.roots) return;
    const bool is_news = incident.view.roots.empty() || roots.front().entity != incident.view.roots.front().entity;
    incident.view.roots = std::move(roots);
    if (incident.view.state == IncidentState::open && is_news && incident.view.alerts_total > 1) {
        const RootCandidate& first = incident.view.roots.front();
        add_fact(incident, "root",
                 "likeliest cause: " + first.entity + " (" + std::to_string(first.percent) + " %)" +
                     (first.reason.empty() ? "" : ": " + first.reason));
    }
    changed(incident);
    if (incident.view.state == IncidentState::open) advance_sinks(incident);
}

}  // namespace incidentd
