#include "tests/e2e/daemon.hpp"

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace incidentd::test {
namespace {

std::string indented(std::string_view block) {
    std::string result;
    std::istringstream lines{std::string(block)};
    for (std::string line; std::getline(lines, line);) result += "  " + line + "\n";
    return result;
}

}  // namespace

Daemon::Daemon(DaemonSetup setup) : setup_(std::move(setup)) { write_config(); }

void Daemon::write_config() const {
    std::string text = "state_directory: " + state_directory() +
                       "\nlisten:\n  - {address: 127.0.0.1, port: " + std::to_string(port_) + setup_.listen_extra +
                       "}\nsources:\n" + indented(setup_.sources);
    if (!setup_.sinks.empty()) text += "sinks:\n" + indented(setup_.sinks);
    if (!setup_.rules.empty()) {
        text += "rules: [rules.yaml]\n";
        write_rules(setup_.rules);
    }
    directory_.write("incidentd.yaml", text + setup_.extra);
}

void Daemon::spawn(const std::vector<std::string>& launcher) {
    std::vector<std::string> arguments = launcher;
    for (const char* word : {INCIDENTD_BINARY, "serve", "--config"}) arguments.emplace_back(word);
    arguments.push_back(config_file());
    process_.reset();
    sender_.reset();
    // A daemon built with the thread sanitizer ends at its first finding, so that no test passes over it.
    std::map<std::string, std::string> environment = setup_.environment;
    environment.emplace("TSAN_OPTIONS", "halt_on_error=1");
    process_.emplace(arguments, SpawnOptions{environment, directory_.file("log")});
}

void Daemon::start() {
    spawn();
    if (!wait_ready()) throw std::runtime_error("incidentd did not become ready:\n" + log());
}

bool Daemon::wait_ready(milliseconds limit) {
    HttpClient asking = client();
    bool ready = false;
    eventually(limit, [&] {
        ready = asking.get("/-/ready").status == 200;
        return ready || !process_->running();
    });
    return ready;
}

Exit Daemon::stop() {
    const std::optional<Exit> end = process_->stop();
    if (!end) throw std::runtime_error("incidentd did not stop:\n" + log());
    return *end;
}

void Daemon::crash() { process_->kill(); }

void Daemon::use_https(std::string ca_file) {
    scheme_ = "https";
    ca_file_ = std::move(ca_file);
}

Run Daemon::cli(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), INCIDENTD_BINARY);
    arguments.insert(arguments.end(), {"--config", config_file()});
    return run(arguments, setup_.environment);
}

Json Daemon::cli_json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--output", "json"});
    const Run result = cli(arguments);
    if (result.code != 0) throw std::runtime_error("exit code " + std::to_string(result.code) + ": " + result.err);
    return Json(result.out);
}

HttpResponse Daemon::send(std::string_view body) {
    if (!sender_) sender_.emplace(client());
    return sender_->post("/api/v2/alerts", body);
}

double Daemon::metric(std::string_view name) const {
    std::istringstream lines(client().get("/metrics").body);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
            return std::strtod(line.c_str() + name.size(), nullptr);
        }
    }
    return 0;
}

double Daemon::metric_sum(std::string_view prefix) const {
    double sum = 0;
    std::istringstream lines(client().get("/metrics").body);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(prefix)) sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
    }
    return sum;
}

std::string alert_json(const Labels& labels, std::string_view summary, std::string_view ends_at) {
    std::string text = R"({"labels":{)";
    for (const auto& [name, value] : labels) {
        if (text.back() != '{') text += ',';
        text += json_quote(name) + ":" + json_quote(value);
    }
    text += '}';
    if (!summary.empty()) text += R"(,"annotations":{"summary":)" + json_quote(summary) + "}";
    if (!ends_at.empty()) text += R"(,"endsAt":)" + json_quote(ends_at);
    return text + "}";
}

std::string json_array(const std::vector<std::string>& elements) {
    std::string text = "[";
    for (const std::string& element : elements) {
        if (text.size() > 1) text += ',';
        text += element;
    }
    return text + "]";
}

std::size_t count_incidents(const Daemon& daemon, std::string_view state) {
    std::vector<std::string> arguments = {"incidents", "list", "--most", "10000"};
    if (!state.empty()) arguments.insert(arguments.end(), {"--state", std::string(state)});
    return daemon.cli_json(arguments).size();
}

}  // namespace incidentd::test
