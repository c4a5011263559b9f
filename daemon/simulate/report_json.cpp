// What a simulated failure came to, for programs.
#include "daemon/cli_text.hpp"
#include "daemon/simulate/simulation.hpp"

namespace incidentd {
namespace {

void write_failure(JsonObject& object, const Simulation& s, std::uint32_t number) {
    const simulator::Incident& failure = s.storm->incidents()[number - 1];
    const simulator::Estate& estate = s.storm->estate();
    object.text("entity", estate.at(failure.root).name);
    object.text("kind", simulator::to_string(estate.at(failure.root).kind));
    object.text("type", failure.type->name);
    object.time("from", failure.from);
    object.time("to", failure.to);
    object.raw("entities", json_list(failure.faults, [&](JsonObject& one, const simulator::Fault& fault) {
                   one.text("entity", estate.at(fault.entity).name);
                   one.text("mode", simulator::to_string(fault.mode));
                   one.time("at", fault.at);
               }));
    const SimulatedVerdict verdict = verdict_on(s, number);
    object.number("alerts", static_cast<std::int64_t>(verdict.alerts));
    object.number("incidents", static_cast<std::int64_t>(verdict.incidents));
    object.text("main_incident", verdict.main.is_set() ? to_string(verdict.main) : "");
    object.number("alerts_in_main", static_cast<std::int64_t>(verdict.in_main));
    object.number("others_in_main", static_cast<std::int64_t>(verdict.strangers));
    object.number("root_rank", static_cast<std::int64_t>(verdict.root_rank));
}

void write_alert(JsonObject& object, const SimulatedAlert& alert) {
    object.text("source", alert.source);
    object.text("host", alert.host);
    object.text("check", alert.check);
    object.text("title", alert.title);
    object.text("severity", alert.severity);
    object.time("first", alert.first);
    object.number("messages", static_cast<std::int64_t>(alert.messages));
    object.flag("noise", alert.failure == simulator::no_incident);
    object.text("incident", alert.incident.is_set() ? to_string(alert.incident) : "");
    object.text("verdict", alert.verdict);
    object.text("because", alert.because);
}

void write_incident(JsonObject& object, const SimulatedIncident& incident) {
    const IncidentView& view = incident.view;
    object.text("id", to_string(view.id));
    object.text("title", view.title);
    object.text("state", to_string(view.state));
    object.text("priority", to_string(view.priority));
    object.text("severity", to_string(view.peak_severity));
    object.text("rule", view.rule);
    object.text("because", view.because);
    object.time("opened_at", view.opened_at);
    object.time("resolved_at", view.resolved_at);
    object.text("merged_into", view.merged_into.is_set() ? to_string(view.merged_into) : "");
    object.number("alerts", static_cast<std::int64_t>(incident.alerts.size()));
    object.raw("roots", json_list(view.roots, [](JsonObject& one, const RootCandidate& root) {
                   one.text("entity", root.entity);
                   one.number("percent", root.percent);
                   one.flag("silent", root.silent);
                   one.text("reason", root.reason);
               }));
    object.raw("tickets", json_list(incident.tickets, [](JsonObject& one, const SimulatedTicketStep& step) {
                   one.time("at", step.at);
                   one.text("sink", step.sink);
                   one.text("action", to_string(step.kind));
               }));
}

}  // namespace

std::string simulation_json(const Simulation& simulation) {
    std::vector<std::uint32_t> numbers(simulation.storm->incidents().size());
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::uint32_t>(i + 1);
    std::string out;
    JsonObject object(out);
    object.text("rules", simulation.rules);
    object.number("messages", static_cast<std::int64_t>(simulation.messages));
    object.raw("failures", json_list(numbers, [&](JsonObject& one, std::uint32_t number) {
                   write_failure(one, simulation, number);
               }));
    object.raw("incidents", json_list(simulation.incidents, write_incident));
    object.raw("alerts", json_list(simulation.alerts, write_alert));
    object.end();
    return out += '\n';
}

}  // namespace incidentd
