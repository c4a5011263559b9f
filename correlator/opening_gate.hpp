// What an incident of `op: topology` must show before anybody is told of it: one odd reading is not an outage.
#pragma once

#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace incidentd {

struct OpeningGate {
    static constexpr std::size_t checks_max = 64;  // a gate that wants more opens at so many

    std::uint32_t checks_needed = 1;
    Duration critical_after{0};
    std::vector<std::uint64_t> checks;  // distinct ones worse than info, by hash of entity and check
    bool critical_waits = false;        // a deadline stands for a critical one

    void count(Severity severity, std::uint64_t check) {
        if (severity == Severity::info || checks.size() >= checks_max) return;
        if (std::find(checks.begin(), checks.end(), check) == checks.end()) checks.push_back(check);
    }
    bool is_passed(Severity worst_firing) const {
        return checks.size() >= std::min<std::size_t>(checks_needed, checks_max) ||
               (worst_firing == Severity::critical && critical_after.ms == 0);
    }
};

}  // namespace incidentd
