// Text as YAML scalars in flow form. Private to rules/import/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace incidentd::importing {

// In single quotes; text with control characters in double quotes.
std::string quoted(std::string_view text);
std::string quoted_list(const std::vector<std::string>& texts);  // "['a', 'b']"

// As sinks and rules may be called: [a-z0-9][a-z0-9_-]{0,63}.
std::string plain_name(std::string_view text);

}  // namespace incidentd::importing
