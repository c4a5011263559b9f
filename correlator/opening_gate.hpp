// What an incident of `op: topology` must show before anybody is told of it: one odd reading is not an outage, one that
// stays is.
#pragma once

#include "correlator/check_habits.hpp"
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
    std::vector<std::uint64_t> checks;    // distinct ones worse than info, by hash of entity and check
    std::vector<std::uint64_t> habitual;  // likewise, of checks that usually fire alone
    CheckHabit habit;                     // of the last one of these
    std::uint32_t fired = 1;              // how often any of its alerts began to fire
    bool is_told = false;                 // that it waits, on its timeline
    // Some such alert has been firing since then; unset: none fires. What has no severity may be anything, so it counts
    // as critical: whoever sends none wants to be told.
    Instant critical_since, other_since;

    // `alone`: the habit of a check that usually fires alone, or nullptr.
    void count(Severity severity, std::uint64_t check, const CheckHabit* alone) {
        if (severity == Severity::info) return;
        if (alone != nullptr) habit = *alone;
        add(alone != nullptr ? habitual : checks, check);
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
        for (const std::uint64_t check : other.checks) add(checks, check);
        for (const std::uint64_t check : other.habitual) add(habitual, check);
        if (!other.habitual.empty()) habit = other.habit;
        fired = std::max(fired, other.fired);
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
        take(other_since, other_after());
        return first;
    }
    std::string waits_for() const {
        const std::string urgent = "an alert that is critical or of unknown severity ";
        return "held: nobody is told until " + std::to_string(wants.checks) + " different checks fire, " + urgent +
               (wants.critical_after.ms == 0 ? "fires" : "has been firing for " + to_string(wants.critical_after)) +
               ", or a lesser one has for " + to_string(other_after()) +
               (is_habit() ? "; its check usually fires alone (in " + std::to_string(habit.alone) + " of " +
                                 std::to_string(habit.alone + habit.company) + " cases)"
                           : "");
    }
    std::string passed_because(Instant now) const {
        if (is_enough() && comes_back()) return "it fired " + std::to_string(fired) + " times: it opens";
        if (is_enough()) return std::to_string(checks.size() + habitual.size()) + " different checks fired: it opens";
        const bool is_critical = critical_since.is_set() && critical_since + wants.critical_after <= now;
        return is_critical ? "an alert that is critical or of unknown severity fires: it opens"
                           : "it has been firing for " + to_string(now - other_since) + ": it opens";
    }
    bool is_passed(Instant now) const {
        const std::optional<Instant> at = due();
        return at.has_value() && (*at <= now || is_enough());
    }

private:
    static void add(std::vector<std::uint64_t>& to, std::uint64_t check) {
        if (to.size() < checks_max && std::find(to.begin(), to.end(), check) == to.end()) to.push_back(check);
    }
    std::size_t wanted() const { return std::min<std::size_t>(wants.checks, checks_max); }
    bool is_habit() const { return checks.empty() && !habitual.empty(); }
    // Several checks that usually fire alone do so at once by chance: together they count as one, alone one more is
    // wanted.
    bool is_enough() const {
        if (wanted() <= 1) return !checks.empty() || !habitual.empty();
        if (is_habit()) return habitual.size() > wanted();
        return checks.size() + (habitual.empty() ? 0 : 1) >= wanted() || comes_back();
    }
    // What comes and goes never fires for long, but it is news.
    bool comes_back() const { return wanted() > 1 && !checks.empty() && fired > wanted(); }
    Duration other_after() const {
        return is_habit() ? std::max(wants.other_after, wants.habitual_after) : wants.other_after;
    }
};

}  // namespace incidentd
