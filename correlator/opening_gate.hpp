// What an incident of `op: topology` must show before anybody is told of it: one odd reading is not an outage, one that
// stays is.
#pragma once

#include "correlator/rule_set.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

struct OpeningGate {
    static constexpr std::size_t checks_max = 64;  // a gate that wants more opens at so many

    GateRule wants;
    std::vector<std::uint64_t> checks;  // distinct ones worse than info, by hash of entity and check
    bool is_told = false;               // that it waits, on its timeline
    // Some such alert has been firing since then; unset: none fires. What has no severity may be anything, so it counts
    // as critical: whoever sends none wants to be told.
    Instant critical_since, other_since;

    void count(Severity severity, std::uint64_t check) {
        if (severity == Severity::info || checks.size() >= checks_max) return;
        if (std::find(checks.begin(), checks.end(), check) == checks.end()) checks.push_back(check);
    }
    void watch(const std::array<std::uint32_t, 5>& firing_by_severity, Instant now) {
        const auto follow = [now](Instant& since, bool fires) {
            if (!fires) since = Instant{};
            if (fires && !since.is_set()) since = now;
        };
        const auto fires = [&](Severity severity) {
            return firing_by_severity[static_cast<std::size_t>(severity)] > 0;
        };
        follow(critical_since, fires(Severity::critical) || fires(Severity::unknown));
        follow(other_since, fires(Severity::warning) || fires(Severity::error));
    }
    // Of an incident that became part of this one.
    void take(const OpeningGate& other) {
        for (const std::uint64_t check : other.checks) count(Severity::warning, check);
        const auto earlier = [](Instant& since, Instant also) {
            if (also.is_set() && (!since.is_set() || also < since)) since = also;
        };
        earlier(critical_since, other.critical_since);
        earlier(other_since, other.other_since);
    }
    // When what fires now will have fired long enough; nullopt: nothing worse than info fires.
    std::optional<Instant> due() const {
        std::optional<Instant> first;
        const auto take = [&first](Instant since, Duration after) {
            if (since.is_set() && (!first.has_value() || since + after < *first)) first = since + after;
        };
        take(critical_since, wants.critical_after);
        take(other_since, wants.other_after);
        return first;
    }
    std::string waits_for() const {
        const std::string urgent = "an alert that is critical or of unknown severity ";
        return "held: nobody is told until " + std::to_string(wants.checks) + " different checks fire, " + urgent +
               (wants.critical_after.ms == 0 ? "fires" : "has been firing for " + to_string(wants.critical_after)) +
               ", or a lesser one has for " + to_string(wants.other_after);
    }
    std::string passed_because(Instant now) const {
        if (checks.size() >= std::min<std::size_t>(wants.checks, checks_max))
            return std::to_string(checks.size()) + " different checks fired: it opens";
        const bool is_critical = critical_since.is_set() && critical_since + wants.critical_after <= now;
        return is_critical ? "an alert that is critical or of unknown severity fires: it opens"
                           : "it has been firing for " + to_string(now - other_since) + ": it opens";
    }
    bool is_passed(Instant now) const {
        const std::optional<Instant> at = due();
        return at.has_value() && (*at <= now || checks.size() >= std::min<std::size_t>(wants.checks, checks_max));
    }
};

}  // namespace incidentd
