#include "daemon/cli_rules.hpp"

#include "daemon/cli.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/clock.hpp"
#include "daemon/rule_files.hpp"
#include "daemon/rule_sources.hpp"
#include "rules/schema.hpp"

#include <utility>

namespace incidentd {

struct RulesCommands::Arguments {
    std::string output = "text";
    RulesCheckOptions check;
    RulesTestOptions test;
    bool as_markdown = false;
    RulesReplayOptions replay;
    RulesSuggestOptions suggest;
    std::string window = "5m";
    RulesImportOptions import;
    RulesExplainOptions explain;
    bool json() const { return output == "json"; }
};

RulesCommands::RulesCommands(CLI::App& root, std::function<void(std::function<int()>)> choose)
    : choose_(std::move(choose)), arguments_(std::make_unique<Arguments>()) {
    Arguments& given = *arguments_;
    CLI::App* rules = root.add_subcommand("rules", "check, test and try out rules, without a running daemon");
    rules->require_subcommand(1);

    CLI::App* check = add(*rules, "check", "report every problem of rule files, and what looks wrong", [&given] {
        given.check.json = given.json();
        return check_rules(given.check);
    });
    add_place(*check, given.check.rules, "FILE");
    check->add_flag("--strict", given.check.strict, "exit with 1 for warnings too");
    check->footer("Exit code: 0 the rules can be used, 1 they cannot, 2 wrong usage.");

    CLI::App* test = add(*rules, "test", "run rule tests in virtual time", [&given] {
        given.test.json = given.json();
        return test_rules(given.test);
    });
    test->add_option("FILE", given.test.files, "test files, or patterns such as 'tests/*.yaml'")->required();
    test->add_option("--junit", given.test.junit, "write the results to this file as JUnit XML");
    test->add_option("--only", given.test.only, "run the tests whose name holds this");
    test->add_flag("--coverage", given.test.coverage, "say how often each rule was used, and which never");
    test->footer("Exit code: 0 all tests passed, 1 some did not, 2 wrong usage. The format: docs/rules-testing.md");
    add_replay(*rules);
    add_suggest(*rules);
    add_schema(*rules);

    CLI::App* explain = add(*rules, "explain", "show the way of one alert through the rules, and why", [&given] {
        given.explain.json = given.json();
        return explain_rules(given.explain);
    });
    explain->add_option("--alert", given.explain.alert, "file with one alert as a JSON object; - is standard input")
        ->required();
    add_place(*explain, given.explain.rules, "--rules");
    explain->footer("Exit code: 0 it was explained, 1 it could not be, 2 wrong usage.");

    CLI::App* import = add(*rules, "import", "write rules for what an Alertmanager's configuration does", [&given] {
        given.import.json = given.json();
        return import_rules(given.import);
    });
    import->add_option("FILE", given.import.file, "alertmanager.yml")->required();
    import->footer(
        "The rules go to standard output, what could not be carried over to standard error.\n"
        "Exit code: 0 done, 1 the file cannot be imported, 2 wrong usage.");
}

void RulesCommands::add_replay(CLI::App& rules) {
    RulesReplayOptions& given = arguments_->replay;
    CLI::App* replay = rules.add_subcommand("replay", "what rules make of alerts that were recorded; nothing is sent");
    CLI::Option* journal = replay->add_option("--journal", given.journal, "a daemon's state directory");
    replay->add_option("--alerts", given.alerts, "instead: a file of alerts, a JSON object a line; - is standard input")
        ->excludes(journal);
    replay->add_option("--rules", given.rules, "rule files or patterns; default: the rules the journal holds");
    replay->add_option("--against", given.against,
                       "compare with these rules; 'recorded' names those the journal holds");
    replay->add_option("--sink", given.sinks, "a sink that routes may name; default: those they do name");
    replay->add_option("--export", given.export_directory,
                       "write which alert was in which incident into this directory, as tables");
    replay->add_option("--output", given.output, "text, json or markdown")
        ->check(CLI::IsMember({"text", "json", "markdown"}))
        ->capture_default_str();
    replay->footer("Exit code: 0 it was replayed, 1 it could not be, 2 wrong usage.");
    replay->callback([this] {
        const RulesReplayOptions& options = arguments_->replay;
        if (options.journal.empty() && options.alerts.empty())
            throw CLI::RequiredError("one of --journal and --alerts");
        choose_([&options] { return replay_rules(options); });
    });
}

void RulesCommands::add_suggest(CLI::App& rules) {
    Arguments& given = *arguments_;
    CLI::App* suggest =
        add(rules, "suggest", "propose rules for what a journal shows, with evidence; applies none", [&given] {
            const auto window = parse_duration(given.window);
            if (!window || window->ms <= 0) return fail("--window wants a duration such as 5m, not " + given.window);
            given.suggest.window = *window;
            given.suggest.json = given.json();
            return suggest_rules(given.suggest);
        });
    suggest->add_option("--journal", given.suggest.journal, "a daemon's state directory")->required();
    suggest->add_option("--rules", given.suggest.rules, "rule files or patterns; default: the rules the journal holds");
    suggest->add_option("--window", given.window, "alerts so near to each other may belong together")
        ->capture_default_str();
    suggest->add_option("--most", given.suggest.most, "show at most so many")
        ->check(CLI::Range(1, 50))
        ->capture_default_str();
    suggest->footer("Exit code: 0 done, 1 the journal cannot be read, 2 wrong usage.");
}

void RulesCommands::add_schema(CLI::App& rules) {
    Arguments& given = *arguments_;
    CLI::App* schema = rules.add_subcommand("schema", "print a JSON Schema of rule files, for editors");
    schema->add_flag("--markdown", given.as_markdown, "print the tables of docs/rules.md instead");
    schema->callback([this] {
        choose_([this] {
            std::fputs((arguments_->as_markdown ? markdown_tables() : json_schema()).c_str(), stdout);
            return static_cast<int>(exit_ok);
        });
    });
}

RulesCommands::~RulesCommands() = default;

CLI::App* RulesCommands::add(CLI::App& parent, const char* name, const char* help, std::function<int()> action) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->add_option("--output", arguments_->output, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback([this, action = std::move(action)] { choose_(action); });
    return command;
}

void RulesCommands::add_place(CLI::App& command, RulesPlace& place, const char* positional) {
    place.config = default_config;
    CLI::Option* files = command.add_option(positional, place.files, "rule files, or patterns such as 'rules/*.yaml'");
    command.add_option("--config", place.config, "without rule files: the configuration that names them")
        ->capture_default_str()
        ->excludes(files);
    command.add_option("--sink", place.sinks, "a sink that routes may name; default: those they do name");
}

namespace {

std::string summary(const RuleSet& set, std::size_t files) {
    return fmt::format("{} rule file{}, {} correlation rules, {} routes", files, files == 1 ? "" : "s",
                       set.correlate.size(), set.routes.size());
}

std::string count_text(const Problems& problems) {
    const auto count = [](std::size_t n, const char* what) {
        return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
    };
    std::string text = count(problems.items().size(), "problem");
    if (!problems.warnings().empty()) text += ", " + count(problems.warnings().size(), "warning");
    return text;
}

}  // namespace

int check_rules(const RulesCheckOptions& options) {
    Problems problems;
    RuleBundle bundle = rules_at(options.rules, problems);
    std::shared_ptr<const RuleSet> set;
    if (problems.empty()) set = load_and_compile(bundle, rule_sources(), wall_clock_now(), problems);
    if (options.json) {
        std::fputs(render_problems(problems, true).c_str(), stdout);
    } else {
        std::fputs(render_problems(problems, false).c_str(), stderr);
        if (set == nullptr) fmt::print(stderr, "{}\n", count_text(problems));
        if (set != nullptr) fmt::print("good: {}\n", summary(*set, bundle.files.size()));
    }
    const bool is_good = set != nullptr && !(options.strict && !problems.warnings().empty());
    return is_good ? exit_ok : exit_failed;
}

RuleBundle rules_at(const RulesPlace& place, Problems& problems) {
    RuleBundle bundle =
        place.files.empty() ? rules_of_config(place.config, problems) : rules_of_files(place.files, problems);
    for (const std::string& sink : place.sinks)
        if (std::find(bundle.sinks.begin(), bundle.sinks.end(), sink) == bundle.sinks.end())
            bundle.sinks.push_back(sink);
    return bundle;
}

}  // namespace incidentd
