#include "adapters/sinks/webhook/body.hpp"

#include "adapters/action_places.hpp"
#include "adapters/json.hpp"

#include <type_traits>
#include <utility>
#include <vector>

namespace incidentd::sinks::webhook {
namespace {

// Members of one JSON object, in order.
class ObjectWriter {
public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
    ~ObjectWriter() { out_ += '}'; }
    ObjectWriter(const ObjectWriter&) = delete;
    ObjectWriter& operator=(const ObjectWriter&) = delete;

    std::string& key(std::string_view name) {
        if (!is_first_) out_ += ',';
        is_first_ = false;
        append_json_string(out_, name);
        out_ += ':';
        return out_;
    }
    void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
    void number(std::string_view name, std::uint64_t value) { key(name) += std::to_string(value); }
    void boolean(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
    void time(std::string_view name, Instant at) {
        if (at.is_set())
            text(name, to_rfc3339(at));
        else
            key(name) += "null";
    }

private:
    std::string& out_;
    bool is_first_ = true;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

void write_pairs(std::string& out, const Pairs& pairs) {
    ObjectWriter object(out);
    for (const auto& [name, value] : pairs) object.text(name, value);
}

template <class Item, class Write>
void write_list(std::string& out, const std::vector<Item>& items, Write write) {
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ',';
        write(out, items[i]);
    }
    out += ']';
}

void write_alert(std::string& out, const AlertSummary& alert) {
    ObjectWriter object(out);
    object.text("fingerprint", to_string(alert.fingerprint));
    object.text("source", alert.source);
    object.text("title", alert.title);
    object.text("text", alert.text);
    object.text("status", alert.firing ? "firing" : "resolved");
    object.text("severity", to_string(alert.severity));
    object.number("count", alert.count);
    object.time("first_seen", alert.first_seen);
    object.time("last_seen", alert.last_seen);
    object.text("url", alert.url);
    write_pairs(object.key("labels"), alert.labels);
}

void write_alerts(std::string& out, const Action& action) { write_list(out, action.alerts, write_alert); }

void write_facts(std::string& out, const Action& action) {
    write_list(out, action.facts, [](std::string& into, const Fact& fact) {
        ObjectWriter object(into);
        object.time("at", fact.at);
        object.text("text", fact.text);
    });
}

void write_incident(std::string& out, const BodyContext& context) {
    const Action& action = context.action;
    const IncidentView& incident = action.incident;
    ObjectWriter object(out);
    object.text("id", to_string(incident.id));
    object.text("key", incident.key);
    object.number("revision", incident.revision);
    object.text("title", incident.title);
    object.text("status", to_string(incident.state));
    object.text("severity", to_string(incident.severity));
    object.text("peak_severity", to_string(incident.peak_severity));
    object.text("priority", to_string(incident.priority));
    object.text("impact", to_string(incident.impact));
    object.text("urgency", to_string(incident.urgency));
    object.text("service", incident.service);
    object.text("category", incident.category);
    object.text("assignment_group", incident.assignment_group);
    object.text("rule", incident.rule);
    object.text("because", incident.because);
    write_pairs(object.key("group"), incident.group_labels);
    object.boolean("acknowledged", incident.acknowledged);
    object.text("acknowledged_by", incident.acknowledged_by);
    object.time("began_at", incident.began_at);
    object.time("opened_at", incident.opened_at);
    object.time("acknowledged_at", incident.acknowledged_at);
    object.time("resolved_at", incident.resolved_at);
    object.number("alerts_total", incident.alerts_total);
    object.number("alerts_firing", incident.alerts_firing);
    object.number("messages_total", incident.messages_total);
    object.text("url", incident_url(incident, context.external_url));
    write_list(object.key("causes"), incident.roots, [](std::string& into, const RootCandidate& root) {
        ObjectWriter cause(into);
        cause.text("entity", root.entity);
        cause.number("percent", root.percent);
        cause.boolean("silent", root.silent);
        cause.text("reason", root.reason);
    });
    write_list(object.key("earlier"), incident.earlier, [](std::string& into, const Likeness& one) {
        ObjectWriter like(into);
        like.text("incident", to_string(one.incident));
        like.number("percent", one.percent);
        like.boolean("same_cause", one.same_cause);
        like.time("ended_at", one.ended_at);
        like.number("lasted_s", static_cast<std::uint64_t>(one.lasted.ms / 1000));
        like.number("times", one.times);
        like.text("ended_by", ending_of(one));
        like.text("said_by", one.said_by);
        like.text("said", one.said);
        like.text("ticket", one.ticket);
        like.text("ticket_url", one.ticket_url);
    });
    object.text("merged_into", incident.merged_into.is_set() ? to_string(incident.merged_into) : "");
    write_alerts(object.key("alerts"), action);
    write_facts(object.key("facts"), action);
    object.number("facts_omitted", action.facts_omitted);
}

// What the body is about happened then: constant over retries, unlike the time of sending.
Instant happened_at(const Action& action) {
    const IncidentView& incident = action.incident;
    if (action.kind == ActionKind::resolve_ticket && incident.resolved_at.is_set()) return incident.resolved_at;
    if (action.kind == ActionKind::update_ticket && !action.facts.empty()) return action.facts.back().at;
    return incident.opened_at.is_set() ? incident.opened_at : incident.began_at;
}

struct Place {
    std::string_view name;
    std::string (*value)(const BodyContext&);
};

template <auto write>
std::string written(const BodyContext& context) {
    std::string out;
    if constexpr (std::is_invocable_v<decltype(write), std::string&, const BodyContext&>)
        write(out, context);
    else
        write(out, context.action);
    return out;
}

constexpr Place json_places[] = {
    {"incident", written<write_incident>}, {"alerts", written<write_alerts>}, {"facts", written<write_facts>}};

bool is_known(std::string_view name) {
    for (const Place& place : json_places)
        if (place.name == name) return true;
    return name == "event" || name == "at" || is_action_place(name);
}

std::vector<std::string> place_names() {
    std::vector<std::string> names = action_place_names();
    for (const Place& place : json_places) names.emplace_back(place.name);
    names.insert(names.end(), {"event", "at"});
    return names;
}

void append_escaped(std::string& out, std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    out += std::string_view(quoted).substr(1, quoted.size() - 2);
}

void append_place(std::string& out, std::string_view name, const BodyContext& context) {
    if (name == "event") return append_escaped(out, event_name(context.action.kind));
    if (name == "at") return append_escaped(out, to_rfc3339(happened_at(context.action)));
    for (const Place& place : json_places)
        if (place.name == name) {
            out += place.value(context);
            return;
        }
    append_escaped(out, action_place(name, context.action, context.external_url));
}

// Every text holds a quote or a letter, so that a place with or without quotes of its own in the wrong spot shows.
Action sample() {
    Action action;
    action.reason = action.ticket = action.idempotency_key = "a \"sample\"";
    IncidentView& incident = action.incident;
    for (std::string* text : {&incident.key, &incident.title, &incident.rule, &incident.because, &incident.service,
                              &incident.category, &incident.assignment_group, &incident.acknowledged_by})
        *text = "a \"sample\"\n";
    incident.began_at = incident.opened_at = incident.acknowledged_at = incident.resolved_at = {1'770'000'000'000};
    action.alerts.emplace_back().title = "a \"sample\"";
    action.facts.push_back({incident.began_at, "a \"sample\""});
    return action;
}

}  // namespace

std::string_view event_name(ActionKind kind) {
    switch (kind) {
        case ActionKind::open_ticket:
            return "incident.created";
        case ActionKind::update_ticket:
            return "incident.updated";
        case ActionKind::resolve_ticket:
            return "incident.resolved";
    }
    return "incident.updated";
}

std::string default_body(const BodyContext& context) {
    std::string out;
    {
        ObjectWriter object(out);
        object.text("event", event_name(context.action.kind));
        object.text("delivery", context.action.idempotency_key);
        object.text("reason", context.action.reason);
        object.time("at", happened_at(context.action));
        object.text("ticket", context.action.ticket);
        write_incident(object.key("incident"), context);
    }
    return out;
}

Result<BodyTemplate> BodyTemplate::parse(std::string_view text) {
    auto parsed = Template::parse(text);
    if (!parsed) return parsed.error();
    for (const Template::Part& part : parsed->parts()) {
        if (!part.is_place || is_known(part.text)) continue;
        const std::string near = nearest(part.text, place_names());
        return Error{ErrorCode::invalid, "{{" + part.text + "}} is not a place of a webhook template" +
                                             (near.empty() ? std::string() : "; did you mean {{" + near + "}}?")};
    }
    BodyTemplate made(std::move(*parsed));
    const Action action = sample();
    const std::string rendered = made.render({action, "https://incidentd.example"});
    if (const auto fault = find_json_fault(rendered)) {
        const std::size_t from = fault->offset < 30 ? 0 : fault->offset - 30;
        return Error{ErrorCode::invalid, "is not JSON once its places are filled: " + to_string(*fault) + ", near '" +
                                             rendered.substr(from, fault->offset + 10 - from) + "'"};
    }
    return made;
}

std::string BodyTemplate::render(const BodyContext& context) const {
    std::string out;
    for (const Template::Part& part : template_.parts())
        if (part.is_place)
            append_place(out, part.text, context);
        else
            out += part.text;
    return out;
}

}  // namespace incidentd::sinks::webhook
