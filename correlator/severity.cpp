#include "correlator/severity.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace incidentd {
namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Severity, 5> severities{{{Severity::info, "info"},
                                         {Severity::unknown, "unknown"},
                                         {Severity::warning, "warning"},
                                         {Severity::error, "error"},
                                         {Severity::critical, "critical"}}};
constexpr Names<EventKind, 7> kinds{{{EventKind::firing, "firing"},
                                     {EventKind::resolved, "resolved"},
                                     {EventKind::acknowledged, "acknowledged"},
                                     {EventKind::unacknowledged, "unacknowledged"},
                                     {EventKind::suppressed, "suppressed"},
                                     {EventKind::unsuppressed, "unsuppressed"},
                                     {EventKind::note, "note"}}};
constexpr Names<Impact, 3> impacts{{{Impact::low, "low"}, {Impact::medium, "medium"}, {Impact::high, "high"}}};
constexpr Names<Urgency, 4> urgencies{
    {{Urgency::low, "low"}, {Urgency::medium, "medium"}, {Urgency::high, "high"}, {Urgency::critical, "critical"}}};
constexpr Names<Priority, 5> priorities{
    {{Priority::p1, "P1"}, {Priority::p2, "P2"}, {Priority::p3, "P3"}, {Priority::p4, "P4"}, {Priority::p5, "P5"}}};

template <class Enum, std::size_t N>
std::string_view name_of(const Names<Enum, N>& names, Enum value) {
    for (const auto& [known, name] : names)
        if (known == value) return name;
    return "?";
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const Names<Enum, N>& names, std::string_view text) {
    for (const auto& [value, name] : names)
        if (name == text) return value;
    return std::nullopt;
}

// Sorted by severity, worst first; lower case.
constexpr std::array<std::pair<std::string_view, Severity>, 50> conventions{{
    {"critical", Severity::critical},
    {"crit", Severity::critical},
    {"page", Severity::critical},
    {"p1", Severity::critical},
    {"sev0", Severity::critical},
    {"sev1", Severity::critical},
    {"disaster", Severity::critical},
    {"fatal", Severity::critical},
    {"emergency", Severity::critical},
    {"emerg", Severity::critical},
    {"alert", Severity::critical},
    {"down", Severity::critical},
    {"blocker", Severity::critical},
    {"security", Severity::critical},
    {"urgent", Severity::critical},
    {"error", Severity::error},
    {"err", Severity::error},
    {"major", Severity::error},
    {"high", Severity::error},
    {"p2", Severity::error},
    {"sev2", Severity::error},
    {"unreachable", Severity::error},
    {"severe", Severity::error},
    {"warning", Severity::warning},
    {"warn", Severity::warning},
    {"minor", Severity::warning},
    {"average", Severity::warning},
    {"medium", Severity::warning},
    {"moderate", Severity::warning},
    {"p3", Severity::warning},
    {"sev3", Severity::warning},
    {"ticket", Severity::warning},
    {"info", Severity::info},
    {"information", Severity::info},
    {"informational", Severity::info},
    {"none", Severity::info},
    {"low", Severity::info},
    {"p4", Severity::info},
    {"p5", Severity::info},
    {"sev4", Severity::info},
    {"sev5", Severity::info},
    {"notice", Severity::info},
    {"debug", Severity::info},
    {"trace", Severity::info},
    {"ok", Severity::info},
    {"normal", Severity::info},
    {"cleared", Severity::info},
    {"indeterminate", Severity::info},
    {"unknown", Severity::unknown},
    {"unkn", Severity::unknown},
}};

}  // namespace

std::string_view to_string(Severity s) { return name_of(severities, s); }
std::string_view to_string(EventKind k) { return name_of(kinds, k); }
std::string_view to_string(Impact i) { return name_of(impacts, i); }
std::string_view to_string(Urgency u) { return name_of(urgencies, u); }
std::string_view to_string(Priority p) { return name_of(priorities, p); }

std::optional<Severity> severity_from(std::string_view text) { return value_of(severities, text); }
std::optional<Impact> impact_from(std::string_view text) { return value_of(impacts, text); }
std::optional<Urgency> urgency_from(std::string_view text) { return value_of(urgencies, text); }
std::optional<Priority> priority_from(std::string_view text) { return value_of(priorities, text); }

std::optional<Severity> severity_from_convention(std::string_view text) {
    if (text.size() > 16) return std::nullopt;
    std::array<char, 16> lower{};
    std::transform(text.begin(), text.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string_view wanted(lower.data(), text.size());
    for (const auto& [word, severity] : conventions)
        if (word == wanted) return severity;
    return std::nullopt;
}

}  // namespace incidentd
