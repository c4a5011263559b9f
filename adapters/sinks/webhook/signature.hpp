// The signature of webhook bodies; receivers (and the tests' strict one) verify with the same function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace incidentd::sinks::webhook {

// "v1=<64 hex digits>": HMAC-SHA256 with `secret` over "<timestamp>.<body>"; `timestamp` in Unix seconds.
std::string signature(std::string_view secret, std::int64_t timestamp_s, std::string_view body);

}  // namespace incidentd::sinks::webhook
