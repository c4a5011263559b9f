#include "correlator/ids.hpp"

namespace incidentd {

std::string to_string(IncidentId id) { return "INC-" + std::to_string(id.value); }

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
