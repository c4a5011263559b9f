#include "daemon/rule_test_report.hpp"

#include "daemon/cli_text.hpp"

#include <map>

namespace incidentd {
namespace {

using testing::Failure;
using testing::RuleUse;

constexpr std::size_t column_max = 60;  // of the left side; a longer text pushes the right one out

std::string place(const Location& where) {
    return where.file + ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
}

// Of several files with the same rules, the sums; keyed by section and name, in the order of the rules.
std::vector<RuleUse> merged(const std::vector<FileReport>& reports) {
    std::vector<RuleUse> out;
    std::map<std::pair<std::string, std::string>, std::size_t> index;
    for (const FileReport& report : reports)
        for (const RuleUse& use : report.uses) {
            // Rules without a name are told apart by their files.
            std::string where;
            if (use.name.starts_with('#'))
                for (const std::string& file : report.rule_files) where += file + " ";
            const auto [at, is_new] = index.try_emplace({use.section, where + use.name}, out.size());
            if (is_new) out.push_back({use.section, use.name, 0, 0});
            out[at->second].matched += use.matched;
            out[at->second].opened += use.opened;
        }
    return out;
}

bool is_touched(const RuleUse& use) { return use.matched + use.opened > 0; }

std::size_t percent(std::size_t part, std::size_t whole) { return whole == 0 ? 100 : part * 100 / whole; }

std::string coverage_text(const std::vector<FileReport>& reports) {
    const std::vector<RuleUse> uses = merged(reports);
    std::size_t touched = 0;
    std::string lines, never;
    for (const RuleUse& use : uses) {
        touched += is_touched(use) ? 1 : 0;
        const std::string opened = use.section == "correlate" ? fmt::format(", opened {}", use.opened) : "";
        lines += fmt::format("  {:<12} {:<32} matched {}{}\n", use.section, use.name, use.matched, opened);
        if (!is_touched(use)) never += fmt::format("  {} {}\n", use.section, use.name);
    }
    std::string out = fmt::format("\ncoverage: {} of {} rules ({} %)\n{}", touched, uses.size(),
                                  percent(touched, uses.size()), lines);
    if (!never.empty()) out += "never touched by a test:\n" + never;
    return out;
}

// The reasons are told once when those of the failure before are the same.
std::string failure_text(const Failure& failure, const Failure* before = nullptr) {
    std::string out = "  " + place(failure.where) + ": " + failure.what + "\n";
    if (!failure.rows.empty()) out += side_by_side(failure.rows, "    ");
    if (failure.reasons.empty()) return out;
    if (before != nullptr && before->reasons == failure.reasons) return out + "    what the engine decided: as above\n";
    out += "    what the engine decided:\n";
    for (const std::string& reason : failure.reasons) out += "      " + clean(reason) + "\n";
    return out;
}

std::string xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\n')
            out += "&#10;";
        else if (byte >= 0x20 || c == '\t')
            out += c;  // XML 1.0 has no other control characters
    }
    return out;
}

std::string junit_case(const FileReport& report, const TimedResult& test) {
    const std::string head =
        fmt::format("    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6f}\"",
                    xml(test.result.name), xml(report.file), xml(report.file), test.result.where.line, test.seconds);
    if (test.result.passed()) return head + "/>\n";
    std::string out = head + ">\n";
    for (const Failure& failure : test.result.failures)
        out += "      <failure type=\"expectation\" message=\"" + xml(place(failure.where) + ": " + failure.what) +
               "\">" + xml(failure_text(failure)) + "</failure>\n";
    return out + "    </testcase>\n";
}

void write_failure(JsonObject& object, const Failure& failure) {
    object.text("file", failure.where.file);
    object.number("line", failure.where.line);
    object.number("column", failure.where.column);
    object.text("at", to_string(failure.at));
    object.text("message", failure.what);
    object.raw("rows", json_list(failure.rows, [](JsonObject& row, const Failure::Row& r) {
                   row.text("expected", r.expected);
                   row.text("found", r.found);
                   row.flag("agree", r.agree);
               }));
    std::string reasons = "[";
    for (const std::string& reason : failure.reasons) {
        if (reasons.size() > 1) reasons += ',';
        append_json_string(reasons, reason);
    }
    object.raw("reasons", reasons + "]");
}

}  // namespace

