// JSON text without a parser's types: writing strings, and saying in words where a text stops being JSON.
#pragma once

#include "adapters/source.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace incidentd {

// Nesting that a request may have; deeper is malformed.
inline constexpr std::size_t json_depth_max = 64;

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the result is always
// valid.
void append_json_string(std::string& out, std::string_view text);

// Length in bytes (1-4) of the UTF-8 character that begins at `at`, or 0 when those bytes are not well-formed.
std::size_t utf8_length_at(std::string_view text, std::size_t at);

struct JsonFault {
    std::size_t offset = 0;  // byte, from 0
    RejectReason reason = RejectReason::malformed;
    std::string message;  // what was expected and what was found, without the offset
};

// The first place where `text` is not a JSON text that this daemon reads, or nullopt. Stricter than the grammar in
// three points: nesting, integers beyond 64 bits, and escapes that form half of a surrogate pair. Slow; for error
// messages.
std::optional<JsonFault> find_json_fault(std::string_view text);

// "at byte 17: expected ...".
std::string to_string(const JsonFault& fault);

// application/json, text/json and application/<x>+json, in any case.
bool is_json_media_type(std::string_view media_type);

}  // namespace incidentd
