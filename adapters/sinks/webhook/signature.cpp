#include "adapters/sinks/webhook/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace incidentd::sinks::webhook {

std::string signature(std::string_view secret, std::int64_t timestamp_s, std::string_view body) {
    std::string message = std::to_string(timestamp_s) + ".";
    message += body;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), &length);
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "v1=";
    for (unsigned i = 0; i < length; ++i) {
        text += digits[digest[i] >> 4];
        text += digits[digest[i] & 15];
    }
    return text;
}

}  // namespace incidentd::sinks::webhook
