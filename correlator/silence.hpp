// Silences: what matches one while it holds opens nothing. From rule files, or made through Alertmanager's API.
#pragma once

#include "correlator/matcher.hpp"
#include "correlator/time.hpp"

#include <cstdint>
#include <string>

namespace incidentd {

enum class SilenceState : std::uint8_t { active = 0, pending = 1, expired = 2 };
constexpr std::size_t silence_state_count = 3;
std::string_view to_string(SilenceState state);  // Alertmanager's words

struct Silence {
    std::string id;  // of the API: a UUID; of a rule: its name
    Matchers match;
    std::string created_by, comment;
    Instant starts_at, ends_at, updated_at;  // of a rule: see Correlator::silences(), otherwise absent
    SilenceState state = SilenceState::pending;
    bool is_of_rules = false;
    bool is_maintenance = false;
};

}  // namespace incidentd
