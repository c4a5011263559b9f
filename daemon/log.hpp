// Structured log on stderr: one line a message, UTC, escaped, repeats limited. Any thread. Passed by reference.
//   log.warning("delivery failed", {{"incident", "INC-4"}, {"sink", "rt"}, {"attempt", 3}});
// `message` is a fixed text of the code (it is the key of the rate limit); what varies goes into the fields.
#pragma once

#include "daemon/log_format.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace incidentd {

struct LogOptions {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::logfmt;
    bool journal_priorities = false;  // "<4>" before each line, as sd-daemon(3) wants it
    // For tests: takes the finished line instead of stderr, and the clock. Empty: stderr, the wall clock.
    std::function<void(std::string_view)> write;
    std::function<Instant()> now;
};

class Log {
public:
    using Fields = std::initializer_list<LogField>;

    explicit Log(LogOptions options = {});
    ~Log();  // tells of what is still held back

    void debug(std::string_view message, Fields fields = {}) { log(LogLevel::debug, message, fields); }
    void info(std::string_view message, Fields fields = {}) { log(LogLevel::info, message, fields); }
    void warning(std::string_view message, Fields fields = {}) { log(LogLevel::warning, message, fields); }
    void error(std::string_view message, Fields fields = {}) { log(LogLevel::error, message, fields); }
    void log(LogLevel level, std::string_view message, Fields fields);

    // Writes "more like this suppressed" for windows that ended. Happens with every line too; call it now and then so
    // that the count also comes when the noise has stopped.
    void tick();

    void set_level(LogLevel level) { level_ = level; }
    bool wants(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

    std::uint64_t suppressed() const { return suppressed_; }  // lines held back since the start
    // Told of each line held back; set once, before other threads log. It must not log.
    void on_suppressed(std::function<void(std::uint64_t lines)> hook);

private:
    struct Guarded;
    void write_line(Guarded& guarded, const LogLine& line);
    void write_suppressed(Guarded& guarded, Instant now, bool all);

    const LogOptions options_;
    std::atomic<LogLevel> level_;
    std::atomic<std::uint64_t> suppressed_{0};
    std::function<void(std::uint64_t)> on_suppressed_;
    const std::unique_ptr<Guarded> guarded_;
};

// True when stderr is the systemd journal: $JOURNAL_STREAM names its device and inode.
bool stderr_is_journal();

// "logfmt" or "json"; anything else is logfmt (the configuration is checked before).
LogFormat log_format_from(std::string_view name);

}  // namespace incidentd
