#include "simulator/checks.hpp"

#include <array>
#include <vector>

namespace incidentd::simulator {
namespace {

using enum Monitor;

struct Row {
    Kind kind;
    Mode mode;
    Check check;
};

constexpr Row rows[] = {
    {Kind::host, Mode::down, {nagios, "HOST", "critical", "PING CRITICAL - Packet loss = 100%", 1}},
    {Kind::host, Mode::down, {nagios, "SSH", "critical", "CRITICAL - Socket timeout after {v} seconds", 0.8}},
    {Kind::host, Mode::down, {nagios, "Load", "critical", "CHECK_NRPE: Socket timeout after 10 seconds.", 0.7}},
    {Kind::host, Mode::down, {nagios, "Disk /", "unknown", "CHECK_NRPE: Error - Could not connect", 0.6}},
    {Kind::host, Mode::down, {zabbix, "icmpping", "high", "Unavailable by ICMP ping", 1}},
    {Kind::host, Mode::down, {zabbix, "agent.ping", "average", "Zabbix agent is not available (for 3m)", 0.9}},
    {Kind::host, Mode::down, {prometheus, "InstanceDown", "critical", "Instance down for more than 1 minute", 1}},
    {Kind::host, Mode::down, {prometheus, "KubeNodeNotReady", "warning", "Node is not ready", 0.5}},
    {Kind::host, Mode::unreachable, {nagios, "HOST", "unreachable", "CRITICAL - Host Unreachable", 0.9}},
    {Kind::host, Mode::unreachable, {nagios, "SSH", "critical", "No route to host", 0.6}},
    {Kind::host, Mode::unreachable, {nagios, "Load", "critical", "CHECK_NRPE: Socket timeout after 10 seconds.", 0.6}},
    {Kind::host, Mode::unreachable, {zabbix, "icmpping", "high", "Unavailable by ICMP ping", 1}},
    {Kind::host, Mode::unreachable, {zabbix, "agent.ping", "average", "Zabbix agent is not available (for 3m)", 0.9}},
    {Kind::host,
     Mode::unreachable,
     {prometheus, "InstanceDown", "critical", "Instance down for more than 1 minute", 1}},
    {Kind::host, Mode::unreachable, {prometheus, "KubeNodeUnreachable", "warning", "Node is unreachable", 0.5}},
    {Kind::host, Mode::loss, {nagios, "PING", "warning", "PING WARNING - Packet loss = {v}%, RTA = 48.20 ms", 0.8}},
    {Kind::host, Mode::loss, {zabbix, "icmppingloss", "warning", "High ICMP ping loss: {v} %", 0.8}},
    {Kind::host, Mode::loss, {prometheus, "NodeNetworkReceiveErrs", "warning", "eth0 has {v} receive errors", 0.5}},
    {Kind::host, Mode::io_wait, {nagios, "Load", "warning", "WARNING - load average: {v}.11, 20.4, 12.9", 0.7}},
    {Kind::host, Mode::io_wait, {zabbix, "system.cpu.util[,iowait]", "warning", "Disk I/O is overloaded: {v} %", 0.8}},
    {Kind::host, Mode::io_wait, {prometheus, "NodeDiskIOSaturation", "warning", "Disk IO queue is high: {v}", 0.7}},
    {Kind::host, Mode::disk_full, {nagios, "Disk /var", "critical", "DISK CRITICAL - free space: /var {v} MB (1%)", 1}},
    {Kind::host,
     Mode::disk_full,
     {zabbix, "vfs.fs.size[/var,pfree]", "high", "Free disk space is less than 5% on /var", 1}},
    {Kind::host,
     Mode::disk_full,
     {prometheus, "NodeFilesystemAlmostOutOfSpace", "critical", "Filesystem has only {v}% left", 1}},
    {Kind::host, Mode::flapping, {syslog, "kernel", "warning", "eth0: link down", 1}},
    {Kind::host, Mode::flapping, {nagios, "PING", "critical", "PING CRITICAL - Packet loss = {v}%", 0.8}},
    {Kind::host, Mode::flapping, {zabbix, "net.if.status[eth0]", "average", "Interface eth0: Link down", 0.9}},
    {Kind::host,
     Mode::flapping,
     {prometheus, "NodeNetworkInterfaceFlapping", "warning", "Network interface eth0 changes its state often", 0.8}},
    {Kind::host, Mode::busy, {nagios, "Load", "warning", "WARNING - load average: {v}.02, 9.1, 4.2", 0.8}},
    {Kind::host,
     Mode::busy,
     {zabbix, "system.cpu.load", "warning", "Load average is too high (over 1.5 for 5m): {v}", 0.8}},
    {Kind::host, Mode::busy, {prometheus, "NodeDiskIOSaturation", "warning", "Disk IO queue is high: {v}", 0.5}},
    {Kind::machine, Mode::down, {prometheus, "InstanceDown", "critical", "Instance down for more than 1 minute", 0.8}},
    {Kind::machine, Mode::down, {zabbix, "agent.ping", "average", "Zabbix agent is not available (for 3m)", 0.7}},
    {Kind::machine, Mode::slow, {prometheus, "VMHighCPUSteal", "warning", "CPU steal is {v}%", 0.5}},
    {Kind::machine, Mode::slow, {zabbix, "system.cpu.util[,iowait]", "warning", "Disk I/O is overloaded: {v} %", 0.4}},
    {Kind::instance,
     Mode::down,
     {prometheus, "KubePodNotReady", "warning", "Pod has been in a non-ready state for longer than 2 minutes", 0.9}},
    {Kind::instance,
     Mode::crash,
     {prometheus, "KubePodCrashLooping", "warning", "Pod is crash looping ({v} restarts)", 0.95}},
    {Kind::instance,
     Mode::crash,
     {prometheus, "KubePodNotReady", "warning", "Pod has been in a non-ready state for longer than 2 minutes", 0.7}},
    {Kind::instance,
     Mode::memory,
     {prometheus, "ContainerMemoryNearLimit", "warning", "Memory working set at {v}% of limit", 0.95}},
    {Kind::instance, Mode::slow, {prometheus, "PodLatencyHigh", "warning", "p95 latency {v} ms", 0.3}},
    {Kind::service, Mode::errors, {prometheus, "HighErrorRate", "critical", "5xx ratio is {v}%", 0.9}},
    {Kind::service, Mode::errors, {prometheus, "SLOErrorBudgetBurn", "critical", "Error budget burn rate {v}x", 0.5}},
    {Kind::service, Mode::errors, {apm, "error-rate", "critical", "Error rate anomaly: {v} errors/min", 0.5}},
    {Kind::service, Mode::errors, {blackbox, "ProbeFailed", "critical", "HTTP probe failed: status 503", 0.8}},
    {Kind::service, Mode::latency, {prometheus, "HighLatencyP99", "warning", "p99 latency is {v} ms", 0.85}},
    {Kind::service, Mode::latency, {apm, "response-time", "warning", "Response time degraded: {v} ms", 0.5}},
    {Kind::service, Mode::latency, {blackbox, "ProbeSlow", "warning", "HTTP probe took {v} ms", 0.5}},
    {Kind::service, Mode::quiet, {prometheus, "NoRequestsReceived", "warning", "No requests for 5 minutes", 0.8}},
    {Kind::service, Mode::certificate, {blackbox, "SSLCertExpired", "critical", "TLS certificate has expired", 1}},
    {Kind::service, Mode::certificate, {nagios, "Certificate", "critical", "SSL CRITICAL - Certificate expired", 0.8}},
    {Kind::database, Mode::errors, {prometheus, "DatabaseDown", "critical", "Database instance is down", 0.95}},
    {Kind::database, Mode::errors, {nagios, "DB connect", "critical", "CRITICAL - cannot connect to server", 0.8}},
    {Kind::database, Mode::errors, {prometheus, "ReplicationBroken", "warning", "Replication IO thread stopped", 0.5}},
    {Kind::database, Mode::latency, {prometheus, "DatabaseSlowQueries", "warning", "{v} slow queries/s", 0.85}},
    {Kind::database,
     Mode::latency,
     {prometheus, "DatabaseTooManyConnections", "warning", "{v}% of connections in use", 0.7}},
    {Kind::database,
     Mode::quiet,
     {prometheus, "NoDatabaseOperations", "warning", "No database operations for 5 minutes", 0.4}},
    {Kind::network, Mode::down, {nagios, "HOST", "critical", "PING CRITICAL - Packet loss = 100%", 0.9}},
    {Kind::network, Mode::down, {snmp, "nodeDown", "critical", "SNMP poll failed {v} times", 0.9}},
    {Kind::network, Mode::down, {syslog, "lldp", "warning", "LLDP neighbour lost", 0.6}},
    {Kind::network, Mode::peer_down, {snmp, "linkDown", "major", "linkDown ifIndex={v}", 0.9}},
    {Kind::network, Mode::flapping, {snmp, "linkDown", "major", "linkDown ifIndex={v}", 1}},
    {Kind::network,
     Mode::flapping,
     {syslog, "link", "warning", "LINK-3-UPDOWN: Interface Te1/0/{v}, changed state to down", 0.8}},
    {Kind::network, Mode::loss, {snmp, "ifErrors", "major", "Interface Te1/0/{v} output errors", 0.9}},
    {Kind::network, Mode::loss, {syslog, "bgp", "warning", "BGP-5-ADJCHANGE: neighbor down", 0.6}},
    {Kind::power, Mode::down, {snmp, "pduOutletOff", "critical", "PDU bank {v} lost input power", 0.9}},
    {Kind::power, Mode::down, {snmp, "upsOnBattery", "major", "UPS on battery, {v} minutes left", 0.6}},
    {Kind::site, Mode::down, {snmp, "facilityPower", "critical", "utility feed lost, generator failed to start", 1}},
    {Kind::site,
     Mode::down,
     {blackbox, "SiteUnreachable", "critical", "site unreachable from {v} vantage points", 0.9}},
    {Kind::storage, Mode::slow, {snmp, "storageLatency", "critical", "Volume latency {v} ms", 0.9}},
    {Kind::storage, Mode::slow, {syslog, "san", "major", "controller failover in progress", 0.7}},
    {Kind::dns, Mode::errors, {nagios, "DNS", "critical", "DNS CRITICAL - query timed out", 0.9}},
    {Kind::dns, Mode::errors, {blackbox, "DNSProbeFailed", "critical", "DNS probe failed", 0.8}},
    {Kind::dns,
     Mode::errors,
     {prometheus, "CoreDNSErrorsHigh", "critical", "CoreDNS returns SERVFAIL for {v}% of requests", 0.7}},
    {Kind::dns, Mode::latency, {prometheus, "CoreDNSLatencyHigh", "warning", "CoreDNS p99 {v} ms", 0.8}},
    {Kind::balancer, Mode::errors, {prometheus, "HAProxyBackendDown", "critical", "{v} backends down", 0.9}},
    {Kind::balancer,
     Mode::errors,
     {nagios, "HTTP", "critical", "HTTP CRITICAL: HTTP/1.1 503 Service Unavailable", 0.8}},
    {Kind::balancer, Mode::latency, {prometheus, "HAProxyQueueHigh", "warning", "queue {v}", 0.8}},
    {Kind::provider, Mode::loss, {blackbox, "TransitLoss", "critical", "packet loss to 8 vantage points: {v}%", 0.8}},
    {Kind::batch, Mode::busy, {pipeline, "backup", "info", "nightly backup started", 1}},
};

constexpr std::pair<Kind, Check> noise_rows[] = {
    {Kind::host, {nagios, "Disk /", "warning", "DISK WARNING - free space: / {v} MB (18%)", 1}},
    {Kind::host, {nagios, "NTP", "warning", "NTP WARNING: Offset 0.{v} secs", 1}},
    {Kind::host, {nagios, "Updates", "warning", "{v} packages available for upgrade", 1}},
    {Kind::host, {zabbix, "system.cpu.load", "warning", "Load average is too high (over 1.5 for 5m): {v}", 1}},
    {Kind::host, {prometheus, "NodeClockSkewDetected", "warning", "Clock is out of sync by {v} ms", 1}},
    {Kind::service, {prometheus, "CPUThrottlingHigh", "info", "{v}% throttling of CPU", 1}},
    {Kind::service, {prometheus, "HighLatencyP99", "warning", "p99 latency is {v} ms", 1}},
    {Kind::service, {apm, "response-time", "warning", "Response time degraded: {v} ms", 1}},
    {Kind::service, {blackbox, "SSLCertExpiringSoon", "info", "TLS certificate expires in {v} days", 1}},
    {Kind::service, deployment},
    {Kind::instance, {prometheus, "ContainerMemoryNearLimit", "warning", "Memory working set at {v}% of limit", 1}},
    {Kind::network, {snmp, "ifErrors", "warning", "Interface Te1/0/{v} output errors", 1}},
};

constexpr std::size_t mode_count = 15;
constexpr std::array<std::string_view, mode_count> mode_words{
    "down",  "unreachable", "packet loss", "flapping",    "slow",        "I/O wait",  "disk full", "memory",
    "crash", "errors",      "latency",     "certificate", "no requests", "port down", "busy"};

struct Tables {
    std::vector<Check> by_mode[kind_count][mode_count];
    std::vector<Check> noise[kind_count];
    Tables() {
        for (const Row& row : rows)
            by_mode[static_cast<std::size_t>(row.kind)][static_cast<std::size_t>(row.mode)].push_back(row.check);
        for (const auto& [kind, check] : noise_rows) noise[static_cast<std::size_t>(kind)].push_back(check);
        // What stands for a service fails like one.
        for (const Mode mode : {Mode::errors, Mode::latency, Mode::quiet, Mode::certificate})
            for (const Kind kind : {Kind::database, Kind::balancer, Kind::dns}) {
                auto& own = by_mode[static_cast<std::size_t>(kind)][static_cast<std::size_t>(mode)];
                if (own.empty()) own = by_mode[static_cast<std::size_t>(Kind::service)][static_cast<std::size_t>(mode)];
            }
    }
};

const Tables& tables() {
    static const Tables all;
    return all;
}

}  // namespace

std::string_view to_string(Mode mode) { return mode_words[static_cast<std::size_t>(mode)]; }

std::span<const Check> checks_of(Kind kind, Mode mode) {
    return tables().by_mode[static_cast<std::size_t>(kind)][static_cast<std::size_t>(mode)];
}

std::span<const Check> noise_of(Kind kind) { return tables().noise[static_cast<std::size_t>(kind)]; }

}  // namespace incidentd::simulator
