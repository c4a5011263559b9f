// A rule test's verdict: every expectation that does not hold, with what was found beside it and why it came so.
#pragma once

#include "rules/testing/case_file.hpp"
#include "rules/testing/coverage.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace incidentd::testing {

struct Failure {
    Location where;
    Duration at;       // since the test's start
    std::string what;  // "at 2m: incidents: expected 1, found 2"
    struct Row {
        std::string expected, found;
        bool agree = true;
    };
    std::vector<Row> rows;             // to be shown side by side; empty: `what` says it all
    std::vector<std::string> reasons;  // the engine's own decisions up to then, oldest first, at most reasons_max
};

constexpr std::size_t reasons_max = 16;

struct TestResult {
    std::string name;
    Location where;
    std::vector<Failure> failures;
    bool passed() const { return failures.empty(); }
};

TestResult run_test(const TestCase& test, const RuleBundle& bundle, const std::shared_ptr<const RuleSet>& rules,
                    Coverage& coverage);

}  // namespace incidentd::testing
