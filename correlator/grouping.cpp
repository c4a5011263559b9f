// Onsets -> incidents: the first rule that matches says what the alert belongs together with.
#include "correlator/state.hpp"

#include "correlator/fingerprint.hpp"

#include <algorithm>
#include <array>

namespace incidentd {
namespace {

std::string_view place(std::string_view name, const TemplateScope& scope) {
    if (const std::string_view value = find_label(scope.labels, name); !value.empty()) return value;
    if (name == "title") return scope.title;
    if (name == "severity") return to_string(scope.severity);
    if (name == "source") return scope.source;
    if (name == "rule") return scope.rule;
    return {};
}

// Beside its matchers.
bool applies(const CorrelationRule& rule, LabelsView labels) {
    return rule.by_optional || std::all_of(rule.by.begin(), rule.by.end(), [labels](const std::string& name) {
               return !find_label(labels, name).empty();
           });
}

// What MTTR and MTBF are kept for, when no rule says so: the thing that failed, not the check that saw it.
std::string default_service(LabelsView labels) {
    const bool service_is_a_check = !find_label(labels, "host").empty();
    constexpr std::array<std::string_view, 5> names{"service", "host", "instance", "job", "alertname"};
    for (const std::string_view name : names) {
        if (name == "service" && service_is_a_check) continue;
        if (const std::string_view value = find_label(labels, name); !value.empty()) return std::string(value);
    }
    return "unknown";
}

// Asks for more than the alert itself, so that the rules after it may be asked too.
bool is_pattern(CorrelationOp op) {
    return op == CorrelationOp::threshold || op == CorrelationOp::sequence || op == CorrelationOp::absence;
}

Impact assessed_impact(const CorrelationRule& rule, const TemplateScope& scope) {
    return impact_from(render(rule.impact, scope)).value_or(Impact::medium);
}

}  // namespace

Fingerprint group_of(const CorrelationRule& rule, LabelsView labels) {
    std::vector<LabelView> values;
    values.reserve(rule.by.size());
    for (const std::string& name : rule.by) values.push_back({name, find_label(labels, name)});
    return fingerprint_of("rule", rule.by.empty() ? std::string_view(rule.name) : std::string_view{}, [&] {
        values.push_back({"\x01rule", rule.name});
        return LabelsView(values);
    }());
}

std::string group_text(const CorrelationRule& rule, LabelsView labels) {
    std::string text;
    for (const std::string& name : rule.by) {
        if (!text.empty()) text += ", ";
        text += name + "=" + std::string(find_label(labels, name));
    }
    return text.empty() ? "everything it matches" : text;
}

std::string render(const Template& text, const TemplateScope& scope) {
    std::string out;
    for (const Template::Part& part : text.parts())
        out += part.is_place ? place(part.text, scope) : std::string_view(part.text);
    return out;
}

void Correlator::State::on_onset(Slot slot) {
    AlertRecord& alert = alerts[slot];
    if (alert.suppressed) {
        decide(alert, Verdict::suppressed, {}, suppression_text(slot));
        change(slot);
        return;
    }
    if (alert.counted) return on_onset_while_flapping(slot);
    if (rejoin(slot)) return;
    const WordsView said = words_of(alert);
    const std::vector<LabelView> labels = said.labels();
    TemplateScope scope{labels, said.title(), pool.view(alert.source), {}, alert.severity};
    if (open_absence(slot) || gather_in_storm(slot, scope)) return;
    if (rules != nullptr) {
        // First the list, then the work: a rule may let an alert wait, and the next one is asked.
        std::vector<const CorrelationRule*> asked;
        indexes->correlate.each(labels, match_memory, [&](MatcherIndex::Rule at) {
            const CorrelationRule& rule = rules->correlate[at];
            if (!applies(rule, labels)) return true;
            asked.push_back(&rule);
            return is_pattern(rule.op);
        });
        for (const CorrelationRule* rule : asked) {
            scope.rule = rule->name;
            if (correlate(slot, *rule, scope)) return;
        }
    }
    // Compiled sets end with a rule that matches everything; a journal may be read before its first RulesActivated.
    const CorrelationRule fallback{};
    group_by_rule(slot, fallback, scope);
}

// True: the alert is where it belongs, or waits there. False: the next rule is asked.
bool Correlator::State::correlate(Slot slot, const CorrelationRule& rule, const TemplateScope& scope) {
    switch (rule.op) {
        case CorrelationOp::threshold:
            return on_threshold(slot, rule, scope);
        case CorrelationOp::sequence:
            return on_sequence(slot, rule, scope);
        case CorrelationOp::absence:
            return on_absence(slot, rule, scope);
        case CorrelationOp::topology:
            group_by_topology(slot, rule, scope);
            return true;
        case CorrelationOp::group:
        case CorrelationOp::similar:
            group_by_rule(slot, rule, scope);
            return true;
    }
    return false;
}

bool Correlator::State::rejoin(Slot slot) {
    AlertRecord& alert = alerts[slot];
    IncidentRecord* incident = live_incident(alert.incident);
    if (incident == nullptr) return false;
    alert.counted = true;
    ++incident->view.messages_total;
    ++incident->view.alerts_firing;
    ++incident->firing_by_severity[static_cast<std::size_t>(alert.severity)];
    ++incident->generation;  // the quiet time ends
    incident->last_onset = now;
    tell_firing(alert);
    if (const auto gate = gates.find(incident->view.id); gate != gates.end()) ++gate->second.fired;
    decide(alert, Verdict::rejoined, incident->view.rule,
           [&] { return "fired again while " + to_string(alert.incident) + " is not over"; });
    change(slot);
    reassess(*incident);
    add_fact(*incident, "rejoined", name_of(alert) + " fires again");
    watch_gate(*incident);
    drop_stale_acknowledgements(*incident);
    changed(*incident);
    advance_sinks(*incident);
    return true;
}

void Correlator::State::group_by_rule(Slot slot, const CorrelationRule& rule, const TemplateScope& scope,
                                      const std::string& progress, bool opens) {
    const Fingerprint group = group_of(rule, scope.labels);
    const auto what = [&] {
        return progress + "rule " + (rule.name.empty() ? std::string("none") : rule.name) + ": " +
               group_text(rule, scope.labels);
    };
    std::string why_not;
    if (IncidentRecord* incident = joinable(group, why_not)) {
        const Duration age = now - incident->last_onset;
        return join(slot, *incident, Verdict::joined, [&] {
            return what() + "; " + to_string(incident->view.id) + " is " +
                   std::string(to_string(incident->view.state)) + ", last onset " + to_string(age) + " ago";
        });
    }
    if (incidents.size() >= limits.incidents_max && !evict_dead_incident()) return join_overflow(slot, scope);
    IncidentRecord& incident = begin_incident(rule, group, scope);
    incident.view.because = what() + "; " + why_not;
    join(slot, incident, Verdict::opened, incident.view.because);
    if (rule.hold.ms > 0) {
        deadlines.set(now + rule.hold, DeadlineKind::hold_over, incident.view.id.value, 0);
        emit(TimelineAdded{incident.view.id, "hold", "waits " + to_string(rule.hold) + " for more before it opens"});
        changed(incident);
    } else if (opens) {
        open(incident);
    }
}

void Correlator::State::join_overflow(Slot slot, const TemplateScope& scope) {
    IncidentRecord* into = live_incident(overflow);
    const bool begins = into == nullptr;
    if (begins) into = &begin_overflow(scope);
    join(slot, *into, Verdict::joined, [&] {
        return "the table of " + std::to_string(limits.incidents_max) + " incidents is full: everything new goes here";
    });
    if (begins) open(*into);  // only now are its severity and priority known
}

IncidentRecord* Correlator::State::joinable(Fingerprint group, std::string& why_not) {
    const auto found = groups.find(group);
    if (found == groups.end()) {
        why_not = "nothing open for it";
        return nullptr;
    }
    const IncidentId id = found->second;
    IncidentRecord* incident = live_incident(id);
    if (incident == nullptr) {
        why_not = to_string(id) + " is over";
    } else if (incident->within.ms > 0 && now - incident->last_onset > incident->within) {
        why_not = to_string(id) + " had no onset within " + to_string(incident->within);
    } else if (incident->max_age.ms > 0 && now - incident->view.began_at >= incident->max_age) {
        why_not = to_string(id) + " is older than " + to_string(incident->max_age);
    } else if (incident->view.alerts_total >= incident->max_alerts) {
        why_not = to_string(id) + " holds " + std::to_string(incident->max_alerts) + " alerts";
    } else {
        return incident;
    }
    return nullptr;
}

template <class Because>
void Correlator::State::join(Slot slot, IncidentRecord& incident, Verdict verdict, const Because& because,
                             std::optional<std::uint64_t> what) {
    AlertRecord& alert = alerts[slot];
    alert.incident = incident.view.id;
    alert.counted = true;
    incident.alerts.push_back(slot);
    ++incident.view.alerts_total;
    ++incident.view.alerts_firing;
    ++incident.firing_by_severity[static_cast<std::size_t>(alert.severity)];
    ++incident.view.messages_total;
    ++incident.generation;
    incident.last_onset = now;
    decide(alert, verdict, incident.view.rule, because);
    change(slot);
    reassess(incident);
    note_failed(incident, slot, what);
    if (alert.acknowledged) acknowledge(incident, {slot, "its source"}, {});
    if (verdict == Verdict::opened) return;  // open() tells of it
    add_fact(incident, "joined", name_of(alert) + " joined");
    drop_stale_acknowledgements(incident);
    changed(incident);
    advance_sinks(incident);
}

template void Correlator::State::join(Slot, IncidentRecord&, Verdict, const std::string&, std::optional<std::uint64_t>);

void Correlator::State::leave(Slot slot, IncidentRecord& incident, const std::string& because) {
    AlertRecord& alert = alerts[slot];
    alert.counted = false;
    tell_firing(alert);
    alert.incident = IncidentId{};
    std::erase(incident.alerts, slot);
    --incident.view.alerts_total;
    --incident.view.alerts_firing;
    --incident.firing_by_severity[static_cast<std::size_t>(alert.severity)];
    // Nobody was told of it yet: what left has no part in the priority.
    incident.view.peak_severity = Severity::info;
    reassess(incident);
    emit(TimelineAdded{incident.view.id, "left", name_of(alert) + " " + because});
    change(slot);
    watch_quiet(incident);
    watch_gate(incident);
    changed(incident);
}

IncidentRecord& Correlator::State::begin_incident(const CorrelationRule& rule, Fingerprint group,
                                                  const TemplateScope& scope) {
    const IncidentId id{next_incident++};
    IncidentRecord& incident = incidents[id];
    IncidentView& view = incident.view;
    view.id = id;
    view.key = "incidentd-" + instance + "-" + std::to_string(id.value);
    view.rule = rule.name;
    view.began_at = now;
    view.title = render(rule.title, scope);
    if (view.title.empty()) view.title = std::string(scope.title);
    if (view.title.empty()) view.title = std::string(find_label(scope.labels, "alertname"));
    view.service = render(rule.service, scope);
    if (view.service.empty()) view.service = default_service(scope.labels);
    view.category = render(rule.category, scope);
    if (view.category.empty()) view.category = "monitoring";
    view.assignment_group = render(rule.assign, scope);
    view.impact = assessed_impact(rule, scope);
    const auto bears = [&](std::string_view name) {
        if (const std::string_view value = find_label(scope.labels, name); !value.empty())
            view.group_labels.emplace_back(name, value);
    };
    std::for_each(rule.by.begin(), rule.by.end(), bears);
    if (rule.op == CorrelationOp::topology)
        for (const std::string_view name : topology_labels)
            if (std::find(rule.by.begin(), rule.by.end(), name) == rule.by.end()) bears(name);
    incident.urgency_fixed = urgency_from(render(rule.urgency, scope));
    incident.group = group;
    incident.within = rule.within;
    incident.quiet = rule.quiet;
    incident.max_age = rule.max_age;
    incident.max_alerts = rule.max_alerts;
    groups.insert_or_assign(group, id);
    ++sizes.incidents_pending;
    return incident;
}

IncidentRecord& Correlator::State::begin_overflow(const TemplateScope& scope) {
    CorrelationRule rule;
    rule.name = "overflow";
    rule.max_age = Duration{0};
    rule.max_alerts = limits.alerts_max;
    IncidentRecord& incident = begin_incident(rule, fingerprint_of("overflow", {}, {}), scope);
    overflow = incident.view.id;
    incident.view.title = "Too many incidents at once: everything further is gathered here";
    incident.view.because = "limits.open_incidents was reached";
    incident.view.impact = Impact::high;
    return incident;
}

}  // namespace incidentd
