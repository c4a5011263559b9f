#include "correlator/check_habits.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace incidentd {
namespace {

// Found on simulated estates (decision 0020): checks of noise are alone in nine of ten cases and more, symptoms of
// outages in one of ten.
constexpr std::uint32_t alone_least = 3;
constexpr double alone_share_least = 0.4;

}  // namespace

CheckHabit* CheckHabits::of(std::uint64_t check) {
    const auto found = habits_.find(check);
    if (found == habits_.end())
        return habits_.size() < checks_with_habits_max ? &habits_.emplace(check, CheckHabit{}).first->second : nullptr;
    CheckHabit& habit = found->second;
    if (habit.alone + habit.company >= habit_cases_most) {
        habit.alone /= 2;
        habit.company /= 2;
    }
    return &habit;
}

void CheckHabits::ended_alone(std::uint64_t check) {
    if (CheckHabit* habit = of(check)) ++habit->alone;
}

void CheckHabits::met_others(std::uint64_t check) {
    if (CheckHabit* habit = of(check)) ++habit->company;
}

const CheckHabit* CheckHabits::usually_alone(std::uint64_t check) const {
    const auto found = habits_.find(check);
    if (found == habits_.end()) return nullptr;
    const CheckHabit& habit = found->second;
    const double all = static_cast<double>(habit.alone) + habit.company;
    return habit.alone >= alone_least && habit.alone > alone_share_least * all ? &habit : nullptr;
}

std::uint64_t CheckHabits::digest() const {
    std::uint64_t sum = habits_.size();  // a sum: the table has no order
    for (const auto& [check, habit] : habits_) {
        const std::uint64_t parts[] = {check, habit.alone, habit.company};
        sum += XXH3_64bits(parts, sizeof parts);
    }
    return sum;
}

}  // namespace incidentd
