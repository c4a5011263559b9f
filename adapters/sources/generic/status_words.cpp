#include "adapters/sources/generic/status_words.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace incidentd::sources::generic {
namespace {

constexpr std::array<EventKind, 7> kinds{
    EventKind::firing,     EventKind::resolved,     EventKind::acknowledged, EventKind::unacknowledged,
    EventKind::suppressed, EventKind::unsuppressed, EventKind::note};

}  // namespace

std::optional<EventKind> kind_from(std::string_view word) {
    for (const EventKind kind : kinds) {
        if (to_string(kind) == word) return kind;
    }
    return std::nullopt;
}

std::string kind_words() {
    std::string out;
    for (const EventKind kind : kinds) out.append(out.empty() ? "" : ", ").append(to_string(kind));
    return out;
}

Result<Instant> time_from(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return parse_rfc3339(text);
    constexpr double milliseconds_from = 1e11;
    constexpr double ms_max = 32'503'680'000'000.0;  // year 3000
    const double ms = number > milliseconds_from ? number : number * 1000;
    if (!(ms >= 0 && ms <= ms_max))
        return Error(ErrorCode::invalid, "no time between 1970 and 3000: " + std::string(text));
    return Instant{static_cast<std::int64_t>(ms + 0.5)};
}

}  // namespace incidentd::sources::generic
