#include "daemon/log_format.hpp"

#include "adapters/json_escape.hpp"
#include "correlator/alert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace incidentd {

namespace {

bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f && c != '"' && c != '=' && c != '\\';
}

// Bidirectional controls and the C1 range could rewrite what a terminal shows of the line.
bool is_deceptive(std::string_view two_or_three) {
    if (two_or_three.starts_with("\xc2")) return static_cast<unsigned char>(two_or_three[1]) < 0xa0;
    if (!two_or_three.starts_with("\xe2")) return false;
    const auto second = static_cast<unsigned char>(two_or_three[1]);
    const auto third = static_cast<unsigned char>(two_or_three[2]);
    return (second == 0x80 && third >= 0xa8 && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

std::size_t sequence_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xe0) return 2;
    return lead < 0xf0 ? 3 : 4;
}

void append_multibyte(std::string& out, std::string_view character) {
    if (!is_deceptive(character)) {
        out += character;
        return;
    }
    unsigned code = static_cast<unsigned char>(character[0]) & (character.size() == 2 ? 0x1fU : 0x0fU);
    for (const char c : character.substr(1)) code = (code << 6U) | (static_cast<unsigned char>(c) & 0x3fU);
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
}

// Between quotes, as JSON wants it; bytes that are not UTF-8 become \u00xx of their value.
void append_quoted(std::string& out, std::string_view text) {
    const bool cut = text.size() > log_value_bytes_max;
    if (cut) text = text.substr(0, log_value_bytes_max);
    out += '"';
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text[0]);
        const std::string_view character = text.substr(0, sequence_length(byte));
        if (byte >= 0x80 && is_clean_utf8(character)) {
            append_multibyte(out, character);
            text.remove_prefix(character.size());
            continue;
        }
        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\') {
            append_json_escape(out, byte);
        } else {
            out += text[0];
        }
        text.remove_prefix(1);
    }
    if (cut) out += "...";
    out += '"';
}

void append_text(std::string& out, std::string_view text, LogFormat format) {
    const bool bare = format == LogFormat::logfmt && !text.empty() && text.size() <= log_value_bytes_max &&
                      std::all_of(text.begin(), text.end(), is_plain);
    if (bare) {
        out += text;
    } else {
        append_quoted(out, text);
    }
}

struct AppendValue {
    std::string& out;
    LogFormat format;
    void operator()(std::string_view v) const { append_text(out, v, format); }
    void operator()(bool v) const { out += v ? "true" : "false"; }
    void operator()(std::int64_t v) const { fmt::format_to(std::back_inserter(out), "{}", v); }
    void operator()(std::uint64_t v) const { fmt::format_to(std::back_inserter(out), "{}", v); }
    void operator()(double v) const {
        if (std::isfinite(v)) {
            fmt::format_to(std::back_inserter(out), "{}", v);
        } else {
            out += "null";
        }
    }
};

void append_key(std::string& out, std::string_view key, LogFormat format) {
    if (format == LogFormat::logfmt) {
        out += ' ';
        out += key;
        out += '=';
    } else {
        out += ',';
        append_quoted(out, key);
        out += ':';
    }
}

}  // namespace

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "error";
}

std::string format_log_line(const LogLine& line, LogFormat format) {
    std::string out = format == LogFormat::logfmt
                          ? fmt::format("time={} level={}", to_rfc3339(line.at), to_string(line.level))
                          : fmt::format(R"({{"time":"{}","level":"{}")", to_rfc3339(line.at), to_string(line.level));
    append_key(out, "msg", format);
    append_quoted(out, line.message);
    for (const LogField& field : line.fields) {
        append_key(out, field.key, format);
        std::visit(AppendValue{out, format}, field.value);
    }
    if (format == LogFormat::json) out += '}';
    return out;
}

}  // namespace incidentd
