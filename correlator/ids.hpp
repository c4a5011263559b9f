// Strong types for the numbers that name things, so that one is never taken for another.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace incidentd {

// Position of an entry in the journal, from 1; 0 means "before the first".
struct Sequence {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(Sequence, Sequence) = default;
};

// Counted from 1 in the order incidents are begun; 0 means "none". Unique within one journal.
struct IncidentId {
    std::uint64_t value = 0;
    constexpr bool is_set() const { return value != 0; }
    friend constexpr auto operator<=>(IncidentId, IncidentId) = default;
};

// "INC-42", the name people see.
std::string to_string(IncidentId id);
std::optional<IncidentId> incident_from(std::string_view text);  // "INC-42", "inc-42" or "42"

// 128-bit identity of an alert: see fingerprint.hpp for what goes into it.
struct Fingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(Fingerprint, Fingerprint) = default;
};

// 32 lower-case hex digits.
std::string to_string(Fingerprint fingerprint);

}  // namespace incidentd

template <>
struct std::hash<incidentd::IncidentId> {
    std::size_t operator()(incidentd::IncidentId id) const noexcept { return std::hash<std::uint64_t>{}(id.value); }
};
