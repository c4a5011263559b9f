// Runs seeds until a promise breaks or the time is up. INCIDENTD_SEED=n: this one only; INCIDENTD_SEEDS: how many at
// most; INCIDENTD_SEED_FIRST: where to begin; INCIDENTD_SIM_SECONDS: the time box;
// INCIDENTD_TELL_ALL: a failure's whole story.
#include "tests/sim/simulation.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>

namespace {

using namespace incidentd::sim;

std::optional<std::uint64_t> from_environment(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

struct Totals {
    std::uint64_t seeds = 0, events = 0;
    std::map<std::string, std::uint64_t> faults;
    void add(const Stage& stage) {
        ++seeds;
        events += stage.events;
        for (const auto& [kind, count] : stage.faults) faults[kind] += count;
    }
    void print(double seconds) const {
        std::cout << seeds << " seeds, " << events << " events in " << seconds << " s; faults injected:\n";
        for (const auto& [kind, count] : faults) std::cout << "  " << count << "  " << kind << "\n";
    }
};

// False: a promise broke, and the story was told.
bool run(std::uint64_t seed, Equipment& equipment, Totals& totals, const char* program) {
    Simulation simulation(seed, equipment);
    if (std::getenv("INCIDENTD_TELL_ALL") != nullptr) simulation.tell_all();
    try {
        simulation.run();
    } catch (const std::exception& broken) {
        std::cout << "seed " << seed << " broke a promise: " << broken.what() << "\nthe last events:\n"
                  << simulation.stage().last_events() << "again: INCIDENTD_SEED=" << seed << " " << program << "\n";
        totals.add(simulation.stage());
        return false;
    }
    totals.add(simulation.stage());
    return true;
}

}  // namespace

int main(int, char** argv) {
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [start] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    const auto only = from_environment("INCIDENTD_SEED");
    const std::uint64_t first = only.value_or(from_environment("INCIDENTD_SEED_FIRST").value_or(1));
    const std::uint64_t most = only ? 1 : from_environment("INCIDENTD_SEEDS").value_or(3000);
    const auto time_box = static_cast<double>(from_environment("INCIDENTD_SIM_SECONDS").value_or(90));
    Equipment equipment;
    Totals totals;
    bool is_whole = true;
    for (std::uint64_t seed = first; is_whole && seed < first + most && seconds() < time_box; ++seed)
        is_whole = run(seed, equipment, totals, argv[0]);
    totals.print(seconds());
    return is_whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
