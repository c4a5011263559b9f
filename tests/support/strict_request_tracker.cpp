// Answers as Request Tracker 5.0.3 does, down to its 201 for things it did not do.
#include "adapters/http_message.hpp"
#include "tests/support/contract_server.hpp"
#include "tests/support/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <optional>

namespace incidentd::test {
namespace {

ContractAnswer message(int status, const std::string& text) {
    return {status, "{\"message\":" + json_quote(text) + "}"};
}

ContractAnswer lines(int status, const std::vector<std::string>& texts) {
    std::string body = "[";
    for (const std::string& text : texts) body += (body.size() > 1 ? "," : "") + json_quote(text);
    return {status, body + "]"};
}

std::string member(const Json& json, const std::string& name) {
    return json.has("/" + name) ? json.text("/" + name) : std::string();
}

bool is_status(const std::string& status) {
    for (const char* known : {"new", "open", "stalled", "resolved", "rejected", "deleted"})
        if (status == known) return true;
    return false;
}

}  // namespace

struct StrictRequestTracker::State {
    State(std::string t, std::set<std::string> q, unsigned short port)
        : token(std::move(t)),
          queues(std::move(q)),
          server([this](const ContractRequest& request) { return answer(request); }, port) {}

    ContractAnswer answer(const ContractRequest& request);
    ContractAnswer route(const ContractRequest& request);
    ContractAnswer create(const ContractRequest& request);
    ContractAnswer speak(const ContractRequest& request, Ticket* ticket, bool is_comment);
    ContractAnswer show(const Ticket& ticket) const;
    ContractAnswer search(const ContractRequest& request) const;
    ContractAnswer change(const ContractRequest& request, Ticket& ticket);
    Ticket* find(const std::string& id);
    bool has_json(const ContractRequest& request);

    const std::string token;
    const std::set<std::string> queues;
    Faults faults;
    mutable std::mutex mutex;  // everything below
    std::vector<Ticket> tickets;
    std::vector<std::string> violations;
    ContractServer server;  // last: it calls answer() as soon as it is there
};

StrictRequestTracker::Ticket* StrictRequestTracker::State::find(const std::string& id) {
    const auto number = std::strtoul(id.c_str(), nullptr, 10);
    return number >= 1 && number <= tickets.size() ? &tickets[number - 1] : nullptr;
}

ContractAnswer StrictRequestTracker::State::create(const ContractRequest& request) {
    const Json json(request.body);
    Ticket ticket;
    ticket.queue = member(json, "Queue");
    if (ticket.queue.empty()) return message(400, "Could not create ticket. Queue not set");
    if (!queues.contains(ticket.queue))
        return message(403, "No permission to create tickets in the queue '" + ticket.queue + "'");
    ticket.id = static_cast<int>(tickets.size()) + 1;
    ticket.subject = member(json, "Subject");
    ticket.content = member(json, "Content");
    ticket.priority = member(json, "Priority");
    ticket.requestor = member(json, "Requestor");
    ticket.refers_to = member(json, "RefersTo");
    for (const auto& [name, value] : {std::pair{"Subject", ticket.subject},
                                      {"Content", ticket.content},
                                      {"Priority", ticket.priority},
                                      {"RefersTo", ticket.refers_to}})
        if (value.empty()) violations.push_back(std::string("create without ") + name);
    if (ticket.subject.size() > 200) violations.push_back("a subject of more than 200 bytes");
    if (member(json, "ContentType") != "text/plain") violations.push_back("content that is not text/plain");
    tickets.push_back(ticket);
    const std::string id = std::to_string(ticket.id);
    return {201, R"({"type":"ticket","id":")" + id + R"(","_url":")" + server.url() + "/REST/2.0/ticket/" + id + "\"}"};
}

ContractAnswer StrictRequestTracker::State::speak(const ContractRequest& request, Ticket* ticket, bool is_comment) {
    const Json json(request.body);
    if (member(json, "ContentType").empty())
        return message(400, "ContentType is a required field for application/json");
    if (ticket == nullptr) return message(400, "Message could not be recorded");
    ticket->comments.push_back(member(json, "Content"));
    if (ticket->comments.back().empty()) violations.push_back("an empty comment");
    std::vector<std::string> said = {is_comment ? "Comments added" : "Correspondence added"};
    if (!is_comment && ticket->status != "open") ticket->status = "open";
    const std::string status = member(json, "Status");
    if (status.empty()) return lines(201, said);
    if (!is_status(status))
        said.push_back("Status '" + status + "' isn't a valid status for this ticket.");
    else if (status == ticket->status)
        said.push_back("You can't change status from '" + status + "' to '" + status + "'.");
    else
        said.push_back("Status changed from '" + std::exchange(ticket->status, status) + "' to '" + status + "'");
    return lines(201, said);
}

ContractAnswer StrictRequestTracker::State::change(const ContractRequest& request, Ticket& ticket) {
    const Json json(request.body);
    if (json.has("/RefersTo")) violations.push_back("PUT RefersTo would drop the links people made");
    const std::string status = member(json, "Status");
    const std::string name = "Ticket " + std::to_string(ticket.id) + ": ";
    if (status.empty() || status == ticket.status) return lines(200, {});
    if (!is_status(status)) return lines(200, {name + "Status '" + status + "' isn't a valid status for this ticket."});
    return lines(200,
                 {name + "Status changed from '" + std::exchange(ticket.status, status) + "' to '" + status + "'"});
}

