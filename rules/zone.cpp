#include "rules/zone.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace incidentd {
namespace {

constexpr std::size_t zone_changes_max = 20'000;

std::int64_t days_from_civil(int year, int month, int day) {
    const std::int64_t y = year - (month <= 2 ? 1 : 0);
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t of_era = y - era * 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int year, int month) {
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

// The rule for the years behind the table, as POSIX writes it in the variable TZ: "CET-1CEST,M3.5.0,M10.5.0/3".
class FooterReader {
public:
    struct Date {
        char kind = 'M';  // M: month, week, weekday; J: day 1..365 without leap days; D: day 0..365
        int month = 0, week = 0, day = 0;
        std::int32_t seconds = 7200;  // local time of day
    };
    struct Rule {
        std::int32_t standard = 0;
        bool has_summer = false;
        std::int32_t summer = 0;
        Date begin, end;
    };

    explicit FooterReader(std::string_view text) : rest_(text) {}

    std::optional<Rule> read() {
        Rule rule;
        if (!name() || !offset(rule.standard)) return std::nullopt;
        rule.standard = -rule.standard;
        if (rest_.empty()) return rule;
        rule.has_summer = true;
        rule.summer = rule.standard + 3600;
        if (!name()) return std::nullopt;
        if (!rest_.starts_with(',')) {
            if (!offset(rule.summer)) return std::nullopt;
            rule.summer = -rule.summer;
        }
        if (!take(',') || !date(rule.begin) || !take(',') || !date(rule.end) || !rest_.empty()) return std::nullopt;
        return rule;
    }

private:
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool name() {
        const std::size_t end = rest_.starts_with('<') ? rest_.find('>') : rest_.find_first_of("+-0123456789,");
        if (rest_.starts_with('<')) {
            if (end == std::string_view::npos) return false;
            rest_.remove_prefix(end + 1);
            return true;
        }
        rest_.remove_prefix(std::min(end, rest_.size()));
        return end != 0;
    }
    bool number(int& out, int most) {
        const auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
        if (error != std::errc() || out < 0 || out > most) return false;
        rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
        return true;
    }
    bool offset(std::int32_t& out) {
        const bool is_negative = take('-');
        if (!is_negative) take('+');
        int hour = 0, minute = 0, second = 0;
        if (!number(hour, 167)) return false;
        if (take(':') && !number(minute, 59)) return false;
        if (take(':') && !number(second, 59)) return false;
        out = (hour * 3600 + minute * 60 + second) * (is_negative ? -1 : 1);
        return true;
    }
    bool date(Date& out) {
        if (take('M')) {
            if (!number(out.month, 12) || !take('.') || !number(out.week, 5) || !take('.') || !number(out.day, 6))
                return false;
            if (out.month < 1 || out.week < 1) return false;
        } else {
            out.kind = take('J') ? 'J' : 'D';
            if (!number(out.day, 365) || (out.kind == 'J' && out.day < 1)) return false;
        }
        return !take('/') || offset(out.seconds);
    }

    std::string_view rest_;
};

// Local seconds since 1970 of the rule's date in a year.
std::int64_t local_seconds(const FooterReader::Date& date, int year) {
    std::int64_t day = days_from_civil(year, 1, 1);
    if (date.kind == 'D') day += date.day;
    if (date.kind == 'J') day += date.day - 1 + (is_leap(year) && date.day >= 60 ? 1 : 0);
    if (date.kind == 'M') {
        const std::int64_t first = days_from_civil(year, date.month, 1);
        const std::int64_t weekday = (first % 7 + 11) % 7;  // 1970-01-01 was a Thursday
        std::int64_t in_month = (date.day - weekday + 7) % 7 + 7 * (date.week - 1);
        while (in_month >= days_in(year, date.month)) in_month -= 7;
        day = first + in_month;
    }
    return day * 86400 + date.seconds;
}

struct RawChange {
    std::int64_t at = 0;  // seconds
    std::int32_t offset = 0;
};

class TzifReader {
public:
    explicit TzifReader(std::string_view bytes) : bytes_(bytes) {}

    // Changes in the file's order, and the offset before the first; false: not such a file.
    bool read(std::vector<RawChange>& changes, std::int32_t& first, std::string_view& footer) {
        if (!header() || version_ < '2') return false;
        skip(counts_.times * 5 + counts_.types * 6 + counts_.chars + counts_.leaps * 8 + counts_.standards +
             counts_.utcs);
        if (!header() || counts_.types == 0) return false;
        const std::string_view times = take(counts_.times * 8);
        const std::string_view indices = take(counts_.times);
        const std::string_view types = take(counts_.types * 6);
        skip(counts_.chars + counts_.leaps * 12 + counts_.standards + counts_.utcs);
        if (broken_ || bytes_.empty() || bytes_.front() != '\n' || bytes_.back() != '\n') return false;
        footer = bytes_.substr(1, bytes_.size() < 2 ? 0 : bytes_.size() - 2);
        first = static_cast<std::int32_t>(big_endian(types.substr(0, 4)));
        for (std::size_t i = 0; i < counts_.times; ++i) {
            const auto type = static_cast<std::size_t>(static_cast<unsigned char>(indices[i]));
            if (type >= counts_.types) return false;
            const auto at = static_cast<std::int64_t>(big_endian(times.substr(i * 8, 8)));
            if (!changes.empty() && at <= changes.back().at) return false;
            changes.push_back({at, static_cast<std::int32_t>(big_endian(types.substr(type * 6, 4)))});
        }
        return true;
    }

private:
    struct Counts {
        std::size_t utcs, standards, leaps, times, types, chars;
    };

    static std::uint64_t big_endian(std::string_view bytes) {
        std::uint64_t value = 0;
        for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }
    std::string_view take(std::size_t size) {
        broken_ = broken_ || size > bytes_.size();
        const std::string_view out = broken_ ? std::string_view() : bytes_.substr(0, size);
        bytes_.remove_prefix(out.size());
        return out;
    }
    void skip(std::size_t size) { take(size); }
    std::size_t count() {
        const auto value = static_cast<std::size_t>(big_endian(take(4)));
        broken_ = broken_ || value > zone_changes_max;
        return value;
    }
    bool header() {
        if (take(4) != "TZif") return false;
        const std::string_view version = take(16);
        if (broken_) return false;
        version_ = version.front();
        for (std::size_t* field :
             {&counts_.utcs, &counts_.standards, &counts_.leaps, &counts_.times, &counts_.types, &counts_.chars}) {
            *field = count();
        }
        return !broken_;
    }

    std::string_view bytes_;
    bool broken_ = false;
    char version_ = '\0';
    Counts counts_{};
};

// The footer's rule for the years from the last change of the file on.
void carry_on(const FooterReader::Rule& rule, std::vector<RawChange>& changes) {
    const std::int64_t after = changes.empty() ? days_from_civil(zone_first_year, 1, 1) * 86400 - 1 : changes.back().at;
    if (!rule.has_summer) {
        changes.push_back({after + 1, rule.standard});
        return;
    }
    std::vector<RawChange> later;
    for (int year = zone_first_year - 1; year <= zone_last_year; ++year) {
        later.push_back({local_seconds(rule.begin, year) - rule.standard, rule.summer});
        later.push_back({local_seconds(rule.end, year) - rule.summer, rule.standard});
    }
    std::sort(later.begin(), later.end(), [](const RawChange& a, const RawChange& b) { return a.at < b.at; });
    for (const RawChange& change : later) {
        if (change.at > after) changes.push_back(change);
    }
}

// Only what changes something, in the years the table covers.
void keep_changes(const std::vector<RawChange>& raw, ZoneTable& table) {
    const std::int64_t begin = days_from_civil(zone_first_year, 1, 1) * 86400;
    const std::int64_t end = days_from_civil(zone_last_year + 1, 1, 1) * 86400;
    std::int32_t now = table.first_offset_seconds;
    for (const RawChange& change : raw) {
        if (change.at >= end || change.offset == now) continue;
        now = change.offset;
        if (change.at < begin) {
            table.first_offset_seconds = now;
        } else {
            table.changes.push_back({Instant{change.at * 1000}, now});
        }
    }
}

}  // namespace

Result<ZoneTable> parse_tzif(std::string_view name, std::string_view bytes) {
    std::vector<RawChange> changes;
    ZoneTable table;
    table.name = name;
    std::string_view footer;
    if (!TzifReader(bytes).read(changes, table.first_offset_seconds, footer)) {
        return Error(ErrorCode::invalid, "has a file that is not TZif of version 2 or later");
    }
    if (!footer.empty()) {
        const std::optional<FooterReader::Rule> rule = FooterReader(footer).read();
        if (!rule.has_value())
            return Error(ErrorCode::invalid, "has a rule that cannot be read: " + std::string(footer));
        carry_on(*rule, changes);
    }
    keep_changes(changes, table);
    return table;
}

std::string zone_text(const ZoneTable& table) {
    std::string out = std::to_string(table.first_offset_seconds) + "\n";
    for (const ZoneTable::Change& change : table.changes) {
        out += std::to_string(change.at.ms / 1000) + " " + std::to_string(change.offset_seconds) + "\n";
    }
    return out;
}

std::shared_ptr<const ZoneTable> parse_zone_text(std::string_view name, std::string_view text) {
    ZoneTable table;
    table.name = name;
    const auto number = [&text](std::int64_t least, std::int64_t most, char end, std::int64_t& out) {
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        const auto length = static_cast<std::size_t>(stop - text.data());
        if (error != std::errc() || out < least || out > most || length == text.size() || *stop != end) return false;
        text.remove_prefix(length + 1);
        return true;
    };
    constexpr std::int64_t day = 86400, far = std::int64_t{1} << 40;
    std::int64_t offset = 0;
    if (!number(-2 * day, 2 * day, '\n', offset)) return nullptr;
    table.first_offset_seconds = static_cast<std::int32_t>(offset);
    while (!text.empty()) {
        std::int64_t at = 0;
        if (!number(-far, far, ' ', at) || !number(-2 * day, 2 * day, '\n', offset)) return nullptr;
        if (table.changes.size() == zone_changes_max) return nullptr;
        if (!table.changes.empty() && at * 1000 <= table.changes.back().at.ms) return nullptr;
        table.changes.push_back({Instant{at * 1000}, static_cast<std::int32_t>(offset)});
    }
    return std::make_shared<const ZoneTable>(std::move(table));
}

}  // namespace incidentd
