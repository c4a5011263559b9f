// What readers of rule files and of rule tests share: words for messages, bounded durations.
#pragma once

#include "correlator/time.hpp"
#include "rules/settings.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

std::string list_of(const std::vector<std::string>& words);                         // "a, b"; "none" when empty
std::string hint_of(std::string_view word, const std::vector<std::string>& known);  // "did you mean 'x'?" or ""
std::string one_of(std::span<const std::string_view> words);                        // "a, b or c"

// `out` stays as it is when the key is absent or, which is reported, wrong or out of bounds.
void read_duration(SettingsReader& reader, std::string_view key, Duration least, Duration most, Duration& out);

}  // namespace incidentd
