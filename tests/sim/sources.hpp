// Monitoring systems with a truth of their own: what fires, fires there, whatever incidentd believes.
#pragma once

#include "tests/sim/host.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace incidentd::sim {

// One condition, as its source knows it.
struct Condition {
    std::string key, host, service;
    bool firing = false;
    bool suppressed = false;
    std::uint64_t episode = 0;
    Instant changed;
};

// One message about one condition.
struct Message {
    EventKind kind = EventKind::firing;
    std::uint64_t episode = 0;
};

class Source {
public:
    virtual ~Source() = default;
    virtual void change_something() = 0;
    virtual void calm_down(bool everything_recovers) = 0;
    virtual bool has_told_all() const = 0;
    virtual const std::vector<Condition>& conditions() const = 0;
    virtual std::string name() const = 0;
    virtual std::string key_of(const Condition& condition) const = 0;  // of the alert; empty: its labels identify it
};

// Tells of changes only, in order for each condition, and repeats each until it is acknowledged (Nagios, Zabbix).
// Messages are doubled by the network for some seconds; a recovery may stand before its problem in one request.
std::unique_ptr<Source> make_edge_source(Stage& stage, Host& host);

// Sends all that fires every minute, with a promise to refresh it, and what is over for a quarter of an hour
// (Prometheus). Requests are late, doubled and overtake each other.
std::unique_ptr<Source> make_level_source(Stage& stage, Host& host);

}  // namespace incidentd::sim
