// The reading commands: tables and stories for people, JSON for programs.
#include "correlator/matcher.hpp"
#include "daemon/cli.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/read_model/queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace incidentd {
namespace {

std::string id_or_empty(IncidentId id) { return id.is_set() ? to_string(id) : std::string(); }

void write_incident(JsonObject& object, const StoredIncident& i) {
    object.text("id", to_string(i.id));
    const std::pair<const char*, const std::string*> texts[] = {
        {"key", &i.key},           {"state", &i.state},
        {"title", &i.title},       {"rule", &i.rule},
        {"because", &i.because},   {"service", &i.service},
        {"category", &i.category}, {"assignment_group", &i.assignment_group},
        {"severity", &i.severity}, {"peak_severity", &i.peak_severity},
        {"impact", &i.impact},     {"urgency", &i.urgency},
        {"priority", &i.priority}, {"acknowledged_by", &i.acknowledged_by}};
    for (const auto& [name, value] : texts) object.text(name, *value);
    object.time("began_at", i.began_at);
    object.time("opened_at", i.opened_at);
    object.time("acknowledged_at", i.acknowledged_at);
    object.time("resolved_at", i.resolved_at);
    object.number("alerts_total", i.alerts_total);
    object.number("alerts_firing", i.alerts_firing);
    object.number("messages_total", i.messages_total);
    object.number("revision", i.revision);
    object.raw("group_labels", i.group_labels);
    object.raw("causes", i.causes);
    object.raw("earlier", i.earlier);
    object.text("merged_into", id_or_empty(i.merged_into));
}

void write_alert(JsonObject& object, const StoredAlert& a) {
    const std::pair<const char*, const std::string*> texts[] = {
        {"fingerprint", &a.fingerprint},
        {"alertmanager_fingerprint", &a.alertmanager_fingerprint},
        {"source", &a.source},
        {"key", &a.key},
        {"title", &a.title},
        {"text", &a.text},
        {"url", &a.url},
        {"severity", &a.severity}};
    for (const auto& [name, value] : texts) object.text(name, *value);
    object.raw("labels", a.labels);
    object.raw("annotations", a.annotations);
    object.flag("firing", a.firing);
    object.flag("suppressed", a.suppressed);
    object.flag("acknowledged", a.acknowledged);
    object.number("count", a.count);
    object.time("starts_at", a.starts_at);
    object.time("first_seen", a.first_seen);
    object.time("last_seen", a.last_seen);
    object.time("resolved_at", a.resolved_at);
    object.text("incident", id_or_empty(a.incident));
    object.raw("held_back", a.held_back);
}

void write_timeline(JsonObject& object, const StoredTimeline& t) {
    object.time("at", t.at);
    object.text("kind", t.kind);
    object.text("text", t.text);
}

void write_verdict(JsonObject& object, const StoredVerdict& v) {
    object.time("at", v.at);
    object.text("verdict", v.verdict);
    object.text("incident", id_or_empty(v.incident));
    object.text("rule", v.rule);
    object.text("because", v.because);
}

struct Story {
    StoredIncident incident;
    std::vector<StoredAlert> alerts;
    std::vector<StoredTimeline> timeline;
    std::vector<StoredDelivery> deliveries;
    std::vector<RootCandidate> causes;
    std::vector<IncidentId> merged;  // into this one
    std::vector<StoredLikeness> earlier;
};

std::string json_ids(const std::vector<IncidentId>& ids) {
    std::string out = "[";
    for (const IncidentId id : ids) out += (out.size() > 1 ? ",\"" : "\"") + to_string(id) + "\"";
    return out + "]";
}

void print_json(const Story& story) {
    std::string out;
    JsonObject object(out);
    write_incident(object, story.incident);
    object.raw("merged", json_ids(story.merged));
    object.raw("alerts", json_list(story.alerts, write_alert));
    object.raw("deliveries", json_list(story.deliveries, write_delivery));
    object.raw("timeline", json_list(story.timeline, write_timeline));
    object.end();
    fmt::print("{}\n", out);
}

// "silenced by 5b3f... since 2026-01-01T00:00:00Z"
std::string in_words(const StoredReason& reason) {
    const std::pair<const char*, const char*> words[] = {{"source", "suppressed by its source"},
                                                         {"silence", "silenced"},
                                                         {"maintenance", "in maintenance"},
                                                         {"inhibition", "inhibited"},
                                                         {"flapping", "flaps"},
                                                         {"storm", "came in a storm"}};
    std::string out;
    for (const auto& [kind, text] : words)
        if (reason.kind == kind) out = text;
    if (!reason.by.empty()) out += (reason.kind == "silence" ? " by " : " by rule ") + clean(reason.by);
    return out + " since " + reason.since;
}

void print_held_back(const StoredAlert& alert, const char* indent) {
    for (const StoredReason& reason : held_back_from_json(alert.held_back))
        fmt::print("{}{}\n", indent, in_words(reason));
}

void print_alert(const StoredAlert& a) {
    fmt::print("  {} {:<8} {:>6}x  {}  [{}] {}\n", a.firing ? "firing  " : "resolved", a.severity, a.count,
               a.fingerprint.substr(0, 12), a.source, clean(a.title.empty() ? a.labels : a.title));
    print_held_back(a, "           ");
}

void print_causes(const std::vector<RootCandidate>& causes) {
    for (std::size_t at = 0; at < causes.size(); ++at)
        fmt::print("  {:<11} {} ({} %){}{}{}\n", at == 0 ? "cause" : "  or", clean(causes[at].entity),
                   causes[at].percent, causes[at].silent ? " silent" : "", causes[at].reason.empty() ? "" : ": ",
                   clean(causes[at].reason));
}

void print_earlier(const std::vector<StoredLikeness>& earlier) {
    for (const StoredLikeness& one : earlier)
        fmt::print("  like        {} ({} %{}), ended {} after {}: {}{}{}\n", one.incident, one.percent,
                   one.times > 1 ? fmt::format(", the last of {}", one.times) : std::string(), one.ended_at,
                   to_string(seconds(one.lasted_s)), clean(one.ended_by),
                   one.ticket.empty() ? std::string() : "; ticket " + clean(one.ticket),
                   one.ticket_url.empty() ? std::string() : " " + clean(one.ticket_url));
}

void print_text(const Story& story) {
    const StoredIncident& i = story.incident;
    fmt::print("{}  {}  {}  {}\n\n", to_string(i.id), i.priority, i.state, clean(i.title));
    fmt::print("  because     {}\n", clean(i.because));
    fmt::print("  rule        {}\n", i.rule);
    fmt::print("  priority    {} (impact {}, urgency {})\n", i.priority, i.impact, i.urgency);
    fmt::print("  severity    {} now, {} at worst\n", i.severity, i.peak_severity);
    fmt::print("  service     {}   category {}   assigned to {}\n", clean(i.service), clean(i.category),
               i.assignment_group.empty() ? "-" : clean(i.assignment_group));
    fmt::print("  began       {}   opened {}\n", time_or_dash(i.began_at), time_or_dash(i.opened_at));
    if (i.acknowledged_at.is_set())
        fmt::print("  acknowledged {} by {}\n", time_or_dash(i.acknowledged_at), clean(i.acknowledged_by));
    if (i.resolved_at.is_set()) fmt::print("  ended       {}\n", time_or_dash(i.resolved_at));
    if (i.merged_into.is_set()) fmt::print("  merged into {}, where work goes on\n", to_string(i.merged_into));
    for (const IncidentId id : story.merged) fmt::print("  took over   {}\n", to_string(id));
    print_causes(story.causes);
    print_earlier(story.earlier);
    fmt::print("  ticket key  {}\n\nTickets:\n", i.key);
    if (story.deliveries.empty()) fmt::print("  none: no route named a sink\n");
    for (const StoredDelivery& d : story.deliveries)
        fmt::print("  {}: {} {}{}{}{}\n", d.sink, d.kind, d.state, d.ticket.empty() ? "" : ", ticket " + d.ticket,
                   d.ticket_url.empty() ? "" : " " + d.ticket_url, d.detail.empty() ? "" : ": " + clean(d.detail));
    fmt::print("\nAlerts ({} of {} firing, {} messages):\n", i.alerts_firing, i.alerts_total, i.messages_total);
    for (const StoredAlert& a : story.alerts) print_alert(a);
    fmt::print("\nTimeline:\n");
    for (const StoredTimeline& t : story.timeline)
        fmt::print("  {}  {:<12} {}\n", to_rfc3339(t.at), t.kind, clean(t.text));
}

bool looks_like_fingerprint(const std::string& text) {
    return text.size() >= 6 && text.size() <= 32 &&
           text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

Result<std::vector<StoredAlert>> find_alerts(ReadModelQueries& queries, const std::string& alert) {
    if (looks_like_fingerprint(alert)) return queries.alerts_by_fingerprint(alert);
    const Result<Matchers> matchers = parse_matchers(alert);
    if (!matchers)
        return Error(
            ErrorCode::invalid,
            "'" + alert + "' is neither a fingerprint (6 to 32 hex digits) nor matchers: " + matchers.error().message);
    return queries.alerts_by_labels(*matchers, 20);
}

void print_explanation(const StoredAlert& alert, const std::vector<StoredVerdict>& verdicts) {
    fmt::print("{}  {}{}  {} from {}, {} messages\n", alert.fingerprint, alert.firing ? "firing" : "resolved",
               alert.suppressed ? " (suppressed)" : "", alert.severity, alert.source, alert.count);
    fmt::print("  {}\n  {}\n", clean(alert.title), clean(alert.labels));
    fmt::print("  first seen {}, last seen {}, incident {}\n", time_or_dash(alert.first_seen),
               time_or_dash(alert.last_seen), alert.incident.is_set() ? to_string(alert.incident) : "none");
    print_held_back(alert, "  ");
    for (const StoredVerdict& v : verdicts)
        fmt::print("  {}  {:<16} {:<8} {}\n", to_rfc3339(v.at), v.verdict, id_or_empty(v.incident), clean(v.because));
}

}  // namespace

int list_incidents(const ReadOptions& options, const std::string& state, int most) {
    Result<ReadModelQueries> queries = ReadModelQueries::open(options.state_directory);
    if (!queries) return fail(queries.error().message);
    const Result<std::vector<StoredIncident>> incidents = queries->incidents(state, most);
    if (!incidents) return fail(incidents.error().message);
    if (options.json) {
        fmt::print("{}\n", json_list(*incidents, write_incident));
        return exit_ok;
    }
    if (incidents->empty())
        fmt::print("no incidents{}\n", state.empty() ? "" : " in state " + state);
    else
        fmt::print("{:<10} {:<9} {:<4} {:<9} {:>7} {:<25} {}\n", "INCIDENT", "STATE", "PRIO", "SEVERITY", "ALERTS",
                   "BEGAN", "TITLE");
    for (const StoredIncident& i : *incidents)
        fmt::print("{:<10} {:<9} {:<4} {:<9} {:>7} {:<25} {}\n", to_string(i.id), i.state, i.priority, i.severity,
                   std::to_string(i.alerts_firing) + "/" + std::to_string(i.alerts_total), to_rfc3339(i.began_at),
                   clean(i.title));
    return exit_ok;
}

int show_incident(const ReadOptions& options, const std::string& text) {
    const std::optional<IncidentId> id = incident_from(text);
    if (!id) return fail("'" + text + "' is not an incident; expected something like INC-42");
    Result<ReadModelQueries> queries = ReadModelQueries::open(options.state_directory);
    if (!queries) return fail(queries.error().message);
    Result<std::optional<StoredIncident>> incident = queries->incident(*id);
    if (!incident) return fail(incident.error().message);
    if (!*incident) return fail("there is no " + to_string(*id) + "; `incidentd incidents list` shows what there is");
    Result<std::vector<StoredAlert>> alerts = queries->alerts_of(*id);
    Result<std::vector<StoredTimeline>> timeline = queries->timeline_of(*id);
    Result<std::vector<StoredDelivery>> deliveries = queries->deliveries_of(*id);
    if (!alerts) return fail(alerts.error().message);
    if (!timeline) return fail(timeline.error().message);
    if (!deliveries) return fail(deliveries.error().message);
    Result<std::vector<RootCandidate>> causes = queries->causes_of(*id);
    Result<std::vector<IncidentId>> merged = queries->merged_into(*id);
    if (!causes) return fail(causes.error().message);
    if (!merged) return fail(merged.error().message);
    Result<std::vector<StoredLikeness>> earlier = queries->earlier_than(*id);
    if (!earlier) return fail(earlier.error().message);
    const Story story{std::move(**incident), std::move(*alerts), std::move(*timeline), std::move(*deliveries),
                      std::move(*causes),    std::move(*merged), std::move(*earlier)};
    options.json ? print_json(story) : print_text(story);
    return exit_ok;
}

int explain_alert(const ReadOptions& options, const std::string& alert) {
    Result<ReadModelQueries> queries = ReadModelQueries::open(options.state_directory);
    if (!queries) return fail(queries.error().message);
    const Result<std::vector<StoredAlert>> alerts = find_alerts(*queries, alert);
    if (!alerts) return fail(alerts.error().message);
    if (alerts->empty()) return fail("no alert is known by '" + alert + "'");
    std::string json = "[";
    for (const StoredAlert& found : *alerts) {
        const Result<std::vector<StoredVerdict>> verdicts = queries->verdicts_of(found.fingerprint);
        if (!verdicts) return fail(verdicts.error().message);
        if (!options.json) {
            print_explanation(found, *verdicts);
            continue;
        }
        if (json.size() > 1) json += ',';
        JsonObject object(json);
        write_alert(object, found);
        object.raw("verdicts", json_list(*verdicts, write_verdict));
        object.end();
    }
    if (options.json) fmt::print("{}]\n", json);
    return exit_ok;
}

}  // namespace incidentd
