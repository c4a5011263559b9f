// The last onsets of everything, in the order they were received: what a new one is compared with.
#pragma once

#include "correlator/environment.hpp"
#include "correlator/estate.hpp"
#include "correlator/time.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace incidentd {

constexpr std::size_t recent_onsets_max = 512;  // older ones are forgotten
constexpr std::size_t onset_tokens_max = 16;    // of one onset; further ones do not count

// A word of an alert by hash. `share`: of its weight that counts, so that a long title weighs no more than a short one.
struct Token {
    std::uint32_t word = 0;
    float share = 0;
};

struct RecentOnset {
    Instant received;
    Instant at;  // on the onset clock
    Duration scale;
    std::uint64_t check = 0;
    Estate::Entity entity = Estate::none;
    Environment environment;
    std::uint8_t token_count = 0;
    std::uint8_t name_parts = 0;  // tokens from the third on: beginnings of the entity's name, the longest first
    std::array<Token, onset_tokens_max> tokens{};
};

class RecentOnsets {
public:
    // Numbers grow by one with each onset; those in [first(), end()) are remembered.
    std::uint64_t first() const { return end_ > recent_onsets_max ? end_ - recent_onsets_max : 0; }
    std::uint64_t end() const { return end_; }
    const RecentOnset& operator[](std::uint64_t number) const { return ring_[number % recent_onsets_max]; }
    void add(const RecentOnset& onset) {
        if (ring_.size() < recent_onsets_max)
            ring_.push_back(onset);
        else
            ring_[end_ % recent_onsets_max] = onset;
        ++end_;
    }
    // The first number received after `since`; onsets are received in order.
    std::uint64_t after(Instant since) const {
        std::uint64_t low = first(), high = end_;
        while (low < high) {
            const std::uint64_t middle = low + (high - low) / 2;
            (*this)[middle].received > since ? high = middle : low = middle + 1;
        }
        return low;
    }
    // Another topology holds from now on: `renamed` gives every entity its new number.
    template <class Renamed>
    void rename(const Renamed& renamed) {
        for (RecentOnset& onset : ring_) onset.entity = renamed(onset.entity);
    }

private:
    friend struct LearningSnapshot;
    std::vector<RecentOnset> ring_;
    std::uint64_t end_ = 0;
};

}  // namespace incidentd