ContractAnswer StrictRequestTracker::State::show(const Ticket& ticket) const {
    std::string body = "{\"id\":" + std::to_string(ticket.id) +
                       ",\"Type\":\"ticket\",\"Subject\":" + json_quote(ticket.subject) +
                       ",\"Status\":" + json_quote(ticket.status) +
                       ",\"_hyperlinks\":[{\"ref\":\"self\",\"type\":\"ticket\",\"id\":" + std::to_string(ticket.id) +
                       ",\"_url\":\"x\"}";
    if (!ticket.refers_to.empty())
        body += ",{\"ref\":\"refers-to\",\"type\":\"external\",\"_url\":" + json_quote(ticket.refers_to) + "}";
    return {200, body + "]}"};
}

// Only RefersTo='...' is understood.
ContractAnswer StrictRequestTracker::State::search(const ContractRequest& request) const {
    std::string query;
    form_value(request.query, "query", query);
    const std::string_view head = "RefersTo='";
    if (!query.starts_with(head) || !query.ends_with("'") || query.size() <= head.size())
        return message(400, "Incomplete query, last element is not close paren or value in '" + query + "'");
    std::string wanted;
    for (std::size_t i = head.size(); i + 1 < query.size(); ++i) {
        if (query[i] == '\\' && i + 2 < query.size()) ++i;
        wanted += query[i];
    }
    std::string items;
    int count = 0;
    for (const Ticket& ticket : tickets) {
        if (ticket.refers_to != wanted) continue;
        ++count;
        items += (items.empty() ? "" : ",") + (R"({"type":"ticket","id":")" + std::to_string(ticket.id) + "\"}");
    }
    return {200, "{\"page\":1,\"per_page\":20,\"pages\":" + std::string(count > 0 ? "1" : "0.0") + ",\"total\":" +
                     std::to_string(count) + ",\"count\":" + std::to_string(count) + ",\"items\":[" + items + "]}"};
}

bool StrictRequestTracker::State::has_json(const ContractRequest& request) {
    return request.header("Content-Type") == "application/json";
}

ContractAnswer StrictRequestTracker::State::route(const ContractRequest& request) {
    static const std::string root = "/REST/2.0";
    if (!request.path.starts_with(root)) return message(404, "Not Found");
    std::string path = request.path.substr(root.size());
    if (request.method != "GET" && !has_json(request)) return message(415, "Unsupported Media Type");
    if (request.method == "POST" && path == "/ticket") return create(request);
    if (request.method == "GET" && path == "/tickets") return search(request);
    if (!path.starts_with("/ticket/")) return message(404, "Not Found");
    path.erase(0, std::string("/ticket/").size());
    const std::size_t slash = path.find('/');
    Ticket* ticket = find(path.substr(0, slash));
    const std::string verb = slash == std::string::npos ? "" : path.substr(slash);
    if (request.method == "POST" && (verb == "/comment" || verb == "/correspond"))
        return speak(request, ticket, verb == "/comment");
    if (ticket == nullptr) return message(404, "Not Found");
    if (request.method == "GET" && verb.empty()) return show(*ticket);
    if (request.method == "PUT" && verb.empty()) return change(request, *ticket);
    return message(405, "Method Not Allowed");
}

ContractAnswer StrictRequestTracker::State::answer(const ContractRequest& request) {
    Fault fault;
    const bool is_faulty = faults.take(fault);
    if (is_faulty && !fault.after_effect) return fault.answer;
    if (request.header("Authorization") != "token " + token) return message(401, "Unauthorized");
    const std::lock_guard lock(mutex);
    ContractAnswer done;
    try {
        done = route(request);
    } catch (const std::exception& problem) {
        violations.push_back(problem.what());
        done = message(400, std::string("JSON parse error: ") + problem.what());
    }
    return is_faulty ? fault.answer : done;
}

StrictRequestTracker::StrictRequestTracker(std::string token, std::set<std::string> queues, unsigned short port)
    : state_(std::make_unique<State>(std::move(token), std::move(queues), port)) {}
StrictRequestTracker::~StrictRequestTracker() = default;

std::string StrictRequestTracker::url() const { return state_->server.url(); }
Faults& StrictRequestTracker::faults() { return state_->faults; }
std::size_t StrictRequestTracker::request_count() const { return state_->server.request_count(); }

std::vector<StrictRequestTracker::Ticket> StrictRequestTracker::tickets() const {
    const std::lock_guard lock(state_->mutex);
    return state_->tickets;
}

std::map<std::string, int> StrictRequestTracker::tickets_by_link() const {
    std::map<std::string, int> counts;
    for (const Ticket& ticket : tickets()) ++counts[ticket.refers_to];
    return counts;
}

void StrictRequestTracker::set_status(int ticket, std::string status) {
    const std::lock_guard lock(state_->mutex);
    state_->tickets.at(static_cast<std::size_t>(ticket) - 1).status = std::move(status);
}

std::vector<std::string> StrictRequestTracker::violations() const {
    const std::lock_guard lock(state_->mutex);
    return state_->violations;
}

}  // namespace incidentd::test
