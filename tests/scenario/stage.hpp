// Plays one scenario on the engine and compares what comes of each step. Knows nothing of the test framework.
#pragma once

#include "correlator/correlator.hpp"
#include "tests/scenario/events.hpp"
#include "tests/scenario/script.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace incidentd::scenario {

class Stage {
public:
    // `fail` is told of each difference: the line of the file and the text.
    using Fail = std::function<void(int line, const std::string& message)>;
    Stage(const Scenario& scenario, Fail fail);

    void play();

private:
    void step(const Step& step);
    void compare(const Step& step, const Effects& effects);
    bool check(const Words& expected);
    bool check_incident(const Words& expected);
    bool check_alert(const Words& expected);
    bool check_sizes(const Words& expected);

    // Each turns the words of a step into an input and applies it; false: the words mean nothing.
    bool perform(const Words& what, Effects& out);
    bool alerts(const Words& what, Effects& out);
    bool link(const Words& what, Effects& out);
    bool restore();
    bool report(const Words& what, Effects& out);
    bool command(const Words& what, Effects& out);
    bool activate(const std::string& name, Effects& out);

    const Scenario& scenario_;
    Fail fail_;
    Correlator engine_;
    Instant now_;
    Memory memory_;
};

}  // namespace incidentd::scenario
