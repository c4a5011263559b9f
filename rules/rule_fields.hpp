// The fields that several sections of a rule file share. Each reports its own problems at the field's place.
#pragma once

#include "correlator/matcher.hpp"
#include "correlator/rule_set.hpp"
#include "correlator/time.hpp"
#include "rules/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

std::string list_of(const std::vector<std::string>& words);                         // "a, b"; "none" when empty
std::string hint_of(std::string_view word, const std::vector<std::string>& known);  // "did you mean 'x'?" or ""

// `match`: a list of matchers or one; empty when absent or wrong.
Matchers read_match(SettingsReader& reader);

std::optional<Template> read_template(SettingsReader& reader, std::string_view key);

// A template, or one of `names` as it stands. `out` stays as it is when the key is absent or wrong.
void read_level(SettingsReader& reader, std::string_view key, const std::vector<std::string>& names, Template& out);

// Likewise, within bounds.
void read_duration(SettingsReader& reader, std::string_view key, Duration least, Duration most, Duration& out);

}  // namespace incidentd
