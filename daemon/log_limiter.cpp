#include "daemon/log_limiter.hpp"

namespace incidentd {

namespace {

constexpr std::string_view shared_message = "other messages";

}  // namespace

// A clock set back would keep a window open for ever: it ends then, too.
bool LogLimiter::ended(const Entry& entry, Instant now) { return now < entry.began || now >= entry.began + window; }

LogLimiter::Entry& LogLimiter::entry_of(LogLevel level, std::string_view message, Instant now) {
    if (const auto found = entries_.find(std::pair(level, message)); found != entries_.end()) return found->second;
    if (entries_.size() >= keys_max) message = shared_message;
    const auto [place, fresh] = entries_.try_emplace(Key(level, message), Entry{now});
    if (fresh && (!next_end_.is_set() || now + window < next_end_)) next_end_ = now + window;
    return place->second;
}

bool LogLimiter::allow(LogLevel level, std::string_view message, Instant now) {
    Entry& entry = entry_of(level, message, now);
    if (entry.written < lines_per_window_max) {
        ++entry.written;
        return true;
    }
    ++entry.suppressed;
    return false;
}

std::vector<LogLimiter::Suppressed> LogLimiter::collect(Instant now, bool all) {
    std::vector<Suppressed> out;
    const bool clock_went_back = next_end_.is_set() && now + window < next_end_;
    if (!all && !clock_went_back && (!next_end_.is_set() || now < next_end_)) return out;
    next_end_ = {};
    for (auto it = entries_.begin(); it != entries_.end();) {
        auto& [key, entry] = *it;
        if (all || ended(entry, now)) {
            if (entry.suppressed > 0) out.push_back({key.first, key.second, entry.suppressed});
            it = entries_.erase(it);
            continue;
        }
        const Instant end = entry.began + window;
        if (!next_end_.is_set() || end < next_end_) next_end_ = end;
        ++it;
    }
    return out;
}

}  // namespace incidentd
