// Random topologies and rules of op: topology over the hosts h1..h3 and services a..d of the random logs: links both
// ways, circles, members, aliases of each other, switches of what is learned.
#pragma once

#include "correlator/input.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::scenario {

class RandomTopology {
public:
    // Draws from `random`, which outlives it.
    explicit RandomTopology(std::mt19937_64& random) : random_(random) {}

    std::string section();                    // "topology:" and what is below it, as a rule file has it
    std::string rule(std::string_view name);  // an item of `correlate`
    TopologyChanged change();                 // as it comes through the API

private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    std::string of(std::vector<std::string_view> words) { return std::string(words[below(words.size())]); }
    std::string entity();
    TopologySpec spec();

    std::mt19937_64& random_;
};

}  // namespace incidentd::scenario
