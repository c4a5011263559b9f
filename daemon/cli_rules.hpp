// `incidentd rules ...`: what the people who write rules live in. Everything here works without a running daemon.
#pragma once

#include "rules/rules.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace incidentd {

// Where rules come from: files, or what a configuration names.
struct RulesPlace {
    std::vector<std::string> files;  // paths and patterns; empty: the configuration's
    std::string config;
    std::vector<std::string> sinks;  // besides those that are known
};

struct RulesCheckOptions {
    RulesPlace rules;
    bool strict = false;  // a warning is as bad as a problem
    bool json = false;
};

struct RulesTestOptions {
    std::vector<std::string> files;
    std::string junit;  // file to write; empty: none
    std::string only;   // a part of the names of the tests to run; empty: all
    bool coverage = false;
    bool json = false;
};

struct RulesReplayOptions {
    std::string journal;               // a state or journal directory
    std::string alerts;                // or a file of alerts
    std::vector<std::string> rules;    // files; empty: those the journal holds
    std::vector<std::string> against;  // likewise; empty: no comparison
    std::vector<std::string> sinks;
    std::string export_directory;  // empty: none
    std::string output = "text";
};

struct RulesExplainOptions {
    RulesPlace rules;
    std::string alert;  // file with one alert; "-": standard input
    bool json = false;
};

struct RulesImportOptions {
    std::string file;  // alertmanager.yml
    bool json = false;
};

struct RulesSuggestOptions {
    std::string journal;             // a state or journal directory
    std::vector<std::string> rules;  // files; empty: those the journal holds
    Duration window = minutes(5);    // alerts so near to each other may belong together
    std::size_t most = 10;           // suggestions
    bool json = false;
};

RuleBundle rules_at(const RulesPlace& place, Problems& problems);

// Each returns the exit code.
int check_rules(const RulesCheckOptions& options);
int test_rules(const RulesTestOptions& options);
int replay_rules(const RulesReplayOptions& options);
int explain_rules(const RulesExplainOptions& options);
int suggest_rules(const RulesSuggestOptions& options);
int import_rules(const RulesImportOptions& options);

// Adds the commands to `root`. `choose` is told of the one that was asked for.
class RulesCommands {
public:
    RulesCommands(CLI::App& root, std::function<void(std::function<int()>)> choose);
    ~RulesCommands();

private:
    struct Arguments;
    CLI::App* add(CLI::App& parent, const char* name, const char* help, std::function<int()> action);
    void add_replay(CLI::App& rules);
    void add_suggest(CLI::App& rules);
    void add_schema(CLI::App& rules);
    void add_place(CLI::App& command, RulesPlace& place, const char* positional);
    std::function<void(std::function<int()>)> choose_;
    std::unique_ptr<Arguments> arguments_;
};

}  // namespace incidentd
