// `incidentd rules test`: files in, one verdict a test out, as text, JSON or JUnit XML.
#include "daemon/cli.hpp"
#include "daemon/cli_rules.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/clock.hpp"
#include "daemon/config_parts.hpp"
#include "daemon/rule_files.hpp"
#include "daemon/rule_sources.hpp"
#include "daemon/rule_test_report.hpp"
#include "rules/named_sinks.hpp"

#include <filesystem>
#include <fstream>

namespace incidentd {
namespace {

using namespace testing;

class Run {
public:
    explicit Run(const RulesTestOptions& options) : options_(options) {}

    void file(const std::string& name) {
        FileReport report;
        report.file = name;
        Problems problems;
        const Result<std::string> text = read_regular_file(name, settings_bytes_max);
        if (!text) problems.add({name, 0, 0}, "", text.error().message);
        const TestFile file = text ? parse_test_file(*text, name, problems) : TestFile{};
        RuleBundle bundle;
        std::shared_ptr<const RuleSet> rules;
        if (problems.empty()) rules = load(file, bundle, problems);
        if (rules != nullptr) run(file, bundle, rules, report);
        report.problems = std::move(problems);
        reports_.push_back(std::move(report));
    }

    const std::vector<FileReport>& reports() const { return reports_; }

private:
    std::shared_ptr<const RuleSet> load(const TestFile& file, RuleBundle& bundle, Problems& problems) const {
        const auto fault = [&](const std::string& message) { problems.add({file.name, 0, 0}, "rule_files", message); };
        const std::filesystem::path path(file.name);
        const std::string directory = path.has_parent_path() ? path.parent_path().string() : ".";
        read_rule_files(find_rule_files(file.rule_files, directory, fault), bundle, fault);
        if (!problems.empty()) return nullptr;
        bundle.sinks = file.sinks.empty() ? named_sinks(bundle) : file.sinks;
        return load_and_compile(bundle, rule_sources(), Instant{}, problems);
    }

    void run(const TestFile& file, const RuleBundle& bundle, const std::shared_ptr<const RuleSet>& rules,
             FileReport& report) const {
        Coverage coverage(rules);
        for (const TestCase& test : file.tests) {
            if (test.name.find(options_.only) == std::string::npos) continue;
            const auto start = monotonic_now();
            TestResult result = run_test(test, bundle, rules, coverage);
            const double seconds = std::chrono::duration<double>(monotonic_now() - start).count();
            report.tests.push_back({std::move(result), seconds});
        }
        report.uses = coverage.uses();
        for (const auto& [rule_file, text] : bundle.files) report.rule_files.push_back(rule_file);
    }

    const RulesTestOptions& options_;
    std::vector<FileReport> reports_;
};

bool write_whole(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::trunc);
    file << text;
    return file.flush().good();
}

}  // namespace

int test_rules(const RulesTestOptions& options) {
    bool found_all = true;
    const auto fault = [&found_all](const std::string& message) {
        found_all = false;
        fmt::print(stderr, "incidentd: {}\n", message);
    };
    Run run(options);
    for (std::string name : find_rule_files(options.files, ".", fault)) {
        if (name.starts_with("./")) name.erase(0, 2);
        run.file(name);
    }
    const Totals totals = add_up(run.reports());
    if (options.json)
        std::fputs(rule_tests_json(run.reports(), options.coverage).c_str(), stdout);
    else
        std::fputs(rule_tests_text(run.reports(), options.coverage).c_str(), stdout);
    if (!options.junit.empty() && !write_whole(options.junit, rule_tests_junit(run.reports())))
        return fail("cannot write " + options.junit);
    if (totals.tests == 0 && totals.broken_files == 0) return fail("no test was run");
    return found_all && totals.failed + totals.broken_files == 0 ? exit_ok : exit_failed;
}

}  // namespace incidentd
