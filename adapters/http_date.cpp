#include "adapters/http_date.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace incidentd {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t words_max = 6;

struct Words {
    std::array<std::string_view, words_max> at;
    std::size_t count = 0;  // words_max + 1: there were more
};

// All three forms are the same words once spaces, commas and hyphens part them.
Words split(std::string_view text) {
    Words words;
    while (words.count <= words_max) {
        const std::size_t begin = text.find_first_not_of(" ,-");
        if (begin == std::string_view::npos) break;
        text.remove_prefix(begin);
        const std::string_view word = text.substr(0, text.find_first_of(" ,-"));
        text.remove_prefix(word.size());
        if (words.count < words_max) words.at[words.count] = word;
        ++words.count;
    }
    return words;
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
    if (text.empty() || error != std::errc{} || end != text.end() || value < 0) return std::nullopt;
    return value;
}

// "08:49:37" in seconds.
std::optional<std::int64_t> time_of_day(std::string_view text) {
    if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
    const auto hour = number(text.substr(0, 2)), minute = number(text.substr(3, 2)), second = number(text.substr(6));
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return *hour * 3600 + *minute * 60 + *second;
}

std::optional<Instant> instant(std::string_view year_text, std::string_view month_text, std::string_view day_text,
                               std::string_view time_text) {
    auto year = number(year_text);
    const auto day = number(day_text);
    const auto time = time_of_day(time_text);
    unsigned month = 0;
    while (month < months.size() && months[month] != month_text) ++month;
    if (!year || !day || !time || month == months.size()) return std::nullopt;
    if (year_text.size() == 2) *year += *year < 70 ? 2000 : 1900;
    if (*year < 1970 || *year > 9999) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(month + 1),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return Instant{(days * 86'400 + *time) * 1000};
}

}  // namespace

std::optional<Instant> parse_http_date(std::string_view text) {
    const Words words = split(text);
    if (words.count == 6 && words.at[5] == "GMT") return instant(words.at[3], words.at[2], words.at[1], words.at[4]);
    if (words.count == 5) return instant(words.at[4], words.at[1], words.at[2], words.at[3]);
    return std::nullopt;
}

}  // namespace incidentd
