// The shipped binary under test: a directory with its configuration and state, the process, its API and its CLI.
#pragma once

#include "tests/support/http.hpp"
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::test {

// Blocks of incidentd.yaml and rules.yaml; every line of a block stands at the left margin.
struct DaemonSetup {
    std::string sources = "prometheus: {type: prometheus}\n";
    std::string sinks;         // empty: none
    std::string rules;         // a whole rule file; empty: none is named
    std::string extra;         // further top-level lines
    std::string listen_extra;  // further members of the one listener, each ", key: value"
    std::map<std::string, std::string> environment;
};

class Daemon {
public:
    explicit Daemon(DaemonSetup setup = {});

    // Starts and waits until /-/ready answers 200; throws with the log when it does not.
    void start();
    // Starts without waiting, behind `launcher` (a program and its arguments) if that is not empty.
    void spawn(const std::vector<std::string>& launcher = {});
    bool wait_ready(milliseconds limit = std::chrono::seconds(30));
    Exit stop();   // SIGTERM; throws when it does not end
    void crash();  // SIGKILL
    Process& process() { return process_.value(); }

    std::uint16_t port() const { return port_; }
    std::string url() const { return scheme_ + "://127.0.0.1:" + std::to_string(port_); }
    void use_https(std::string ca_file);
    HttpClient client() const { return HttpClient(url(), ca_file_); }
    const TempDirectory& directory() const { return directory_; }
    std::string config_file() const { return directory_.file("incidentd.yaml"); }
    std::string state_directory() const { return directory_.file("state"); }
    std::string log() const { return process_ ? process_->output() : std::string(); }
    void write_config() const;
    void write_rules(std::string_view text) const { directory_.write("rules.yaml", text); }
    DaemonSetup& setup() { return setup_; }

    // Runs the CLI with --config; `arguments` come first: {"incidents", "list"}.
    Run cli(std::vector<std::string> arguments) const;
    Json cli_json(std::vector<std::string> arguments) const;  // with --output json; throws when it fails

    // POSTs alerts the way Prometheus does; the whole answer.
    HttpResponse send(std::string_view body);

    // The sample's value in /metrics: `name` as it stands there, labels included. 0 when absent.
    double metric(std::string_view name) const;
    // The sum of all samples whose name starts with `prefix`.
    double metric_sum(std::string_view prefix) const;

private:
    DaemonSetup setup_;
    TempDirectory directory_;
    std::uint16_t port_ = free_port();
    std::string scheme_ = "http";
    std::string ca_file_;
    std::optional<Process> process_;
    std::optional<HttpClient> sender_;
};

// One alert of a POST /api/v2/alerts; labels as given.
using Labels = std::vector<std::pair<std::string, std::string>>;
std::string alert_json(const Labels& labels, std::string_view summary = "", std::string_view ends_at = "");
std::string json_array(const std::vector<std::string>& elements);

// Incidents as `incidents list` knows them; `state` filters, empty: all.
std::size_t count_incidents(const Daemon& daemon, std::string_view state = {});

}  // namespace incidentd::test
