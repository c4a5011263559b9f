// How monitors tell of faults: each sees with its own period and delay, under its own names, repeats what goes on, says
// when it is over (mostly), and loses, doubles and delays some messages. Pure; one owner.
#pragma once

#include "simulator/failure.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::simulator {

struct MonitoringOptions {
    double loss = 0.03;               // of messages
    double recoveries_missing = 0.1;  // of alerts
    double duplicates = 0.01;
    double late = 0.02;    // of messages: half a minute to ten minutes later
    double skewed = 0.04;  // of entities: their clock is off by up to skew_max_s
    double skew_max_s = 180;
    double repeat_every_s = 900;  // Nagios; Zabbix half, Prometheus a quarter as often
    bool own_names = true;        // each monitor has its own name for an entity; false: that of the topology
};

// One check of one entity.
struct WatchedCheck {
    EntityId entity = 0;
    Monitor monitor = Monitor::nagios;
    std::string source, host;  // `host`: the entity as this monitor calls it
    std::string_view name, severity, title;
    std::vector<std::pair<std::string, std::string>> labels;  // besides those of host and check
    double period_s = 0, phase_s = 0, confirm_s = 0, jitter_s = 0, repeat_s = 0, skew_s = 0;
    Instant busy_until;  // it fires for an incident until then and says nothing of another
};

constexpr std::uint32_t no_incident = 0;  // noise

struct Message {
    const WatchedCheck* check = nullptr;  // the monitoring's
    Instant claimed, received;
    bool firing = true, is_root = false;
    std::uint32_t number = 0;              // what a title's {v} is
    std::uint32_t incident = no_incident;  // from 1
    std::string title() const;
};

// What an incident's alerts share.
struct Watch {
    std::uint32_t incident = no_incident;
    EntityId root = 0;
    Instant to;
    Instant held_until;        // what hosts behind a dead network say arrives only then; unset: at once
    bool root_silent = false;  // nobody watches the root
};

class Monitoring {
public:
    // `estate` outlives it.
    Monitoring(const Estate& estate, MonitoringOptions options, Random random);

    // Messages come in no order.
    void tell(const Fault& fault, const Watch& watch, std::vector<Message>& out);
    void tell_of_deployment(EntityId service, Instant at, std::uint32_t incident, std::vector<Message>& out);
    void cry(Instant at, std::vector<Message>& out);  // one alert of noise

    // (what a monitor says, the entity) where they differ, by name.
    std::vector<std::pair<std::string, std::string>> aliases() const;

private:
    struct Noise {
        EntityId entity = 0;
        const Check* check = nullptr;
    };
    WatchedCheck& watched(EntityId entity, const Check& check);
    std::string name_for(EntityId entity, Monitor monitor);
    void set_rhythm(WatchedCheck& check, Random random) const;
    std::vector<std::pair<std::string, std::string>> labels_of(EntityId entity, const Check& check,
                                                               std::string_view host) const;
    void live(WatchedCheck& check, Instant from, const Watch& watch, bool is_root, bool flaps,
              std::vector<Message>& out);
    void flap(const WatchedCheck& check, Instant from, const Watch& watch, bool is_root, std::vector<Message>& out);
    void repeat(const WatchedCheck& check, Instant from, Instant stop, const Watch& watch, bool is_root,
                std::vector<Message>& out);
    void deliver(const WatchedCheck& check, Instant at, bool firing, const Watch& watch, bool is_root,
                 std::vector<Message>& out);
    bool is_held(EntityId entity) const;
    void choose_monitors(Random random);
    void choose_noise(Random random);

    const Estate& estate_;
    const MonitoringOptions options_;
    Random random_;
    std::uint64_t check_salt_;
    std::vector<std::uint8_t> monitors_;  // by entity: a bit for each Monitor
    std::vector<double> skew_s_;          // by entity
    std::deque<WatchedCheck> checks_;
    std::map<std::pair<EntityId, std::string_view>, std::vector<WatchedCheck*>> by_name_;
    std::vector<Noise> noise_;
    std::vector<double> noise_sums_;
    std::map<std::string, EntityId> names_;
};

}  // namespace incidentd::simulator
