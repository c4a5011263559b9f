// Random numbers that are the same everywhere for the same seed; the standard's distributions are not. One owner.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace incidentd::simulator {

// xoshiro256** by Blackman and Vigna, seeded by splitmix64.
class Random {
public:
    explicit Random(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9E3779B97F4A7C15U;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t bits() {
        const std::uint64_t result = turned(state_[1] * 5, 7) * 9, moved = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= moved;
        state_[3] = turned(state_[3], 45);
        return result;
    }
    double unit() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }  // 0 <= x < 1
    double between(double low, double high) { return low + (high - low) * unit(); }
    // Below 2^32; n > 0.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>((bits() >> 32) * n >> 32); }
    int from_to(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1))); }
    bool chance(double probability) { return unit() < probability; }
    double exponential(double mean) { return -std::log(1 - unit()) * mean; }
    double normal() { return std::sqrt(-2 * std::log(1 - unit())) * std::cos(6.283185307179586 * unit()); }
    double pareto(double alpha) { return std::pow(1 - unit(), -1 / alpha); }  // >= 1
    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }
    Random fork() { return Random(bits()); }

private:
    static std::uint64_t turned(std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
    std::uint64_t state_[4];
};

}  // namespace incidentd::simulator
