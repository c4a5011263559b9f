// Time zones as data: files of the time zone database become tables of offsets, which travel with the rules.
#pragma once

#include "correlator/result.hpp"
#include "correlator/schedule.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace incidentd {

// The years a table covers; before and after, its first and its last offset hold.
constexpr int zone_first_year = 2000;
constexpr int zone_last_year = 2099;

// A TZif file (RFC 9636), its footer's rule carried on to the last year. Errors: invalid, worded after the zone's name.
Result<ZoneTable> parse_tzif(std::string_view name, std::string_view bytes);

// Canonical text of a table: the first offset, then a line for each change, "instant offset", both in seconds.
std::string zone_text(const ZoneTable& table);
std::shared_ptr<const ZoneTable> parse_zone_text(std::string_view name,
                                                 std::string_view text);  // nullptr: not such a text

}  // namespace incidentd
