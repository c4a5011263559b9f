// Alerts that change too often. Private to correlator/.
#pragma once

#include "correlator/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace incidentd {

// The last 20 messages of an alert, each a change of its state or not, as Nagios and Icinga 2 weigh them: the oldest
// counts 0.8, each later one 0.02 more.
class CheckHistory {
public:
    static constexpr unsigned length = 20;
    void add(bool changed) { bits_ = (bits_ >> 1U) | (changed ? 1U << (length - 1) : 0U); }
    double percent() const {
        double sum = 0;
        for (unsigned i = 0; i < length; ++i)
            if ((bits_ >> i & 1U) != 0) sum += 0.8 + 0.02 * i;
        return sum * 100 / length;
    }
    std::uint32_t bits() const { return bits_; }
    void restore(std::uint32_t bits) { bits_ = bits & ((1U << length) - 1); }

private:
    std::uint32_t bits_ = 0;  // bit 0: the oldest
};

struct FlapRecord {
    static constexpr std::size_t changes_max = 100;  // `start` of a rule is bounded by it; older ones are forgotten
    std::deque<Instant> changes;                     // within the rule's window, oldest first
    CheckHistory checks;
    Instant last_change;
    Instant flapping_since;  // while it does
    bool flapping = false;
    bool was_firing = false;  // at the last message
};

}  // namespace incidentd
