// The words that a mapped status must end in, and times in the forms that senders use.
#pragma once

#include "correlator/result.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace incidentd::sources::generic {

// The names of EventKind, in lower case; anything else is nullopt.
std::optional<EventKind> kind_from(std::string_view word);
std::string kind_words();  // "firing, resolved, ..."

// RFC 3339, or seconds since 1970 with or without a fraction, or milliseconds (above 10^11). Errors: invalid.
Result<Instant> time_from(std::string_view text);

}  // namespace incidentd::sources::generic
