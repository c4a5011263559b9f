// What people read in a ticket. Plain text: no markup of any ticket system, one thought a line.
#include "adapters/sink.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t alert_text_bytes_shown_max = 1024;
constexpr std::size_t labels_shown_max = 12;
constexpr std::size_t causes_shown_max = 3;
constexpr std::size_t label_bytes_shown_max = 200;

// Alert text comes from outside: a line of it stays a line.
std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return line;
}

// "2026-02-03 04:05:06 UTC"
std::string when(Instant at) {
    std::string text = to_rfc3339(at);
    text.resize(std::min<std::size_t>(text.size(), 19));
    std::replace(text.begin(), text.end(), 'T', ' ');
    return text + " UTC";
}

// Whole seconds; from an hour on whole minutes: nobody reads more.
std::string length_of(Duration span) {
    const std::int64_t unit = span.ms >= hours(1).ms ? minutes(1).ms : seconds(1).ms;
    return to_string(Duration{std::max<std::int64_t>(span.ms, 0) / unit * unit});
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string upper(std::string_view word) {
    std::string text(word);
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += name;
    out += ": ";
    out += one_line(value);
    out += '\n';
}

void add_heading(std::string& out, const Action& action) {
    const IncidentView& incident = action.incident;
    out += one_line(incident.title) + "\n\n";
    switch (action.kind) {
        case ActionKind::open_ticket:
            add_line(out, "Why this incident", incident.because);
            break;
        case ActionKind::update_ticket:
            add_line(out, "Update", action.reason);
            break;
        case ActionKind::resolve_ticket:
            add_line(out, "Resolved", action.reason);
            break;
    }
}

void add_state(std::string& out, const Action& action) {
    const IncidentView& incident = action.incident;
    add_line(out, "Since", when(incident.began_at));
    if (incident.resolved_at.is_set())
        add_line(out, "Until", when(incident.resolved_at) + ", " + length_of(incident.resolved_at - incident.began_at));
    add_line(out, "Priority",
             std::string(to_string(incident.priority)) + " (impact " + std::string(to_string(incident.impact)) +
                 ", urgency " + std::string(to_string(incident.urgency)) + ")");
    std::string severity(to_string(incident.severity));
    if (incident.peak_severity != incident.severity)
        severity += ", at its worst " + std::string(to_string(incident.peak_severity));
    add_line(out, "Severity", severity);
    add_line(out, "Service", incident.service);
    add_line(out, "Category", incident.category);
    add_line(out, "Assigned to", incident.assignment_group);
    if (incident.acknowledged) {
        std::string by = incident.acknowledged_by.empty() ? "yes" : "by " + incident.acknowledged_by;
        if (incident.acknowledged_at.is_set()) by += ", " + when(incident.acknowledged_at);
        add_line(out, "Acknowledged", by);
    }
    add_line(out, "Alerts",
             std::to_string(incident.alerts_firing) + " firing of " + std::to_string(incident.alerts_total) + ", " +
                 counted(incident.messages_total, "message"));
}

// Who to look at first, and why a person may believe it.
void add_causes(std::string& out, const Action& action) {
    const std::vector<RootCandidate>& roots = action.incident.roots;
    if (roots.empty() || action.incident.alerts_total < 2) return;
    const auto said = [](const RootCandidate& root) {
        return one_line(root.entity) + " (" + std::to_string(root.percent) + " %)" +
               (root.reason.empty() ? "" : ": " + one_line(root.reason));
    };
    add_line(out, "Likeliest cause", said(roots.front()));
    for (std::size_t i = 1; i < std::min(roots.size(), causes_shown_max); ++i) add_line(out, "Or", said(roots[i]));
}

// What to try first: the same was seen before, and this is what became of it.
void add_earlier(std::string& out, const Action& action) {
    for (const Likeness& one : action.incident.earlier) {
        std::string text = to_string(one.incident) + " (" + std::to_string(one.percent) + " % alike" +
                           (one.times > 1 ? ", the last of " + std::to_string(one.times) : "") + "), ended " +
                           when(one.ended_at) + " after " + length_of(one.lasted) + ": " + ending_of(one);
        if (!one.ticket.empty()) text += "; ticket " + one.ticket;
        if (!one.ticket_url.empty()) text += " " + one.ticket_url;
        add_line(out, "Seen before", text);
    }
}

void add_facts(std::string& out, const Action& action) {
    if (action.facts.empty() && action.facts_omitted == 0) return;
    out += action.kind == ActionKind::open_ticket ? "\nWhat happened:\n" : "\nWhat changed:\n";
    if (action.facts_omitted > 0) out += "- " + counted(action.facts_omitted, "older change") + " not shown\n";
    for (const Fact& fact : action.facts) out += "- " + when(fact.at) + "  " + one_line(fact.text) + "\n";
}

std::string labels_of(const AlertSummary& alert) {
    std::string text;
    for (std::size_t i = 0; i < std::min(alert.labels.size(), labels_shown_max); ++i) {
        if (i > 0) text += ", ";
        text += alert.labels[i].first + "=" + cut_text(alert.labels[i].second, label_bytes_shown_max);
    }
    if (alert.labels.size() > labels_shown_max)
        text += ", " + std::to_string(alert.labels.size() - labels_shown_max) + " more";
    return one_line(text);
}

void add_alerts(std::string& out, const Action& action) {
    if (action.alerts.empty()) return;
    out += "\nAlerts, worst first:\n";
    for (const AlertSummary& alert : action.alerts) {
        out += "- " + (alert.firing ? upper(to_string(alert.severity)) : std::string("resolved")) + "  " +
               one_line(alert.title) + "\n  from " + one_line(alert.source) + ", " + counted(alert.count, "message") +
               ", first " + when(alert.first_seen);
        if (alert.last_seen != alert.first_seen) out += ", last " + when(alert.last_seen);
        out += "\n";
        if (!alert.text.empty() && alert.text != alert.title)
            out += "  " + cut_text(one_line(alert.text), alert_text_bytes_shown_max) + "\n";
        if (!alert.labels.empty()) out += "  " + labels_of(alert) + "\n";
        if (!alert.url.empty()) out += "  " + one_line(alert.url) + "\n";
    }
    if (action.incident.alerts_total > action.alerts.size())
        out += "- and " + counted(action.incident.alerts_total - action.alerts.size(), "more alert") + "\n";
}

}  // namespace

std::string render_text(const Action& action, std::string_view external_url) {
    std::string out;
    add_heading(out, action);
    add_state(out, action);
    add_causes(out, action);
    add_earlier(out, action);
    add_facts(out, action);
    add_alerts(out, action);
    out += "\nIncident: " + to_string(action.incident.id) + " (" + action.incident.key + ")\n";
    add_line(out, "Link", incident_url(action.incident, external_url));
    return out;
}

}  // namespace incidentd