Totals add_up(const std::vector<FileReport>& reports) {
    Totals totals;
    for (const FileReport& report : reports) {
        totals.broken_files += report.problems.empty() ? 0 : 1;
        totals.tests += report.tests.size();
        for (const TimedResult& test : report.tests) totals.failed += test.result.passed() ? 0 : 1;
    }
    return totals;
}

std::string side_by_side(const std::vector<Failure::Row>& rows, const std::string& indent) {
    std::size_t width = std::string_view("expected").size();
    for (const Failure::Row& row : rows)
        if (row.expected.size() <= column_max) width = std::max(width, row.expected.size());
    std::string out = fmt::format("{}  {:<{}}  | found\n", indent, "expected", width);
    for (const Failure::Row& row : rows)
        out += fmt::format("{}{} {:<{}}  | {}\n", indent, row.agree ? ' ' : '!', clean(row.expected), width,
                           clean(row.found));
    return out;
}

std::string rule_tests_text(const std::vector<FileReport>& reports, bool coverage) {
    std::string out;
    for (const FileReport& report : reports) {
        out += report.file + "\n" + report.problems.text();
        for (const TimedResult& test : report.tests) {
            out += fmt::format("  {} {}\n", test.result.passed() ? "ok  " : "FAIL", test.result.name);
            const Failure* before = nullptr;
            for (const Failure& failure : test.result.failures) {
                out += failure_text(failure, before);
                before = &failure;
            }
        }
    }
    const Totals totals = add_up(reports);
    if (coverage) out += coverage_text(reports);
    out += fmt::format("{} test{}, {} failed", totals.tests, totals.tests == 1 ? "" : "s", totals.failed);
    if (totals.broken_files > 0)
        out += fmt::format(", {} file{} could not be run", totals.broken_files, totals.broken_files == 1 ? "" : "s");
    return out + "\n";
}

std::string rule_tests_json(const std::vector<FileReport>& reports, bool coverage) {
    std::string out;
    JsonObject root(out);
    const Totals totals = add_up(reports);
    root.number("tests", static_cast<std::int64_t>(totals.tests));
    root.number("failed", static_cast<std::int64_t>(totals.failed));
    root.raw("files", json_list(reports, [](JsonObject& file, const FileReport& report) {
                 file.text("file", report.file);
                 file.raw("problems", render_problems(report.problems, true));
                 file.raw("tests", json_list(report.tests, [](JsonObject& test, const TimedResult& timed) {
                              test.text("name", timed.result.name);
                              test.number("line", timed.result.where.line);
                              test.flag("passed", timed.result.passed());
                              test.raw("failures", json_list(timed.result.failures, write_failure));
                          }));
             }));
    if (coverage) {
        const std::vector<RuleUse> uses = merged(reports);
        root.raw("coverage", json_list(uses, [](JsonObject& rule, const RuleUse& use) {
                     rule.text("section", use.section);
                     rule.text("name", use.name);
                     rule.number("matched", static_cast<std::int64_t>(use.matched));
                     rule.number("opened", static_cast<std::int64_t>(use.opened));
                 }));
        const auto touched = std::count_if(uses.begin(), uses.end(), is_touched);
        root.number("coverage_percent",
                    static_cast<std::int64_t>(percent(static_cast<std::size_t>(touched), uses.size())));
    }
    root.end();
    return out + "\n";
}

std::string rule_tests_junit(const std::vector<FileReport>& reports) {
    const Totals totals = add_up(reports);
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    out += fmt::format("<testsuites name=\"incidentd rules test\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
                       totals.tests, totals.failed, totals.broken_files);
    for (const FileReport& report : reports) {
        const Totals own = add_up({report});
        double seconds = 0;
        for (const TimedResult& test : report.tests) seconds += test.seconds;
        out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.6f}\">\n",
                           xml(report.file), own.tests + own.broken_files, own.failed, own.broken_files, seconds);
        if (!report.problems.empty())
            out += "    <testcase name=\"the file can be run\" classname=\"" + xml(report.file) +
                   "\"><error message=\"problems in the test file or its rules\">" + xml(report.problems.text()) +
                   "</error></testcase>\n";
        for (const TimedResult& test : report.tests) out += junit_case(report, test);
        out += "  </testsuite>\n";
    }
    return out + "</testsuites>\n";
}

}  // namespace incidentd
