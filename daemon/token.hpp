// Bearer tokens: made here, kept only as hashes, compared without telling how much of a guess was right.
#pragma once

#include "daemon/config.hpp"

#include <span>
#include <string>
#include <string_view>

namespace incidentd {

TokenHash sha256(std::string_view text);

// "sha256:<64 hex digits>", as the configuration has it.
std::string token_hash_text(const TokenHash& hash);

// True if the offered token's hash is among `known`. Looks at every byte of every hash, whatever matches.
bool token_matches(std::string_view offered, std::span<const TokenHash> known);

// 32 random bytes as 43 characters of base64url, no padding. Errors: unavailable (the system has no randomness to
// give).
Result<std::string> make_token();

// `bytes` random bytes as lower-case hex. Errors: as make_token().
Result<std::string> random_hex(std::size_t bytes);

}  // namespace incidentd
