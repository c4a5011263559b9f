#include "daemon/log.hpp"

#include "daemon/clock.hpp"
#include "daemon/log_limiter.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>

#include <cstdlib>
#include <mutex>
#include <utility>

namespace incidentd {

namespace {

// sd-daemon(3): syslog's numbers.
std::string_view priority(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "<7>";
        case LogLevel::info:
            return "<6>";
        case LogLevel::warning:
            return "<4>";
        case LogLevel::error:
            return "<3>";
    }
    return "<3>";
}

}  // namespace

// The mutex and all that it guards: the order of lines is the order of the limiter's decisions.
struct Log::Guarded {
    std::mutex mutex;
    LogLimiter limiter;
    spdlog::logger out{"incidentd", std::make_shared<spdlog::sinks::stderr_sink_st>()};
};

Log::Log(LogOptions options)
    : options_(std::move(options)), level_(options_.level), guarded_(std::make_unique<Guarded>()) {
    guarded_->out.set_pattern("%v");
    guarded_->out.set_level(spdlog::level::trace);
    guarded_->out.flush_on(spdlog::level::trace);
}

Log::~Log() {
    const std::lock_guard lock(guarded_->mutex);
    write_suppressed(*guarded_, options_.now ? options_.now() : wall_clock_now(), true);
}

void Log::log(LogLevel level, std::string_view message, Fields fields) {
    if (!wants(level)) return;
    const Instant now = options_.now ? options_.now() : wall_clock_now();
    bool allowed = false;
    {
        const std::lock_guard lock(guarded_->mutex);
        write_suppressed(*guarded_, now, false);
        allowed = guarded_->limiter.allow(level, message, now);
        if (allowed) write_line(*guarded_, {level, now, message, {fields.begin(), fields.size()}});
    }
    if (allowed) return;
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    if (on_suppressed_) on_suppressed_(1);
}

void Log::tick() {
    const std::lock_guard lock(guarded_->mutex);
    write_suppressed(*guarded_, options_.now ? options_.now() : wall_clock_now(), false);
}

void Log::on_suppressed(std::function<void(std::uint64_t)> hook) { on_suppressed_ = std::move(hook); }

void Log::write_suppressed(Guarded& guarded, Instant now, bool all) {
    for (const auto& held : guarded.limiter.collect(now, all)) {
        const std::string message = fmt::format("{} more like this suppressed", held.lines);
        const LogField like[] = {{"like", held.message}, {"lines", held.lines}};
        write_line(guarded, {held.level, now, message, like});
    }
}

void Log::write_line(Guarded& guarded, const LogLine& line) {
    std::string text = format_log_line(line, options_.format);
    if (options_.journal_priorities) text.insert(0, priority(line.level));
    if (options_.write) {
        options_.write(text);
    } else {
        guarded.out.log(spdlog::level::info, text);
    }
}

bool stderr_is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): read at start-up
    struct stat status {};
    if (stream == nullptr || fstat(2, &status) != 0) return false;
    return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

LogFormat log_format_from(std::string_view name) { return name == "json" ? LogFormat::json : LogFormat::logfmt; }

}  // namespace incidentd
