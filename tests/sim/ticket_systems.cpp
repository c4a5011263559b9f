#include "tests/sim/ticket_systems.hpp"

#include "tests/support/json.hpp"

#include <utility>

namespace incidentd::sim {
namespace {

using test::Json;
using test::json_quote;

std::string member(const Json& json, const std::string& name) {
    return json.has("/" + name) ? json.text("/" + name) : std::string();
}

std::string key_of(const std::string& link) { return link.substr(link.rfind('/') + 1); }

std::string header(const HttpCall& call, std::string_view name) {
    for (const auto& [key, value] : call.headers)
        if (key == name) return value;
    return {};
}

}  // namespace

Ticket* TicketSystem::find(const std::string& key) {
    for (Ticket& ticket : tickets_)
        if (ticket.key == key) return &ticket;
    return nullptr;
}

HttpAnswer RequestTrackerLike::create(const HttpCall& call) {
    const Json json(call.body);
    Ticket ticket;
    ticket.key = key_of(json.text("/RefersTo"));
    ticket.subject = json.text("/Subject");
    if (find(ticket.key) != nullptr) throw Violation("RT: a second ticket for " + ticket.key);
    tickets_.push_back(ticket);
    return {201, {}, "{\"id\":\"" + std::to_string(tickets_.size()) + "\"}"};
}

HttpAnswer RequestTrackerLike::search(const std::string& query) const {
    std::string condition;
    form_value(query, "query", condition);
    const std::string head = "RefersTo='";
    if (!condition.starts_with(head)) throw Violation("RT: a search it does not know: " + condition);
    const std::string key = key_of(condition.substr(head.size(), condition.size() - head.size() - 1));
    std::string items;
    for (std::size_t i = 0; i < tickets_.size(); ++i)
        if (tickets_[i].key == key) items = "{\"type\":\"ticket\",\"id\":\"" + std::to_string(i + 1) + "\"}";
    return {200, {}, "{\"items\":[" + items + "]}"};
}

HttpAnswer RequestTrackerLike::answer(const HttpCall& call) {
    const std::string root = "https://rt.example/REST/2.0";
    if (!call.url.starts_with(root)) throw Violation("RT: a strange URL: " + call.url);
    std::string path = call.url.substr(root.size());
    if (call.method == "POST" && path == "/ticket") return create(call);
    if (path.starts_with("/tickets?")) return search(path.substr(9));
    path.erase(0, std::string("/ticket/").size());
    const std::size_t number = std::stoul(path);
    if (number == 0 || number > tickets_.size()) return {404, {}, "{}"};
    Ticket& ticket = tickets_[number - 1];
    if (call.method == "GET") {
        return {200,
                {},
                "{\"id\":" + std::to_string(number) + ",\"Status\":\"" + (ticket.resolved ? "resolved" : "open") +
                    "\",\"_hyperlinks\":[{\"ref\":\"refers-to\",\"_url\":" +
                    json_quote("https://incidentd.example/incidents/" + ticket.key) + "}]}"};
    }
    if (!path.ends_with("/comment")) throw Violation("RT: a request it does not know: " + path);
    const Json json(call.body);
    if (member(json, "Status") == "resolved") ticket.resolved = true;
    return {201, {}, "[\"Comments added\"]"};
}

HttpAnswer WebhookReceiver::answer(const HttpCall& call) {
    const Json json(call.body);
    const std::string id = header(call, "X-Incidentd-Delivery"), event = json.text("/event");
    const std::string key = json.text("/incident/key"), began = json.text("/incident/began_at");
    const auto revision = static_cast<std::uint64_t>(json.number("/incident/revision"));
    if (!id.starts_with(key + "/")) throw Violation("webhook: " + key + " delivered without its idempotency key");
    Ticket* ticket = find(key);
    if (ticket != nullptr && ticket->began_at != began)
        throw Violation("webhook: " + key + " names two incidents: began " + ticket->began_at + " and " + began);
    if (deliveries_.insert(id).second) {
        if (event == "incident.created") {
            if (ticket != nullptr) throw Violation("webhook: " + key + " was created twice");
            tickets_.push_back({key, json.text("/incident/title"), began, false, 0});
            ticket = &tickets_.back();
        }
        if (ticket == nullptr) throw Violation("webhook: " + event + " of " + key + ", which was never created");
        if (revision <= ticket->revision && event != "incident.created")
            throw Violation("webhook: " + key + " went back from revision " + std::to_string(ticket->revision) +
                            " to " + std::to_string(revision));
        if (ticket->resolved) throw Violation("webhook: " + event + " after " + key + " was resolved");
        ticket->revision = revision;
        ticket->resolved = event == "incident.resolved";
    }
    return {200, {}, "{\"id\":" + json_quote("EXT-" + key) + "}"};
}

void Network::send(const HttpCall& call, std::function<void(const Outcome&)> done) {
    const auto finish = [this, &done](Duration delay, Outcome outcome) {
        stage_.after(delay, [done, outcome = std::move(outcome)] { done(outcome); });
    };
    const auto unavailable = [](const char* after) { return HttpAnswer{429, {{"Retry-After", after}}, "slow down"}; };
    Random& random = stage_.random;
    const Duration usual = random.up_to(milliseconds(400));
    if (stage_.calm) return finish(usual, system_.answer(call));
    if (stage_.now >= down_until_ && random.one_in(60)) {
        stage_.fault(name_ + " down for long");
        down_until_ = stage_.now + random.up_to(minutes(40));
        down_after_effect_ = random.one_in(4);
    }
    if (stage_.now < down_until_) {
        if (down_after_effect_) (void)system_.answer(call);
        return finish(usual, NoAnswer{down_after_effect_ || random.one_in(2), "no answer"});
    }
    switch (random.below(30)) {
        case 0:
            stage_.fault(name_ + " time-out before the effect");
            return finish(call.timeout, NoAnswer{true, "timed out"});
        case 1:
            stage_.fault(name_ + " time-out after the effect");
            (void)system_.answer(call);
            return finish(call.timeout, NoAnswer{true, "timed out"});
        case 2:
            stage_.fault(name_ + " 429");
            return finish(usual, unavailable(random.one_in(2) ? "30" : "2"));
        case 3:
            stage_.fault(name_ + " 500 before the effect");
            return finish(usual, HttpAnswer{500, {}, "no"});
        case 4:
            stage_.fault(name_ + " 500 after the effect");
            (void)system_.answer(call);
            return finish(usual, HttpAnswer{500, {}, "no"});
        case 5: {
            stage_.fault(name_ + " answer twice");
            const HttpAnswer answer = system_.answer(call);
            finish(usual, answer);
            return finish(usual + random.up_to(seconds(2)), answer);
        }
        case 6:
            stage_.fault(name_ + " slow answer");
            return finish(random.up_to(seconds(9)), system_.answer(call));
        case 7:
            if (!random.one_in(10)) break;
            stage_.fault(name_ + " refuses for good");
            return finish(usual, HttpAnswer{400, {}, "never"});
        default:
            break;
    }
    finish(usual, system_.answer(call));
}

}  // namespace incidentd::sim
