// One seed: a while of trouble, then calm with alerts still firing, then everything recovers.
#pragma once

#include "tests/sim/host.hpp"
#include "tests/sim/sources.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace incidentd::sim {

class Simulation {
public:
    Simulation(std::uint64_t seed, Equipment& equipment);
    void run();  // throws Violation
    const Stage& stage() const { return stage_; }
    void tell_all() { stage_.tells_all = true; }

private:
    void trouble();
    void until(const std::string& what, Duration most, const std::function<bool()>& reached);
    bool knows_the_truth();
    bool is_all_over() const;
    std::string left_over() const;
    void one_event();
    void retry_dead_letters();

    Stage stage_;
    Host host_;
    std::string wrong_;  // alerts whose state here is not their source's
    std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace incidentd::sim
