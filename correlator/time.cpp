#include "correlator/time.hpp"

#include "correlator/calendar.hpp"

#include <array>
#include <limits>

namespace incidentd {
namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

void put_number(std::string& out, std::int64_t value, std::size_t width) {
    const std::string digits = std::to_string(value);
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
}

class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_(text) {}
    bool number(std::size_t digits, std::int64_t& out) {
        if (rest_.size() < digits) return false;
        out = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (rest_[i] < '0' || rest_[i] > '9') return false;
            out = out * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(digits);
        return true;
    }
    bool literal(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool one_of(std::string_view set) {
        if (rest_.empty() || set.find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool done() const { return rest_.empty(); }
    char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

private:
    std::string_view rest_;
};

bool read_fraction(Cursor& cursor, std::int64_t& ms) {
    ms = 0;
    if (!cursor.literal('.')) return true;
    std::int64_t scale = 100;
    std::size_t digits = 0;
    for (std::int64_t digit = 0; cursor.peek() >= '0' && cursor.peek() <= '9'; ++digits, scale /= 10) {
        cursor.number(1, digit);
        ms += digit * scale;
    }
    return digits >= 1 && digits <= 9;
}

bool read_zone(Cursor& cursor, std::int64_t& offset_ms) {
    offset_ms = 0;
    if (cursor.one_of("Zz")) return true;
    const bool east = cursor.peek() == '+';
    if (!cursor.one_of("+-")) return false;
    std::int64_t hour = 0, minute = 0;
    if (!cursor.number(2, hour)) return false;
    cursor.literal(':');
    if (!cursor.number(2, minute) || hour > 23 || minute > 59) return false;
    offset_ms = (hour * 60 + minute) * 60'000 * (east ? 1 : -1);
    return true;
}

struct Unit {
    std::string_view name;
    std::int64_t ms;
};
// Longest first, so that output is shortest; "ms" before "m" and "s" for reading.
constexpr std::array<Unit, 6> units{
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

}  // namespace

std::string to_rfc3339(Instant at) {
    if (!at.is_set()) return "0001-01-01T00:00:00.000Z";
    const std::int64_t days = floor_div(at.ms, 86'400'000);
    const std::int64_t rest = at.ms % 86'400'000;
    const std::int64_t in_day = rest < 0 ? rest + 86'400'000 : rest;
    const CivilDate date = civil_from_days(days);
    std::string out;
    out.reserve(24);
    put_number(out, date.year, 4);
    out += '-';
    put_number(out, date.month, 2);
    out += '-';
    put_number(out, date.day, 2);
    out += 'T';
    put_number(out, in_day / 3'600'000, 2);
    out += ':';
    put_number(out, in_day / 60'000 % 60, 2);
    out += ':';
    put_number(out, in_day / 1000 % 60, 2);
    out += '.';
    put_number(out, in_day % 1000, 3);
    out += 'Z';
    return out;
}

Result<Instant> parse_rfc3339(std::string_view text) {
    const Error bad(ErrorCode::invalid, "is not an RFC 3339 time such as 2026-02-03T04:05:06Z");
    Cursor cursor(text);
    std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, fraction = 0, offset = 0;
    const bool shape = cursor.number(4, year) && cursor.literal('-') && cursor.number(2, month) &&
                       cursor.literal('-') && cursor.number(2, day) && cursor.one_of("Tt ") && cursor.number(2, hour) &&
                       cursor.literal(':') && cursor.number(2, minute) && cursor.literal(':') &&
                       cursor.number(2, second) && read_fraction(cursor, fraction) && read_zone(cursor, offset) &&
                       cursor.done();
    if (!shape || month < 1 || month > 12 || day < 1 || day > days_in_month(year, static_cast<unsigned>(month)))
        return bad;
    if (hour > 23 || minute > 59 || second > 60) return bad;
    if (year < 1970) return Instant{};
    const std::int64_t days = days_from_civil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)});
    const std::int64_t ms = days * 86'400'000 + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - offset;
    return Instant{ms > 0 ? ms : 0};
}

Result<Duration> parse_duration(std::string_view text) {
    const Error bad(ErrorCode::invalid, "is not a duration such as 90s, 5m, 2h, 1d or 1h30m");
    if (text == "0") return Duration{0};
    if (text.empty()) return bad;
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
    std::int64_t total = 0;
    while (!text.empty()) {
        std::size_t digits = 0;
        std::int64_t number = 0;
        for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
            number = number * 10 + (text[digits] - '0');
            if (number > 1'000'000'000'000) return bad;
        }
        if (digits == 0) return bad;
        text.remove_prefix(digits);
        std::size_t length = 0;
        while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
        const Unit* found = nullptr;
        for (const Unit& unit : units)
            if (unit.name == text.substr(0, length)) found = &unit;
        if (found == nullptr || number > most / found->ms || total > most - number * found->ms) return bad;
        total += number * found->ms;
        text.remove_prefix(length);
    }
    return Duration{total};
}

std::string to_string(Duration d) {
    if (d.ms == 0) return "0s";
    std::string out;
    std::uint64_t rest = d.ms < 0 ? 0 - static_cast<std::uint64_t>(d.ms) : static_cast<std::uint64_t>(d.ms);
    if (d.ms < 0) out += '-';
    for (const Unit& unit : units) {
        const auto size = static_cast<std::uint64_t>(unit.ms);
        if (rest >= size) {
            out += std::to_string(rest / size);
            out += unit.name;
            rest %= size;
        }
    }
    return out;
}

}  // namespace incidentd
