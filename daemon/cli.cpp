#include "daemon/cli.hpp"

#include "daemon/cli_rules.hpp"
#include "daemon/cli_simulate.hpp"
#include "daemon/config.hpp"
#include "daemon/read_model/catch_up.hpp"
#include "daemon/read_model/queries.hpp"
#include "daemon/serve.hpp"
#include "daemon/snapshot_build.hpp"
#include "daemon/token.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

namespace incidentd {
namespace {

struct Arguments {
    std::string config = default_config;
    std::string state_directory;
    std::string listen;
    std::string output = "text";
    std::string subject;
    std::string state;
    std::string sink;
    std::vector<std::string> files;
    OperateOptions operate;
    int most = 50;
    SnapshotJob snapshot;
    CatchUpJob catch_up;
    bool json() const { return output == "json"; }
};

int report_problems(const Problems& problems, bool json) {
    const std::string text = render_problems(problems, json);
    std::fputs(text.c_str(), json ? stdout : stderr);
    if (!json)
        fmt::print(stderr, "{} problem{}; nothing was started or changed\n", problems.items().size(),
                   problems.items().size() == 1 ? "" : "s");
    return exit_config;
}

int check_config(const Arguments& arguments) {
    Problems problems;
    const std::optional<Config> config = load_config(arguments.config, problems);
    if (!config) return report_problems(problems, arguments.json());
    std::fputs(render_problems(problems, arguments.json()).c_str(), arguments.json() ? stdout : stderr);
    if (!arguments.json())
        fmt::print("{}: good ({} sources, {} sinks, {} correlation rules)\n", arguments.config, config->sources.size(),
                   config->sinks.size(), config->compiled_rules->correlate.size());
    return exit_ok;
}

int serve_command(const Arguments& arguments) {
    Problems problems;
    std::optional<Config> config = load_config(arguments.config, problems);
    if (!config) return report_problems(problems, arguments.json());
    std::fputs(render_problems(problems, false).c_str(), stderr);
    if (!arguments.state_directory.empty())
        config->state_directory = std::filesystem::absolute(arguments.state_directory);
    if (!arguments.listen.empty()) {
        const std::size_t colon = arguments.listen.rfind(':');
        unsigned port = 0;
        if (colon == std::string::npos || !CLI::detail::lexical_cast(arguments.listen.substr(colon + 1), port) ||
            port > 65535) {
            fmt::print(stderr, "incidentd: --listen {}: expected ADDRESS:PORT, such as 127.0.0.1:9460\n",
                       arguments.listen);
            return exit_usage;
        }
        ListenConfig listen = config->listen.empty() ? ListenConfig{} : config->listen.front();
        listen.address = arguments.listen.substr(0, colon);
        listen.port = static_cast<std::uint16_t>(port);
        config->listen = {listen};
        check_exposure(*config, problems);
        if (!problems.empty()) return report_problems(problems, arguments.json());
    }
    return serve(std::move(*config));
}

void warn_if_it_lags(const ReadOptions& options) {
    Result<ReadModelQueries> queries = ReadModelQueries::open(options.state_directory);
    const Result<std::uint64_t> missing = queries ? queries->missing() : queries.error();
    if (missing && *missing > 0)
        fmt::print(stderr,
                   "incidentd: the incidents' database is being brought up to date: {} journal entries are not shown "
                   "yet. Nothing is lost; ask again in a moment\n",
                   *missing);
}

// The state directory named on the command line, or the one of the configuration.
int with_state(const Arguments& arguments, const std::function<int(const ReadOptions&)>& run) {
    ReadOptions options{arguments.state_directory, arguments.json()};
    if (options.state_directory.empty()) {
        Problems problems;
        const std::string directory = state_directory_of(arguments.config, problems);
        if (!problems.empty()) return report_problems(problems, false);
        options.state_directory = directory;
    }
    warn_if_it_lags(options);
    return run(options);
}

std::string user_name() {
    for (const char* name : {"SUDO_USER", "USER", "LOGNAME"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
    return "an operator";
}

// Where the daemon is: as the command line says, otherwise as the configuration does.
int with_daemon(const Arguments& arguments, const std::function<int(const OperateOptions&)>& run) {
    OperateOptions options = arguments.operate;
    options.json = arguments.json();
    if (options.actor.empty()) options.actor = user_name();
    if (options.url.empty()) {
        Problems problems;
        const ApiPlace place = api_place_of(arguments.config, problems);
        if (!problems.empty()) return report_problems(problems, false);
        options.url = place.url;
        if (options.token_file.empty()) options.token_file = place.token_file;
    }
    while (options.url.ends_with('/')) options.url.pop_back();
    return run(options);
}

int token_command(const Arguments& arguments) {
    const Result<std::string> made = make_token();
    if (!made) {
        fmt::print(stderr, "incidentd: {}\n", made.error().message);
        return exit_failed;
    }
    const std::string& token = *made;
    const std::string hash = token_hash_text(sha256(token));
    if (arguments.json())
        fmt::print("{{\"token\":\"{}\",\"hash\":\"{}\"}}\n", token, hash);
    else
        fmt::print(
            "token (give it to the sender, it is not kept anywhere): {}\nhash (goes into incidentd.yaml):              "
            "          {}\n",
            token, hash);
    return exit_ok;
}

int version_command(const Arguments& arguments) {
    if (arguments.json())
        fmt::print("{{\"version\":\"{}\"}}\n", INCIDENTD_VERSION);
    else
        fmt::print("incidentd {}\n", INCIDENTD_VERSION);
    return exit_ok;
}

void add_config(CLI::App* command, Arguments& arguments) {
    command->add_option("--config", arguments.config, "configuration file")->capture_default_str();
}

void add_output(CLI::App* command, Arguments& arguments) {
    command->add_option("--output", arguments.output, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

void add_state(CLI::App* command, Arguments& arguments) {
    add_config(command, arguments);
    command->add_option("--state-directory", arguments.state_directory,
                        "instead of the configuration's state_directory");
}

void add_daemon(CLI::App* command, Arguments& arguments) {
    add_config(command, arguments);
    command->add_option("--url", arguments.operate.url,
                        "the running daemon; default: the configuration's first listener");
    command->add_option("--token-file", arguments.operate.token_file, "holds an API token; default: api.token_file");
    command->add_option("--ca-file", arguments.operate.ca_file, "trusted certificates for https");
    command->add_option("--actor", arguments.operate.actor, "who does this; default: the user");
}

class Commands {
public:
    Commands(CLI::App& root, Arguments& arguments) : arguments_(arguments) {
        CLI::App* serve_app =
            add(root, "serve", "run the daemon in the foreground", [this] { return serve_command(arguments_); });
        add_state(serve_app, arguments);
        serve_app->add_option("--listen", arguments.listen, "ADDRESS:PORT instead of the configuration's listen");
        CLI::App* check = add(root, "check-config", "check a configuration and its rules, report every problem",
                              [this] { return check_config(arguments_); });
        check->footer("Exit code: 0 it can be used, also with warnings; 78 it cannot; 2 wrong usage.");
        add_config(check, arguments);
        add_incidents(root);
        add_deliveries(root);
        add_topology(root);
        CLI::App* explain = add(root, "explain", "say what became of an alert, and why", [this] {
            return with_state(arguments_,
                              [this](const ReadOptions& o) { return explain_alert(o, arguments_.subject); });
        });
        explain
            ->add_option("ALERT", arguments.subject,
                         "fingerprint (or its first digits), or matchers such as 'alertname=\"DiskFull\"'")
            ->required();
        add_state(explain, arguments);
        rules_.emplace(root, [this](std::function<int()> chosen) { chosen_ = std::move(chosen); });
        simulate_.emplace(root, [this](std::function<int()> chosen) { chosen_ = std::move(chosen); });
        add(root, "token", "draw a token and its hash", [this] { return token_command(arguments_); });
        add_children(root);
        add(root, "version", "print the version", [this] { return version_command(arguments_); });
    }
    int run() const { return chosen_ ? chosen_() : static_cast<int>(exit_usage); }

private:
    CLI::App* add(CLI::App& parent, const char* name, const char* help, std::function<int()> action) {
        CLI::App* command = parent.add_subcommand(name, help);
        add_output(command, arguments_);
        command->callback([this, action = std::move(action)] { chosen_ = action; });
        return command;
    }
    // The daemon calls these itself; people have no use for them.
    void add_children(CLI::App& root) {
        CLI::App* build = add(root, "build-snapshot", "", [this] { return run_snapshot_builder(arguments_.snapshot); });
        add_offline(build, arguments_.snapshot.offline);
        build->add_option("--read-model-reflects", arguments_.snapshot.read_model.value)->required();
        CLI::App* catch_up = add(root, "catch-up", "", [this] { return run_catch_up(arguments_.catch_up); });
        add_offline(catch_up, arguments_.catch_up.offline);
        catch_up->add_option("--read-model", arguments_.catch_up.file)->required();
    }
    static void add_offline(CLI::App* command, OfflineJob& job) {
        command->group("");
        command->add_option("--journal", job.directory)->required();
        command->add_option("--through", job.through.value)->required();
        command->add_option("--parent", job.parent)->required();
        command->add_option("--active-alerts", job.limits.alerts_max)->required();
        command->add_option("--open-incidents", job.limits.incidents_max)->required();
    }
    void add_incidents(CLI::App& root) {
        CLI::App* incidents = root.add_subcommand("incidents", "look at incidents, acknowledge them");
        incidents->require_subcommand(1);
        CLI::App* list = add(*incidents, "list", "list incidents, newest first", [this] {
            return with_state(arguments_, [this](const ReadOptions& o) {
                return list_incidents(o, arguments_.state, arguments_.most);
            });
        });
        list->add_option("--state", arguments_.state, "only these")
            ->check(CLI::IsMember({"pending", "open", "resolved", "dropped"}));
        list->add_flag_callback(
            "--held", [this] { arguments_.state = "pending"; }, "only those that wait for their rule's hold or gate");
        list->add_option("--most", arguments_.most, "how many at most")
            ->check(CLI::Range(1, 100'000))
            ->capture_default_str();
        add_state(list, arguments_);
        CLI::App* show = add(*incidents, "show", "show one incident: alerts, reasons, timeline, tickets", [this] {
            return with_state(arguments_,
                              [this](const ReadOptions& o) { return show_incident(o, arguments_.subject); });
        });
        show->add_option("INCIDENT", arguments_.subject, "such as INC-42")->required();
        add_state(show, arguments_);
        for (const char* verb : {"acknowledge", "unacknowledge"}) {
            CLI::App* command =
                add(*incidents, verb,
                    *verb == 'a' ? "say that somebody takes care of it" : "take back what an operator acknowledged",
                    [this, verb] {
                        return with_daemon(arguments_, [&](const OperateOptions& o) {
                            return operate_incident(o, verb, arguments_.subject);
                        });
                    });
            command->add_option("INCIDENT", arguments_.subject, "such as INC-42")->required();
            command->add_option("--comment", arguments_.operate.comment, "goes into the ticket");
            add_daemon(command, arguments_);
        }
    }
    void add_deliveries(CLI::App& root) {
        CLI::App* deliveries =
            root.add_subcommand("deliveries", "look at tickets due, delivered and dead; retry, drop");
        deliveries->require_subcommand(1);
        CLI::App* list = add(*deliveries, "list", "list deliveries, newest incident first", [this] {
            return with_state(arguments_, [this](const ReadOptions& o) {
                return list_deliveries(o, arguments_.state, arguments_.most);
            });
        });
        list->add_option("--state", arguments_.state, "only these")
            ->check(CLI::IsMember({"due", "delivered", "dead", "dropped"}));
        list->add_option("--most", arguments_.most, "how many at most")
            ->check(CLI::Range(1, 100'000))
            ->capture_default_str();
        add_state(list, arguments_);
        CLI::App* show = add(*deliveries, "show", "show one delivery", [this] {
            return with_state(arguments_, [this](const ReadOptions& o) {
                return show_delivery(o, arguments_.subject, arguments_.sink);
            });
        });
        show->add_option("INCIDENT", arguments_.subject, "such as INC-42")->required();
        show->add_option("SINK", arguments_.sink, "its name in the configuration")->required();
        add_state(show, arguments_);
        for (const char* verb : {"retry", "drop"}) {
            CLI::App* command =
                add(*deliveries, verb, *verb == 'r' ? "try a dead delivery again" : "give a dead delivery up",
                    [this, verb] {
                        return with_daemon(arguments_, [&](const OperateOptions& o) {
                            return operate_delivery(o, verb, arguments_.subject, arguments_.sink);
                        });
                    });
            command->add_option("INCIDENT", arguments_.subject, "such as INC-42")->required();
            command->add_option("SINK", arguments_.sink, "its name in the configuration; default: all of the incident");
            add_daemon(command, arguments_);
        }
    }
    void add_topology(CLI::App& root) {
        CLI::App* topology = root.add_subcommand("topology", "look at what depends on what, check and import files");
        topology->require_subcommand(1);
        CLI::App* show = add(*topology, "show", "how large it is, and what came through the API", [this] {
            return with_daemon(arguments_, [](const OperateOptions& o) { return show_topology(o, {}); });
        });
        add_daemon(show, arguments_);
        CLI::App* find = add(*topology, "find", "what one entity needs and what needs it", [this] {
            return with_daemon(arguments_,
                               [this](const OperateOptions& o) { return show_topology(o, arguments_.subject); });
        });
        find->add_option("NAME", arguments_.subject, "any of its names")->required();
        add_daemon(find, arguments_);
        CLI::App* learned = add(*topology, "learned", "checks that follow one another, as the alerts taught",
                                [this] { return with_daemon(arguments_, show_learned); });
        add_daemon(learned, arguments_);
        CLI::App* check = add(*topology, "check", "check a topology file and count what it holds",
                              [this] { return check_topology(arguments_.subject, arguments_.json()); });
        check->add_option("FILE", arguments_.subject, "YAML, or a table: .csv, .tsv, .txt")->required();
        check->footer("Exit code: 0 it can be used, also with warnings; 1 it cannot; 2 wrong usage.");
        CLI::App* import = topology->add_subcommand("import", "write a topology file from what a monitor knows");
        import->require_subcommand(1);
        CLI::App* nagios = add(*import, "nagios", "parents and host groups' aliases of Nagios objects",
                               [this] { return import_nagios_topology(arguments_.files); });
        nagios->add_option("FILE", arguments_.files, "objects.cache, or *.cfg with host definitions")->required();
        CLI::App* zabbix = add(*import, "zabbix", "dependencies between Zabbix' triggers, and its hosts' other names",
                               [this] { return import_zabbix_topology(arguments_.files); });
        zabbix
            ->add_option("FILE", arguments_.files,
                         "answers of trigger.get and host.get, or exports of hosts and templates as YAML or JSON")
            ->required();
    }
    Arguments& arguments_;
    std::function<int()> chosen_;
    std::optional<RulesCommands> rules_;
    std::optional<SimulateCommand> simulate_;
};

}  // namespace

int run_cli(int argc, const char* const* argv) {
    CLI::App root("incidentd turns monitoring alerts into incidents, each with exactly one ticket.", "incidentd");
    root.require_subcommand(1);
    root.set_version_flag("--version", std::string("incidentd ") + INCIDENTD_VERSION);
    root.footer("Documentation: README.md and docs/ of the project.");
    Arguments arguments;
    const Commands commands(root, arguments);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return root.exit(error) == 0 ? exit_ok : exit_usage;
    }
    return commands.run();
}

}  // namespace incidentd
