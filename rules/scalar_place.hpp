// From a place inside a YAML scalar's value back to the place in the file that it came from.
#pragma once

#include "rules/settings.hpp"

#include <cstddef>
#include <string_view>

namespace incidentd {

// `begin`: where the scalar (or the anchor or tag before it) stands in `text`. Follows plain, quoted and block scalars
// with their escapes and folded lines. Never beyond the text; `begin` itself for an alias or a place that is not there.
Location place_in_scalar(std::string_view text, const Location& begin, std::size_t offset);

}  // namespace incidentd
