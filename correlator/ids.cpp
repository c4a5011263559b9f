#include "correlator/ids.hpp"

#include <charconv>

namespace incidentd {

std::string to_string(IncidentId id) { return "INC-" + std::to_string(id.value); }

std::optional<IncidentId> incident_from(std::string_view text) {
    if (text.starts_with("INC-") || text.starts_with("inc-")) text.remove_prefix(4);
    IncidentId id;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
    if (error != std::errc() || end != text.data() + text.size() || !id.is_set()) return std::nullopt;
    return id;
}

std::string to_string(Fingerprint fingerprint) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(32, '0');
    for (std::size_t i = 0; i < 16; ++i) {
        text[i] = digits[(fingerprint.high >> (60 - 4 * i)) & 0xF];
        text[16 + i] = digits[(fingerprint.low >> (60 - 4 * i)) & 0xF];
    }
    return text;
}

}  // namespace incidentd
