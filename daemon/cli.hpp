// The command line:
// `incidentd serve|check-config|incidents|deliveries|topology|explain|rules|simulate|token|version`.
#pragma once

#include <string>
#include <vector>

namespace incidentd {

// Exit codes, as GNU programs have them and scripts rely on.
enum ExitCode : int {
    exit_ok = 0,
    exit_failed = 1,   // it was asked correctly and did not work
    exit_usage = 2,    // wrong arguments
    exit_config = 78,  // EX_CONFIG of sysexits.h: systemd shows it as CONFIG; a restart does not help
};

inline constexpr const char* default_config = "/etc/incidentd/incidentd.yaml";

int run_cli(int argc, const char* const* argv);

// What the reading commands need.
struct ReadOptions {
    std::string state_directory;
    bool json = false;
};

int list_incidents(const ReadOptions& options, const std::string& state, int most);
int show_incident(const ReadOptions& options, const std::string& id);
int list_deliveries(const ReadOptions& options, const std::string& state, int most);
int show_delivery(const ReadOptions& options, const std::string& incident, const std::string& sink);

// What the commands that change something need to reach the running daemon.
struct OperateOptions {
    std::string url;         // "http://127.0.0.1:9460"
    std::string token_file;  // empty: no token is offered
    std::string ca_file;     // empty: the system's
    std::string actor, comment;
    bool json = false;
};

// `sink` empty: all of the incident's dead deliveries. Verbs: "retry", "drop".
int operate_delivery(const OperateOptions& options, const std::string& verb, const std::string& incident,
                     const std::string& sink);
// Verbs: "acknowledge", "unacknowledge".
int operate_incident(const OperateOptions& options, const std::string& verb, const std::string& incident);

// What the running daemon knows of `name` (by any of its names), or of the whole topology when it is empty.
int show_topology(const OperateOptions& options, const std::string& name);
// What the running daemon has learned of checks that follow one another.
int show_learned(const OperateOptions& options);
int check_topology(const std::string& file, bool json);
// Prints a topology file of the parents in Nagios' objects.
int import_nagios_topology(const std::vector<std::string>& files);
// Likewise of the dependencies between Zabbix' triggers.
int import_zabbix_topology(const std::vector<std::string>& files);

int explain_alert(const ReadOptions& options, const std::string& alert);

}  // namespace incidentd
