#include "adapters/json.hpp"

#include "adapters/json_escape.hpp"

#include <cstdint>

namespace incidentd {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

void append_json_escape(std::string& out, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (byte) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
    }
}

std::size_t utf8_length_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : static_cast<unsigned char>(0);
    };
    const unsigned char first = byte(0);
    if (first < 0x80) return at < text.size() ? 1 : 0;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return is_continuation(byte(1)) ? 2 : 0;
    if (first < 0xF0) {
        const unsigned char least = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned char most = first == 0xED ? 0x9F : 0xBF;
        return byte(1) >= least && byte(1) <= most && is_continuation(byte(2)) ? 3 : 0;
    }
    if (first > 0xF4) return 0;
    const unsigned char least = first == 0xF0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= least && byte(1) <= most && is_continuation(byte(2)) && is_continuation(byte(3)) ? 4 : 0;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t plain = 0;  // start of what is copied as it stands
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const std::size_t length = utf8_length_at(text, i);
        if (length > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += length;
            continue;
        }
        out.append(text, plain, i - plain);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
        } else {
            append_json_escape(out, c);
        }
        plain = ++i;
    }
    out.append(text, plain);
    out += '"';
}

std::string to_string(const JsonFault& fault) {
    return "at byte " + std::to_string(fault.offset) + ": " + fault.message;
}

bool is_json_media_type(std::string_view media_type) {
    const std::string type = lower(media_type);
    return type == "application/json" || type == "text/json" ||
           (type.starts_with("application/") && type.ends_with("+json"));
}

}  // namespace incidentd
