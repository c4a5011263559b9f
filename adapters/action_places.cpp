#include "adapters/action_places.hpp"

#include "adapters/sink.hpp"

namespace incidentd {
namespace {

struct Place {
    std::string_view name;
    std::string (*value)(const Action& action, std::string_view external_url);
};

std::string time_text(Instant at) { return at.is_set() ? to_rfc3339(at) : std::string(); }

constexpr Place places[] = {
    {"delivery", [](const Action& a, std::string_view) { return a.idempotency_key; }},
    {"reason", [](const Action& a, std::string_view) { return a.reason; }},
    {"ticket", [](const Action& a, std::string_view) { return a.ticket; }},
    {"text", [](const Action& a, std::string_view url) { return render_text(a, url); }},
    {"url", [](const Action& a, std::string_view url) { return incident_url(a.incident, url); }},
    {"id", [](const Action& a, std::string_view) { return to_string(a.incident.id); }},
    {"key", [](const Action& a, std::string_view) { return a.incident.key; }},
    {"revision", [](const Action& a, std::string_view) { return std::to_string(a.incident.revision); }},
    {"title", [](const Action& a, std::string_view) { return a.incident.title; }},
    {"status", [](const Action& a, std::string_view) { return std::string(to_string(a.incident.state)); }},
    {"severity", [](const Action& a, std::string_view) { return std::string(to_string(a.incident.severity)); }},
    {"peak_severity",
     [](const Action& a, std::string_view) { return std::string(to_string(a.incident.peak_severity)); }},
    {"priority", [](const Action& a, std::string_view) { return std::string(to_string(a.incident.priority)); }},
    {"impact", [](const Action& a, std::string_view) { return std::string(to_string(a.incident.impact)); }},
    {"urgency", [](const Action& a, std::string_view) { return std::string(to_string(a.incident.urgency)); }},
    {"service", [](const Action& a, std::string_view) { return a.incident.service; }},
    {"category", [](const Action& a, std::string_view) { return a.incident.category; }},
    {"assignment_group", [](const Action& a, std::string_view) { return a.incident.assignment_group; }},
    {"rule", [](const Action& a, std::string_view) { return a.incident.rule; }},
    {"because", [](const Action& a, std::string_view) { return a.incident.because; }},
    {"acknowledged",
     [](const Action& a, std::string_view) { return std::string(a.incident.acknowledged ? "true" : "false"); }},
    {"acknowledged_by", [](const Action& a, std::string_view) { return a.incident.acknowledged_by; }},
    {"began_at", [](const Action& a, std::string_view) { return time_text(a.incident.began_at); }},
    {"opened_at", [](const Action& a, std::string_view) { return time_text(a.incident.opened_at); }},
    {"acknowledged_at", [](const Action& a, std::string_view) { return time_text(a.incident.acknowledged_at); }},
    {"resolved_at", [](const Action& a, std::string_view) { return time_text(a.incident.resolved_at); }},
    {"alerts_total", [](const Action& a, std::string_view) { return std::to_string(a.incident.alerts_total); }},
    {"alerts_firing", [](const Action& a, std::string_view) { return std::to_string(a.incident.alerts_firing); }},
    {"messages_total", [](const Action& a, std::string_view) { return std::to_string(a.incident.messages_total); }},
};

constexpr std::string_view label_prefix = "label.";

const Place* find_place(std::string_view name) {
    for (const Place& place : places)
        if (place.name == name) return &place;
    return nullptr;
}

}  // namespace

bool is_action_place(std::string_view name) {
    return find_place(name) != nullptr || (name.starts_with(label_prefix) && name.size() > label_prefix.size());
}

std::string action_place(std::string_view name, const Action& action, std::string_view external_url) {
    if (const Place* place = find_place(name)) return place->value(action, external_url);
    if (!name.starts_with(label_prefix)) return {};
    for (const auto& [label, value] : action.incident.group_labels)
        if (label == name.substr(label_prefix.size())) return value;
    return {};
}

std::vector<std::string> action_place_names() {
    std::vector<std::string> names;
    for (const Place& place : places) names.emplace_back(place.name);
    return names;
}

std::string fill_places(const Template& text, const Action& action, std::string_view external_url) {
    std::string out;
    for (const Template::Part& part : text.parts())
        out += part.is_place ? action_place(part.text, action, external_url) : part.text;
    return out;
}

Result<Template> parse_action_template(std::string_view text) {
    auto parsed = Template::parse(text);
    if (!parsed) return parsed;
    for (const Template::Part& part : parsed->parts()) {
        if (!part.is_place || is_action_place(part.text)) continue;
        const std::string near = nearest(part.text, action_place_names());
        return Error{ErrorCode::invalid, "{{" + part.text + "}} is not known here" +
                                             (near.empty() ? std::string() : "; did you mean {{" + near + "}}?")};
    }
    return parsed;
}

}  // namespace incidentd
