#include "correlator/effect.hpp"

#include <array>

namespace incidentd {
namespace {

constexpr std::array<std::string_view, verdict_count> verdict_names{
    "opened",           "joined",       "rejoined",       "suppressed", "resolved", "expired",
    "severity_changed", "acknowledged", "unacknowledged", "noted",      "stale",    "unknown_alert",
    "table_full",       "merged",       "cleared",        "flapping",   "waiting"};

// Writes name=value pairs; text is length-prefixed so that no content can imitate a field.
class Line {
public:
    explicit Line(std::string_view head) : out_(head) {}
    Line& field(std::string_view name, std::string_view value) {
        out_ += ' ';
        out_ += name;
        out_ += '=';
        out_ += std::to_string(value.size());
        out_ += ':';
        out_ += value;
        return *this;
    }
    Line& field(std::string_view name, std::uint64_t value) {
        out_ += ' ';
        out_ += name;
        out_ += '=';
        out_ += std::to_string(value);
        return *this;
    }
    Line& field(std::string_view name, Instant at) { return field(name, static_cast<std::uint64_t>(at.ms)); }
    template <class Pairs>
    Line& pairs(std::string_view name, const Pairs& pairs) {
        field(name, static_cast<std::uint64_t>(pairs.size()));
        for (const auto& [key, value] : pairs) field(key, std::string_view(value));
        return *this;
    }
    Line& field(std::string_view name, const std::vector<std::pair<std::string, std::string>>& list) {
        return pairs(name, list);
    }
    Line& field(std::string_view name, const OwnedLabels& labels) { return pairs(name, labels); }
    std::string take() { return std::move(out_); }
    void append(const std::string& text) { out_ += text; }

private:
    std::string out_;
};

std::string describe_incident(const IncidentView& view) {
    Line line("incident");
    line.field("id", view.id.value).field("key", view.key).field("state", to_string(view.state));
    line.field("title", view.title).field("rule", view.rule).field("because", view.because);
    line.field("service", view.service).field("category", view.category).field("assign", view.assignment_group);
    line.field("severity", to_string(view.severity)).field("peak", to_string(view.peak_severity));
    line.field("impact", to_string(view.impact)).field("urgency", to_string(view.urgency));
    line.field("priority", to_string(view.priority)).field("ack", view.acknowledged ? 1U : 0U);
    line.field("ack_by", view.acknowledged_by).field("began", view.began_at).field("opened", view.opened_at);
    line.field("acked", view.acknowledged_at).field("resolved", view.resolved_at);
    line.field("total", view.alerts_total).field("firing", view.alerts_firing).field("messages", view.messages_total);
    line.field("revision", view.revision).field("group", view.group_labels);
    for (const RootCandidate& root : view.roots)
        line.field("root", root.entity).field("percent", std::uint64_t{root.percent}).field("why", root.reason);
    line.field("merged_into", view.merged_into.value);
    for (const Likeness& one : view.earlier) {
        line.field("like", one.incident.value).field("percent", std::uint64_t{one.percent});
        line.field("same_cause", one.same_cause ? 1U : 0U).field("ended", one.ended_at);
        line.field("lasted", static_cast<std::uint64_t>(one.lasted.ms)).field("times", one.times);
        line.field("alerts", one.alerts).field("said_by", one.said_by).field("said", one.said);
        line.field("ticket", one.ticket).field("url", one.ticket_url);
    }
    return line.take();
}

struct Describe {
    Line line;

