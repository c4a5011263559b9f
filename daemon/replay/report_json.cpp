// A replay's result as JSON: the figures of each side, every incident, the whole difference.
#include "daemon/cli_text.hpp"
#include "daemon/replay/report_rows.hpp"

namespace incidentd {
namespace {

void number(JsonObject& object, std::string_view name, std::uint64_t value) {
    object.number(name, static_cast<std::int64_t>(value));
}

template <class Map, class Write>
std::string keyed(const Map& map, Write write) {
    std::string out;
    JsonObject object(out);
    for (const auto& [key, value] : map) {
        std::string member;
        write(member, value);
        object.raw(key, member);
    }
    object.end();
    return out;
}

std::string list_of_ids(const std::vector<IncidentId>& ids) {
    std::string out = "[";
    for (const IncidentId id : ids) {
        if (out.size() > 1) out += ',';
        append_json_string(out, to_string(id));
    }
    return out += ']';
}

void write_incident(JsonObject& object, const IncidentView& view) {
    object.text("id", to_string(view.id));
    object.text("state", to_string(view.state));
    object.text("rule", view.rule);
    object.text("title", view.title);
    object.text("priority", to_string(view.priority));
    object.text("severity", to_string(view.severity));
    object.text("category", view.category);
    object.text("service", view.service);
    object.text("assignment_group", view.assignment_group);
    object.time("began_at", view.began_at);
    object.time("opened_at", view.opened_at);
    object.time("resolved_at", view.resolved_at);
    number(object, "alerts_total", view.alerts_total);
    number(object, "alerts_firing", view.alerts_firing);
    number(object, "messages_total", view.messages_total);
}

std::string side(const ReplayRun& run) {
    const ReplayTally& tally = run.tally();
    std::string out;
    JsonObject object(out);
    object.text("rules", run.rules().name);
    number(object, "messages", tally.messages);
    number(object, "alerts", tally.alerts);
    number(object, "suppressed", tally.suppressed);
    number(object, "incidents", tally.opened);
    number(object, "dropped", tally.dropped);
    number(object, "resolved", tally.resolved);
    number(object, "open_at_end", tally.open_at_end);
    number(object, "operator_commands_left_out", tally.commands_left_out);
    object.raw("noise_reduction_percent", fmt::format("{:.2f}", noise_reduction(tally)));
    object.raw("sinks", keyed(tally.sinks, [](std::string& member, const SinkTally& sink) {
                   JsonObject one(member);
                   number(one, "created", sink.created);
                   number(one, "updated", sink.updated);
                   number(one, "resolved", sink.resolved);
                   one.end();
               }));
    object.raw("by_rule", keyed(tally.rules, [](std::string& member, const RuleTally& rule) {
                   JsonObject one(member);
                   number(one, "incidents", rule.incidents);
                   number(one, "alerts", rule.alerts);
                   one.end();
               }));
    object.raw("priorities", keyed(tally.priorities,
                                   [](std::string& member, std::uint64_t count) { member = std::to_string(count); }));
    std::vector<const IncidentView*> views;
    for (const auto& [id, view] : run.incidents()) views.push_back(&view);
    object.raw("list", json_list(views, [](JsonObject& one, const IncidentView* view) { write_incident(one, *view); }));
    object.end();
    return out;
}

std::string regrouped(const std::vector<Regrouped>& all) {
    return json_list(all, [](JsonObject& object, const Regrouped& one) {
        object.text("incident", to_string(one.incident));
        object.raw("parts", json_list(one.parts, [](JsonObject& part, const auto& pair) {
                       part.text("incident", to_string(pair.first));
                       number(part, "alerts", pair.second);
                   }));
    });
}

std::string difference_json(const ReplayReport& report) {
    const Difference& difference = *report.difference;
    std::string out;
    JsonObject object(out);
    number(object, "alerts", difference.alerts);
    number(object, "same", difference.same);
    object.raw("changed", json_list(difference.changed, [](JsonObject& one, const auto& pair) {
                   one.text("before", to_string(pair.first));
                   one.text("after", to_string(pair.second));
               }));
    object.raw("only_before", list_of_ids(difference.only_before));
    object.raw("only_after", list_of_ids(difference.only_after));
    object.raw("merged", regrouped(difference.merged));
    object.raw("split", regrouped(difference.split));
    number(object, "moved", difference.moved);
    object.raw("moved_examples", json_list(difference.moved_examples, [&](JsonObject& one, const MovedAlert& alert) {
                   one.time("at", report.span.at[alert.number]);
                   if (alert.number < report.span.names.size()) one.text("alert", report.span.names[alert.number]);
                   one.text("before", alert.before.is_set() ? to_string(alert.before) : "");
                   one.text("after", alert.after.is_set() ? to_string(alert.after) : "");
               }));
    object.end();
    return out;
}

}  // namespace

std::string replay_json(const ReplayReport& report) {
    std::string out;
    JsonObject root(out);
    root.text("recording", report.recording);
    root.time("from", report.span.from);
    root.time("to", report.span.to);
    number(root, "messages", report.span.messages);
    root.raw("seconds", fmt::format("{:.3f}", report.span.seconds));
    root.raw("after", side(*report.after));
    if (report.before != nullptr) root.raw("before", side(*report.before));
    if (report.difference) root.raw("difference", difference_json(report));
    root.end();
    return out + "\n";
}

}  // namespace incidentd
