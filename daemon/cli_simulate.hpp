// `incidentd simulate`: what rules would make of a failure. Works without a running daemon.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace incidentd {

struct SimulateOptions {
    std::string topology;              // file
    std::vector<std::string> failing;  // ENTITY or ENTITY=TYPE
    std::vector<std::string> rules;    // files and patterns; empty: the built-in rule
    std::vector<std::string> sinks;
    std::string at = "2026-01-05T09:00:00Z";
    std::string length;  // empty: what is usual for the type
    std::uint64_t seed = 1;
    double noise_per_hour = 0;
    bool rough = false;
    std::size_t most = 20;
    std::string output = "text";  // json, lines
};

int simulate_failure(const SimulateOptions& options);  // the exit code

// Adds the command to `root`. `choose` is told when it was asked for.
class SimulateCommand {
public:
    SimulateCommand(CLI::App& root, std::function<void(std::function<int()>)> choose);

private:
    std::unique_ptr<SimulateOptions> options_;  // where it stays: the parser holds references
};

}  // namespace incidentd
