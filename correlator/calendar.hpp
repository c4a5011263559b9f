// Days and dates of the proleptic Gregorian calendar. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#pragma once

#include <cstdint>

namespace incidentd {

struct CivilDate {
    std::int64_t year = 1970;
    unsigned month = 1;  // 1..12
    unsigned day = 1;    // 1..31
};

// Since 1970-01-01; negative before.
std::int64_t days_from_civil(CivilDate date);
CivilDate civil_from_days(std::int64_t days);

unsigned days_in_month(std::int64_t year, unsigned month);

constexpr unsigned weekday_of(std::int64_t days) {  // 0: Sunday
    return static_cast<unsigned>(days >= -4 ? (days + 4) % 7 : (days + 5) % 7 + 6);
}

}  // namespace incidentd
