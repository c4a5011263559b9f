// Dates in HTTP headers.
#pragma once

#include "correlator/time.hpp"

#include <optional>
#include <string_view>

namespace incidentd {

// The three forms a recipient must read (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37
// GMT", "Sun Nov  6 08:49:37 1994". nullopt: anything else. The name of the weekday is not checked.
std::optional<Instant> parse_http_date(std::string_view text);

}  // namespace incidentd
