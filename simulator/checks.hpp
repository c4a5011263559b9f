// What each monitor says of what is wrong with a kind of entity: the checks of Nagios, Zabbix, Prometheus and others
// with the words that they really use. "{v}" in a title is a number that changes from message to message.
#pragma once

#include "simulator/estate.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace incidentd::simulator {

enum class Monitor : std::uint8_t { nagios, zabbix, prometheus, snmp, syslog, apm, blackbox, pipeline };
constexpr std::size_t monitor_count = 8;

// How an entity fails.
enum class Mode : std::uint8_t {
    down,
    unreachable,
    loss,
    flapping,
    slow,
    io_wait,
    disk_full,
    memory,
    crash,
    errors,
    latency,
    certificate,
    quiet,      // nothing asks it any more
    peer_down,  // a neighbour's port
    busy,
};
std::string_view to_string(Mode mode);

struct Check {
    Monitor monitor = Monitor::nagios;
    std::string_view name, severity, title;
    double probability = 1;  // that the entity is watched so
};

std::span<const Check> checks_of(Kind kind, Mode mode);
std::span<const Check> noise_of(Kind kind);  // what such an entity cries without anything being wrong

inline constexpr Check deployment{Monitor::pipeline, "deploy", "info", "deploy v{v} finished", 1};

}  // namespace incidentd::simulator
