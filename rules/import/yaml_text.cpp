#include "rules/import/yaml_text.hpp"

#include <algorithm>

namespace incidentd::importing {
namespace {

constexpr std::size_t name_bytes_max = 64;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::string quoted(std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    const bool is_plain = std::none_of(text.begin(), text.end(), is_control);
    std::string out(1, is_plain ? '\'' : '"');
    for (const char c : text) {
        if (is_plain) {
            out += c;
            if (c == '\'') out += '\'';
        } else if (is_control(c)) {
            out += "\\x";
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[static_cast<unsigned char>(c) & 15];
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    return out += is_plain ? '\'' : '"';
}

std::string quoted_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + quoted(text);
    return out + "]";
}

std::string plain_name(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const bool is_letter = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
        if (is_letter || (!out.empty() && (low == '_' || low == '-')))
            out += low;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    out.resize(std::min(out.size(), name_bytes_max));
    while (!out.empty() && out.back() == '-') out.pop_back();
    return out.empty() ? "unnamed" : out;
}

}  // namespace incidentd::importing
