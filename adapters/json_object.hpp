// A flat JSON object of texts, as the daemon's own API takes them.
#pragma once

#include "correlator/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

// Members in order. Errors: ErrorCode::invalid when it is not JSON, not an object, or a value is not a text; the
// message says where.
Result<std::vector<std::pair<std::string, std::string>>> parse_text_object(std::string_view json);

}  // namespace incidentd
