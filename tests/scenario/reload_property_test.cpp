// A reload of files that did not change must be as if it had not been: no effect, no state lost, no window begun anew.
#include "tests/scenario/random_log.hpp"

#include "correlator/correlator.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using namespace incidentd::scenario;

namespace {

constexpr int log_entries = 250;

struct Outcome {
    std::string text;
    std::uint64_t digest = 0;
};

void apply(Correlator& engine, const Input& input, Instant at, Outcome& outcome) {
    Effects effects;
    engine.apply(input, at, effects);
    for (const Effect& effect : effects) outcome.text += describe(effect) + "\n";
}

Outcome play(const std::vector<Entry>& log, RandomLog* reloads) {
    Correlator engine;
    Outcome outcome;
    const RulesActivated* running = nullptr;
    for (const Entry& entry : log) {
        // Started says that nobody watched the time before it, so a reload there would be another log.
        const bool may = running != nullptr && !std::holds_alternative<Started>(entry.input);
        if (reloads != nullptr && may && reloads->below(3) == 0)
            apply(engine, RulesActivated{running->hash, running->text, rules_from(*running)}, entry.at, outcome);
        apply(engine, entry.input, entry.at, outcome);
        if (const auto* rules = std::get_if<RulesActivated>(&entry.input)) running = rules;
    }
    outcome.digest = engine.digest();
    return outcome;
}

}  // namespace

TEST_CASE("reloading unchanged rules at any moment changes no effect and no state") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        RandomLog random(seed);
        Correlator engine;
        std::vector<Entry> log;
        for (int i = 0; i < log_entries; ++i) {
            log.push_back(random.next(engine.pending_actions()));
            Effects effects;
            engine.apply(log.back().input, log.back().at, effects);
        }
        RandomLog reloads(seed + 1'000'000);
        const Outcome as_it_was = play(log, nullptr), with_reloads = play(log, &reloads);
        const bool equal = as_it_was.text == with_reloads.text;
        REQUIRE(equal);
        REQUIRE(as_it_was.digest == with_reloads.digest);
    }
}
