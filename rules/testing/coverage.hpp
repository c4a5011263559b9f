// Which rules the tests of a rule set ever used. A rule no test touches is one nobody knows to work.
#pragma once

#include "correlator/rule_set.hpp"
#include "rules/testing/stage.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace incidentd::testing {

struct RuleUse {
    std::string section;        // "correlate" ...
    std::string name;           // "db-outage"; for rules without a name their place: "#2"
    std::uint64_t matched = 0;  // alerts or incidents that it applied to
    std::uint64_t opened = 0;   // incidents of it that opened; of correlate alone
};

// The rules of the operator's own files; the built-in ones behind them do not count.
class Coverage {
public:
    explicit Coverage(std::shared_ptr<const RuleSet> rules);

    void add(const Stage& stage);  // of one test, at its end

    const std::vector<RuleUse>& uses() const { return uses_; }
    std::size_t touched() const;

private:
    void count_alerts(const Stage& stage);
    void count_decisions(const Memory& memory);
    void count_incidents(const Memory& memory);

    std::shared_ptr<const RuleSet> rules_;  // shared with the engines of the tests
    std::vector<RuleUse> uses_;
};

}  // namespace incidentd::testing
