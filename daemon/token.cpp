#include "daemon/token.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

namespace incidentd {

namespace {

Result<std::vector<unsigned char>> random_bytes(std::size_t count) {
    std::vector<unsigned char> bytes(count);
    if (RAND_bytes(bytes.data(), static_cast<int>(count)) != 1) {
        return Error(ErrorCode::unavailable, "OpenSSL's random generator gave no bytes");
    }
    return bytes;
}

}  // namespace

TokenHash sha256(std::string_view text) {
    static_assert(std::tuple_size_v<TokenHash> == SHA256_DIGEST_LENGTH);
    TokenHash hash{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    return hash;
}

std::string token_hash_text(const TokenHash& hash) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "sha256:";
    for (const unsigned char byte : hash) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

bool token_matches(std::string_view offered, std::span<const TokenHash> known) {
    const TokenHash hash = sha256(offered);
    unsigned found = 0;
    for (const TokenHash& candidate : known) {
        unsigned difference = 0;
        for (std::size_t i = 0; i < hash.size(); ++i) difference |= static_cast<unsigned>(hash[i] ^ candidate[i]);
        found |= static_cast<unsigned>(difference == 0);
    }
    return found != 0;
}

Result<std::string> make_token() {
    static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    auto bytes = random_bytes(32);
    if (!bytes) return bytes.error();
    std::string token;
    std::uint32_t window = 0;
    int bits = 0;
    for (const unsigned char byte : *bytes) {
        window = (window << 8U) | byte;
        for (bits += 8; bits >= 6; bits -= 6) token += alphabet[(window >> static_cast<unsigned>(bits - 6)) & 63U];
    }
    if (bits > 0) token += alphabet[(window << static_cast<unsigned>(6 - bits)) & 63U];
    return token;
}

Result<std::string> random_hex(std::size_t count) {
    static constexpr std::string_view digits = "0123456789abcdef";
    auto bytes = random_bytes(count);
    if (!bytes) return bytes.error();
    std::string text;
    for (const unsigned char byte : *bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

}  // namespace incidentd
