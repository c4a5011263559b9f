// How the results of rule tests look: for people, for programs, for CI systems (JUnit XML).
#pragma once

#include "rules/testing/trial.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace incidentd {

struct TimedResult {
    testing::TestResult result;
    double seconds = 0;  // the wall's, not the test's
};

struct FileReport {
    std::string file;
    Problems problems;  // when there are any, no test was run
    std::vector<std::string> rule_files;
    std::vector<TimedResult> tests;
    std::vector<testing::RuleUse> uses;
};

struct Totals {
    std::size_t tests = 0, failed = 0, broken_files = 0;
};
Totals add_up(const std::vector<FileReport>& reports);

std::string rule_tests_text(const std::vector<FileReport>& reports, bool coverage);
std::string rule_tests_json(const std::vector<FileReport>& reports, bool coverage);
// The schema that Jenkins, GitLab and GitHub's reporters read: testsuites > testsuite > testcase > failure.
std::string rule_tests_junit(const std::vector<FileReport>& reports);

// Expected and found side by side, what differs marked; one line each.
std::string side_by_side(const std::vector<testing::Failure::Row>& rows, const std::string& indent);

}  // namespace incidentd