    void operator()(const AlertDecided& e) {
        line.field("alert", to_string(e.alert))
            .field("verdict", to_string(e.verdict))
            .field("incident", e.incident.value);
        line.field("rule", e.rule).field("because", e.because);
    }
    void operator()(const IncidentChanged& e) { line.append(" " + describe_incident(*e.incident)); }
    void operator()(const TimelineAdded& e) {
        line.field("timeline", e.incident.value).field("kind", e.kind).field("text", e.text);
    }
    void operator()(const ActionDue& e) {
        const Action& a = *e.action;
        line.field("action", to_string(a.kind)).field("sink", a.sink).field("reason", a.reason);
        line.field("key", a.idempotency_key).field("unclear", a.may_have_been_sent ? 1U : 0U).field("ticket", a.ticket);
        line.append(" " + describe_incident(a.incident));
        line.field("alerts", static_cast<std::uint64_t>(a.alerts.size()));
        for (const AlertSummary& s : a.alerts) {
            line.field("alert", to_string(s.fingerprint))
                .field("source", s.source)
                .field("title", s.title)
                .field("text", s.text);
            line.field("severity", to_string(s.severity)).field("firing", s.firing ? 1U : 0U).field("count", s.count);
            line.field("first", s.first_seen).field("last", s.last_seen).field("url", s.url).field("labels", s.labels);
        }
        line.field("facts", static_cast<std::uint64_t>(a.facts.size()));
        for (const Fact& fact : a.facts) line.field("at", fact.at).field("text", fact.text);
        line.field("omitted", a.facts_omitted);
    }
    void operator()(const DeliveryChanged& e) {
        line.field("delivery", e.incident.value).field("sink", e.sink).field("kind", to_string(e.kind));
        line.field("state", to_string(e.state)).field("revision", e.revision).field("ticket", e.ticket);
        line.field("url", e.ticket_url).field("detail", e.detail);
    }
    void operator()(const KpiSampled& e) {
        line.field("kpi", static_cast<std::uint64_t>(e.kpi)).field("service", e.service);
        line.field("priority", to_string(e.priority)).field("ms", static_cast<std::uint64_t>(e.value.ms));
    }
    void operator()(const IncidentOpened& e) {
        line.field("opened", e.incident.value).field("category", e.category).field("priority", to_string(e.priority));
    }
    void operator()(const IncidentResolved& e) {
        line.field("closed", e.incident.value).field("category", e.category).field("priority", to_string(e.priority));
    }
    void operator()(const IncidentRecurred& e) {
        line.field("recurred", e.incident.value).field("category", e.category).field("priority", to_string(e.priority));
    }
};

}  // namespace

std::string_view to_string(Verdict verdict) { return verdict_names[static_cast<std::size_t>(verdict)]; }

std::string_view to_string(SuppressionKind kind) {
    constexpr std::array<std::string_view, 6> names{"source",     "silence",  "maintenance",
                                                    "inhibition", "flapping", "storm"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(DeliveryState state) {
    constexpr std::array<std::string_view, 4> names{"due", "delivered", "dead", "dropped"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(ActionKind kind) {
    constexpr std::array<std::string_view, 3> names{"open_ticket", "update_ticket", "resolve_ticket"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(IncidentState state) {
    constexpr std::array<std::string_view, 4> names{"pending", "open", "resolved", "dropped"};
    return names[static_cast<std::size_t>(state)];
}

std::string describe(const AlertRow& r) {
    Line line("alert");
    line.field("row", to_string(r.fingerprint)).field("am", r.alertmanager_fingerprint).field("source", r.source);
    line.field("key", r.key).field("title", r.title).field("text", r.text).field("url", r.url);
    line.field("labels", r.labels).field("annotations", r.annotations).field("severity", to_string(r.severity));
    line.field("firing", r.firing ? 1U : 0U).field("suppressed", r.suppressed ? 1U : 0U);
    for (const SuppressionReason& why : r.reasons)
        line.field("why", to_string(why.kind)).field("by", why.by).field("since", why.since);
    line.field("acked", r.acknowledged ? 1U : 0U).field("count", r.count).field("starts", r.starts_at);
    line.field("first", r.first_seen).field("last", r.last_seen).field("resolved", r.resolved_at);
    line.field("incident", r.incident.value);
    return line.take();
}

std::string describe(const Effect& effect) {
    Describe visitor{Line("at=" + std::to_string(effect.at.ms))};
    std::visit(visitor, effect.what);
    return visitor.line.take();
}

}  // namespace incidentd
