// Which checks usually fire alone: nothing else fails with them, and they end by themselves. One of these is poor news,
// however long it fires. Learned online, bounded, deterministic.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>

namespace incidentd {

struct CheckHabit {
    std::uint32_t alone = 0;    // onsets with which nothing else failed until they were over
    std::uint32_t company = 0;  // onsets that were, or became, part of something larger
};

constexpr std::size_t checks_with_habits_max = 8192;  // further checks have none
constexpr std::uint32_t habit_cases_most = 512;       // then both counts are halved: old habits fade

class CheckHabits {
public:
    // Counted when it is over: what fires now, on however many hosts, says nothing of how it ends.
    void ended_alone(std::uint64_t check);
    void met_others(std::uint64_t check);  // an onset had company, then or later
    // nullptr: it usually has company, or is not known well enough.
    const CheckHabit* usually_alone(std::uint64_t check) const;
    std::size_t size() const { return habits_.size(); }
    std::uint64_t digest() const;

private:
    friend struct LearningSnapshot;
    CheckHabit* of(std::uint64_t check);

    boost::unordered_flat_map<std::uint64_t, CheckHabit> habits_;  // by hash of the check's name
};

}  // namespace incidentd
