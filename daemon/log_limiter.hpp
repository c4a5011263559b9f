// Keeps one noisy message from filling the journal: per (level, message) so many lines a window, the rest is counted.
// Not thread-safe; time is passed in.
#pragma once

#include "correlator/time.hpp"
#include "daemon/config.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

class LogLimiter {
public:
    static constexpr std::uint32_t lines_per_window_max = 10;
    static constexpr Duration window = seconds(10);
    // Past this many live keys new messages share one entry per level.
    static constexpr std::size_t keys_max = 256;

    struct Suppressed {
        LogLevel level = LogLevel::info;
        std::string message;
        std::uint64_t lines = 0;
    };

    // Whether the line may be written. Call collect() before, so that a window that ended is told of first.
    bool allow(LogLevel level, std::string_view message, Instant now);

    // What was held back in windows that ended by `now` (all windows, if `all`); those entries are forgotten.
    std::vector<Suppressed> collect(Instant now, bool all = false);

private:
    struct Entry {
        Instant began;
        std::uint32_t written = 0;
        std::uint64_t suppressed = 0;
    };
    using Key = std::pair<LogLevel, std::string>;
    struct Less {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            if (a.first != b.first) return a.first < b.first;
            return std::string_view(a.second) < std::string_view(b.second);
        }
    };
    static bool ended(const Entry& entry, Instant now);
    Entry& entry_of(LogLevel level, std::string_view message, Instant now);

    std::map<Key, Entry, Less> entries_;
    Instant next_end_;  // no window ends before; absent: none is open
};

}  // namespace incidentd
