// `incidentd rules explain`: the whole way of one alert through the rules, each with yes or no and why.
#include "adapters/alert_line.hpp"
#include "correlator/correlator.hpp"
#include "correlator/fingerprint.hpp"
#include "correlator/routing.hpp"
#include "daemon/cli.hpp"
#include "daemon/cli_rules.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/clock.hpp"
#include "daemon/config_parts.hpp"
#include "daemon/rule_sources.hpp"
#include "rules/explain/alert_path.hpp"

#include <iostream>
#include <iterator>
#include <map>

namespace incidentd {
namespace {

constexpr std::size_t alert_bytes_max = 1024 * 1024;
// A hold is at most a day; an incident that did not open by then does not open for this alert alone.
constexpr Duration patience = hours(25);

// What the engine itself makes of the alert, alone and in virtual time.
struct EngineSays {
    std::vector<std::pair<Instant, AlertDecided>> decisions;
    std::map<IncidentId, IncidentView> incidents;
    std::vector<std::string> told;  // sinks, in order
    bool opened = false;
};

EngineSays ask_engine(const RuleBundle& bundle, const std::shared_ptr<const RuleSet>& rules, const AlertBatch& alert,
                      Instant at) {
    EngineSays says;
    Correlator engine;
    const auto apply = [&](const Input& input, Instant now) {
        Effects effects;
        engine.apply(input, now, effects);
        for (Effect& effect : effects) {
            if (auto* decided = std::get_if<AlertDecided>(&effect.what))
                says.decisions.emplace_back(effect.at, std::move(*decided));
            if (auto* incident = std::get_if<IncidentChanged>(&effect.what))
                says.incidents.insert_or_assign(incident->incident.id, std::move(incident->incident));
            if (const auto* due = std::get_if<ActionDue>(&effect.what)) says.told.push_back(due->action.sink);
            says.opened = says.opened || std::holds_alternative<IncidentOpened>(effect.what);
        }
    };
    apply(Genesis{"explain", INCIDENTD_VERSION}, at);
    apply(RulesActivated{bundle.hash(), {}, rules}, at);
    apply(AlertsReceived{alert.events()}, at);
    while (!says.opened) {
        const auto due = engine.next_deadline();
        if (!due || *due > at + patience) break;
        apply(Tick{}, std::max(*due, engine.now()));
    }
    return says;
}

struct Explained {
    const AlertEvent& event;
    Instant at;
    AlertPath path;
    EngineSays engine;
    std::vector<PathStep> routes;  // of the incident that opened
};

std::string labels_text(const std::vector<std::pair<std::string, std::string>>& labels) {
    std::string out = "{";
    for (const auto& [name, value] : labels) out += (out.size() > 1 ? ", " : "") + name + "=\"" + value + "\"";
    return out + "}";
}

std::string steps_text(const std::vector<PathStep>& steps) {
    std::string out;
    std::string_view section;
    for (const PathStep& step : steps) {
        if (step.section != section) out += fmt::format("{}\n", step.section);
        section = step.section;
        const char* word = step.applies ? (step.asked ? "YES" : "yes") : "no ";
        out += fmt::format("  {} {}: {}{}\n", word, clean(step.rule), clean(step.why),
                           step.asked ? "" : " (not asked any more: a rule before it took the alert)");
    }
    return out;
}

std::string incident_text(const IncidentView& view) {
    const std::pair<const char*, std::string> fields[] = {
        {"state", std::string(to_string(view.state))},
        {"title", view.title},
        {"rule", view.rule},
        {"because", view.because},
        {"priority", fmt::format("{} (impact {}, urgency {})", to_string(view.priority), to_string(view.impact),
                                 to_string(view.urgency))},
        {"severity", std::string(to_string(view.severity))},
        {"category", view.category},
        {"service", view.service},
        {"assignment group", view.assignment_group},
        {"grouped by", labels_text(view.group_labels)}};
    std::string out = "incident\n";
    for (const auto& [name, value] : fields) out += fmt::format("  {:<16} {}\n", name, clean(value));
    return out;
}

std::string explained_text(const Explained& told) {
    std::string out =
        fmt::format("alert {} of source {}, severity {}, at {}\n", clean(labels_text(told.path.labels)),
                    clean(std::string(told.event.source)), to_string(told.event.severity), to_rfc3339(told.at));
    out += fmt::format("identity\n  {}; fingerprint as sent {}\n", clean(told.path.identity),
                       to_string(told.event.fingerprint));
    out += steps_text(told.path.steps);
    out += "engine, with this alert alone\n";
    for (const auto& [at, decided] : told.engine.decisions)
        out += fmt::format("  +{} {}{}: {}\n", to_string(at - told.at), to_string(decided.verdict),
                           decided.incident.is_set() ? " " + to_string(decided.incident) : "", clean(decided.because));
    if (told.engine.incidents.empty()) return out + "incident\n  none\n";
    for (const auto& [id, view] : told.engine.incidents) out += incident_text(view);
    out += steps_text(told.routes);
    std::string sinks;
    for (const std::string& sink : told.engine.told) sinks += (sinks.empty() ? "" : ", ") + sink;
    return out + "sinks told\n  " + (sinks.empty() ? "none" : sinks) + "\n";
}

void write_step(JsonObject& object, const PathStep& step) {
    object.text("section", step.section);
    object.text("rule", step.rule);
    object.flag("applies", step.applies);
    object.flag("asked", step.asked);
    object.text("why", step.why);
}

std::string labels_json(const std::vector<std::pair<std::string, std::string>>& labels) {
    std::string out;
    JsonObject object(out);
    for (const auto& [name, value] : labels) object.text(name, value);
    object.end();
    return out;
}

std::string explained_json(const Explained& told) {
    std::string out;
    JsonObject root(out);
    root.text("source", told.event.source);
    root.text("severity", to_string(told.event.severity));
    root.time("at", told.at);
    root.text("fingerprint", to_string(told.event.fingerprint));
    root.text("identity", told.path.identity);
    root.raw("labels", labels_json(told.path.labels));
    root.raw("steps", json_list(told.path.steps, write_step));
    root.raw("decisions", json_list(told.engine.decisions, [](JsonObject& object, const auto& pair) {
                 object.time("at", pair.first);
                 object.text("verdict", to_string(pair.second.verdict));
                 object.text("rule", pair.second.rule);
                 object.text("because", pair.second.because);
             }));
    std::vector<const IncidentView*> views;
    for (const auto& [id, view] : told.engine.incidents) views.push_back(&view);
    root.raw("incidents", json_list(views, [](JsonObject& object, const IncidentView* view) {
                 object.text("state", to_string(view->state));
                 object.text("title", view->title);
                 object.text("rule", view->rule);
                 object.text("because", view->because);
                 object.text("priority", to_string(view->priority));
                 object.text("impact", to_string(view->impact));
                 object.text("urgency", to_string(view->urgency));
                 object.text("category", view->category);
                 object.text("service", view->service);
                 object.text("assignment_group", view->assignment_group);
                 object.raw("group_labels", labels_json(view->group_labels));
             }));
    root.raw("routes", json_list(told.routes, write_step));
    std::string sinks = "[";
    for (const std::string& sink : told.engine.told) {
        if (sinks.size() > 1) sinks += ',';
        append_json_string(sinks, sink);
    }
    root.raw("sinks", sinks + "]");
    root.end();
    return out + "\n";
}

Result<std::string> read_alert(const std::string& file) {
    if (file != "-") return read_regular_file(file, alert_bytes_max);
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

}  // namespace

int explain_rules(const RulesExplainOptions& options) {
    Problems problems;
    RuleBundle bundle = rules_at(options.rules, problems);
    std::shared_ptr<const RuleSet> rules;
    if (problems.empty()) rules = load_and_compile(bundle, rule_sources(), wall_clock_now(), problems);
    if (rules == nullptr) {
        std::fputs(render_problems(problems, false).c_str(), stderr);
        return exit_failed;
    }
    const Result<std::string> text = read_alert(options.alert);
    if (!text) return fail(text.error().message);
    AlertLineReader reader;
    const Result<AlertLineReader::Line> line = reader.read(*text);
    if (!line) return fail(options.alert + ": " + line.error().message);
    const Instant at = line->at.is_set() ? line->at : wall_clock_now();
    AlertBatch batch(line->source.empty() ? std::string_view("explain") : line->source);
    if (const Result<void> added = batch.add(reader.draft(), EventLimits{}); !added)
        return fail(options.alert + ": " + added.error().message);
    const AlertEvent& event = batch.events().front();
    Explained told{event, at, alert_path(*rules, event, at), ask_engine(bundle, rules, batch, at), {}};
    for (const auto& [id, view] : told.engine.incidents)
        if (told.routes.empty()) told.routes = route_path(*rules, route_labels(view));
    std::fputs((options.json ? explained_json(told) : explained_text(told)).c_str(), stdout);
    return exit_ok;
}

}  // namespace incidentd
