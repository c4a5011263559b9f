// Ticket systems as pure functions of the requests they got, with a memory of who opened which key, and the network
// before them.
#pragma once

#include "adapters/sink.hpp"
#include "tests/sim/stage.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace incidentd::sim {

// What a ticket system knows of one incident.
struct Ticket {
    std::string key;       // of the incident
    std::string subject;   // ends with the incident's title
    std::string began_at;  // webhook only: tells two incidents with one key apart
    bool resolved = false;
    std::uint64_t revision = 0;  // webhook only
};

class TicketSystem {
public:
    virtual ~TicketSystem() = default;
    virtual HttpAnswer answer(const HttpCall& call) = 0;  // throws Violation
    const std::vector<Ticket>& tickets() const { return tickets_; }

protected:
    Ticket* find(const std::string& key);
    std::vector<Ticket> tickets_;
};

// REST 2.0 of Request Tracker, as far as the sink speaks it.
class RequestTrackerLike final : public TicketSystem {
public:
    HttpAnswer answer(const HttpCall& call) override;

private:
    HttpAnswer create(const HttpCall& call);
    HttpAnswer search(const std::string& query) const;
};

// Keeps the webhook contract: a delivery id seen before changes nothing and is answered 2xx.
class WebhookReceiver final : public TicketSystem {
public:
    HttpAnswer answer(const HttpCall& call) override;

private:
    std::set<std::string> deliveries_;
};

// The way to one system: loses, delays, doubles and refuses. `done` may be called twice.
class Network {
public:
    using Outcome = std::variant<HttpAnswer, NoAnswer>;
    Network(Stage& stage, std::string name, TicketSystem& system)
        : stage_(stage), name_(std::move(name)), system_(system) {}
    void send(const HttpCall& call, std::function<void(const Outcome&)> done);

private:
    Stage& stage_;
    const std::string name_;
    TicketSystem& system_;
    Instant down_until_;
    bool down_after_effect_ = false;  // this outage does the work and loses the answers
};

}  // namespace incidentd::sim
