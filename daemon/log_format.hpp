// One log line from its parts. Pure text: whatever a sender put into a value, the line stays one line.
#pragma once

#include "correlator/time.hpp"
#include "daemon/config.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace incidentd {

// A named value of a log line. Borrows its text: meant to live in the call's initializer list only.
struct LogField {
    using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

    template <std::signed_integral T>
    LogField(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
    template <std::unsigned_integral T>
    LogField(std::string_view k, T v) : key(k), value(static_cast<std::uint64_t>(v)) {}
    LogField(std::string_view k, bool v) : key(k), value(v) {}
    LogField(std::string_view k, double v) : key(k), value(v) {}
    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
    LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}

    std::string_view key;  // a word of ours: [a-z0-9_]+
    Value value;
};

enum class LogFormat : std::uint8_t { logfmt, json };

struct LogLine {
    LogLevel level = LogLevel::info;
    Instant at;
    std::string_view message;
    std::span<const LogField> fields;
};

// Values longer than this are cut and marked "...": a hostile alert cannot make a line of megabytes.
constexpr std::size_t log_value_bytes_max = 2048;

// time=2026-02-03T04:05:06.789Z level=info msg="delivery failed" incident=INC-4, or the same as one JSON object.
// Control characters, quotes, backslashes and bytes that are not UTF-8 are escaped. No newline at the end.
std::string format_log_line(const LogLine& line, LogFormat format);

std::string_view to_string(LogLevel level);  // "debug", "info", "warning", "error"

}  // namespace incidentd
