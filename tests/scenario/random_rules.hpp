// Random rule files with every section of the language, for labels host h1..h3, service a..d and severity.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::scenario {

class RandomRules {
public:
    explicit RandomRules(std::uint64_t seed) : random_(seed) {}

    // One that compiles with the sinks rt and chat.
    std::string next();
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

private:
    std::string matchers();
    std::string duration(std::uint64_t seconds_most);
    std::string of(std::vector<std::string_view> words) { return std::string(words[below(words.size())]); }
    std::string identity();
    std::string suppression();
    std::string watching();
    std::string correlation(std::uint64_t number, bool rewrites);

    std::mt19937_64 random_;
};

}  // namespace incidentd::scenario
