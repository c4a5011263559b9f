#include "daemon/api/operator.hpp"

#include "adapters/json.hpp"
#include "adapters/json_object.hpp"
#include "adapters/source.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {
namespace {

using Verb = OperatorCommand::Verb;

constexpr std::size_t actor_bytes_max = 256;
constexpr std::size_t comment_bytes_max = 4096;

std::vector<std::string> segments_below(std::string_view path, std::string_view prefix) {
    path.remove_prefix(prefix.size());
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);  // '/'
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0) out.push_back(percent_decode(path.substr(0, end), false));
        path.remove_prefix(end);
    }
    return out;
}

std::optional<Verb> verb_of(std::string_view word) {
    const std::pair<std::string_view, Verb> verbs[] = {{"acknowledge", Verb::acknowledge},
                                                       {"unacknowledge", Verb::unacknowledge},
                                                       {"retry", Verb::retry_delivery},
                                                       {"drop", Verb::drop_delivery}};
    for (const auto& [name, verb] : verbs)
        if (name == word) return verb;
    return std::nullopt;
}

bool is_for_delivery(Verb verb) { return verb == Verb::retry_delivery || verb == Verb::drop_delivery; }

// Fills actor and comment; what is wrong with the body otherwise.
std::optional<HttpReply> read_body(const HttpRequestView& request, OperatorCommand& command) {
    command.actor = "an operator";
    if (!is_json_media_type(request.media_type()))
        return json_error(415, "send Content-Type: application/json, and an object such as {\"actor\":\"ann\"}");
    const auto members = parse_text_object(request.body);
    if (!members) return json_error(400, "the body: " + members.error().message);
    for (const auto& [name, value] : *members) {
        const bool is_actor = name == "actor";
        if (!is_actor && name != "comment")
            return json_error(400, "'" + name + "' is not known here; actor and comment are");
        if (value.size() > (is_actor ? actor_bytes_max : comment_bytes_max))
            return json_error(400, "'" + name + "' is longer than " +
                                       std::to_string(is_actor ? actor_bytes_max : comment_bytes_max) + " bytes");
        if (!is_actor || !value.empty()) (is_actor ? command.actor : command.comment) = value;
    }
    return std::nullopt;
}

// Why the command would change nothing.
std::optional<HttpReply> refusal(const Correlator& engine, const OperatorCommand& command) {
    const std::string id = to_string(command.incident);
    const std::optional<IncidentView> incident = engine.find_incident(command.incident);
    if (!incident)
        return json_error(404, id + " is not in memory: it never was, or it is over and every ticket is settled");
    if (!is_for_delivery(command.verb)) {
        if (incident->state == IncidentState::pending || incident->state == IncidentState::open) return std::nullopt;
        return json_error(409, id + " is " + std::string(to_string(incident->state)) + " already");
    }
    const std::optional<bool> dead = engine.has_dead_delivery(command.incident, command.sink);
    if (!dead) return json_error(404, id + " has no delivery to a sink '" + command.sink + "'");
    if (!*dead)
        return json_error(409, id + " has no dead delivery" + (command.sink.empty() ? "" : " to " + command.sink) +
                                   ": what is due is tried again by itself");
    return std::nullopt;
}

std::string accepted_body(const OperatorCommand& command) {
    std::string body = "{\"incident\":";
    append_json_string(body, to_string(command.incident));
    if (is_for_delivery(command.verb)) {
        body += ",\"sink\":";
        append_json_string(body, command.sink);
    }
    body += ",\"actor\":";
    append_json_string(body, command.actor);
    return body + "}\n";
}

// On the shard's thread: the answer to "would it do anything" holds until the command itself is applied, but for what
// is in between in the inbox.
void check_and_push(Inbox& inbox, const Correlator& engine, OperatorCommand command, ReplyPtr& reply) {
    if (std::optional<HttpReply> refused = refusal(engine, command)) return reply->send(std::move(*refused));
    std::string body = accepted_body(command);
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    InboxItem item = InputItem{std::move(command), [open, body = std::move(body)](bool durable) {
                                   if (durable) (*open)->send({200, "application/json", body, {}});
                               }};
    if (inbox.push(item, true) != Inbox::Push::taken)
        (*open)->send(json_error(503, "the daemon is stopping or full; try again"));
}

}  // namespace

void OperatorApi::incidents(const HttpRequestView& request, ReplyPtr reply) const {
    const std::vector<std::string> parts = segments_below(request.path, "/api/v1/incidents");
    const std::optional<Verb> verb = parts.size() == 2 ? verb_of(parts[1]) : std::nullopt;
    if (!verb || is_for_delivery(*verb))
        return reply->send(json_error(404, "expected /api/v1/incidents/INC-1/acknowledge or .../unacknowledge"));
    const std::optional<IncidentId> id = incident_from(parts[0]);
    if (!id) return reply->send(json_error(404, "'" + parts[0] + "' is not an incident, such as INC-42"));
    OperatorCommand asked;
    asked.verb = *verb;
    asked.incident = *id;
    command(request, std::move(asked), std::move(reply));
}

void OperatorApi::deliveries(const HttpRequestView& request, ReplyPtr reply) const {
    const std::vector<std::string> parts = segments_below(request.path, "/api/v1/deliveries");
    const bool right_size = parts.size() == 2 || parts.size() == 3;
    const std::optional<Verb> verb = right_size ? verb_of(parts.back()) : std::nullopt;
    if (!verb || !is_for_delivery(*verb))
        return reply->send(json_error(404, "expected /api/v1/deliveries/INC-1/rt/retry or .../drop"));
    const std::optional<IncidentId> id = incident_from(parts[0]);
    if (!id) return reply->send(json_error(404, "'" + parts[0] + "' is not an incident, such as INC-42"));
    OperatorCommand asked;
    asked.verb = *verb;
    asked.incident = *id;
    if (parts.size() == 3) asked.sink = parts[1];
    command(request, std::move(asked), std::move(reply));
}

void OperatorApi::command(const HttpRequestView& request, OperatorCommand command, ReplyPtr reply) const {
    if (std::optional<HttpReply> refused = read_body(request, command)) return reply->send(std::move(*refused));
    if (stalled_ && stalled_())
        return reply->send(json_error(503, "the journal cannot be written at the moment; nothing was changed"));
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    InboxItem item = QueryItem{[&inbox = inbox_, command = std::move(command), open](const Correlator& engine) {
        check_and_push(inbox, engine, command, *open);
    }};
    if (inbox_.push(item, true) != Inbox::Push::taken)
        (*open)->send(json_error(503, "the daemon is stopping or full; try again"));
}

}  // namespace incidentd
