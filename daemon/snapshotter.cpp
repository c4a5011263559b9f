#include "daemon/snapshotter.hpp"

#include "daemon/clock.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace incidentd {
namespace {

constexpr std::chrono::seconds look_every{1};
constexpr std::chrono::seconds patience_after_failure{60};

// The child gets our stdout's place as a pipe and nothing else: no socket, no lock, no blocked signal.
class SpawnSettings {
public:
    explicit SpawnSettings(int pipe_end) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe_end, STDOUT_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        posix_spawnattr_init(&attributes);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes, &signals);
        sigaddset(&signals, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &signals);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

std::string read_all(int descriptor) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status))
        return "the process that builds snapshots was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
               ::strsignal(WTERMSIG(status)) + ")";
    return "the process that builds snapshots ended with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Snapshotter::Snapshotter(SnapshotSettings settings, SnapshotPorts ports, SnapshotProgress progress, Log& log,
                         Metrics& metrics)
    : settings_(std::move(settings)),
      ports_(std::move(ports)),
      log_(log),
      metrics_(metrics),
      progress_(progress),
      not_before_(monotonic_now()) {}

Snapshotter::~Snapshotter() { stop(); }

void Snapshotter::start() {
    thread_ = std::thread([this] { run(); });
}

void Snapshotter::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (child_ > 0) ::kill(child_, SIGKILL);
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Snapshotter::run() {
    for (;;) {
        journal_bytes_.store(segments::directory_bytes(settings_.directory), std::memory_order_relaxed);
        if (is_due()) build();
        forget_some();
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, look_every, [this] { return stopping_; })) return;
    }
}

bool Snapshotter::is_due() const {
    const std::uint64_t since = progress_.bytes_since + ports_.bytes_written() - written_before_;
    return since >= settings_.every_bytes && monotonic_now() >= not_before_ && ports_.through() > progress_.newest;
}

void Snapshotter::build() {
    const std::uint64_t written = ports_.bytes_written();
    const Sequence through = ports_.through();
    const Result<BuiltSnapshot> outcome = run_child(through);
    if (outcome) {
        progress_ = {through, 0};
        written_before_ = written;
    } else {
        not_before_ = monotonic_now() + patience_after_failure;
    }
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ && !outcome) return;  // we ended it ourselves
    }
    finish(outcome, through);
}

void Snapshotter::finish(const Result<BuiltSnapshot>& outcome, Sequence through) {
    if (!outcome) {
        metrics_.snapshot_failed();
        log_.warning("no snapshot was written: a restart replays more, and old segments stay",
                     {{"through", through.value}, {"error", outcome.error().message}});
        return;
    }
    // The base was read back whole just now, so it and the new one are two that stand for everything up to it.
    covered_ = outcome->base;
    metrics_.snapshot_written(outcome->seconds, outcome->bytes);
    log_.info("snapshot written", {{"through", through.value},
                                   {"base", outcome->base.value},
                                   {"bytes", outcome->bytes},
                                   {"seconds", outcome->seconds}});
    if (const segments::Compressed& packed = outcome->compressed; packed.files > 0)
        log_.info("old journal segments were compressed",
                  {{"segments", packed.files}, {"bytes", packed.bytes_before}, {"bytes_now", packed.bytes_after}});
    if (!outcome->not_compressed.empty())
        log_.warning("old journal segments stay uncompressed for now", {{"error", outcome->not_compressed}});
}

std::vector<std::string> Snapshotter::command(Sequence through) const {
    return {"incidentd",        "build-snapshot",
            "--journal",        settings_.directory,
            "--through",        std::to_string(through.value),
            "--parent",         std::to_string(::getpid()),
            "--active-alerts",  std::to_string(settings_.limits.alerts_max),
            "--open-incidents", std::to_string(settings_.limits.incidents_max)};
}

Result<BuiltSnapshot> Snapshotter::run_child(Sequence through) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return segments::io_error("cannot make a pipe for", settings_.program, errno);
    segments::Descriptor reading(ends[0]), writing(ends[1]);
    std::vector<std::string> words = command(through);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const SpawnSettings spawn(writing.get());
    pid_t child = 0;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return Error(ErrorCode::unavailable, "stopping");
        const int failed = ::posix_spawn(&child, settings_.program.c_str(), &spawn.actions, &spawn.attributes,
                                         arguments.data(), environ);
        if (failed != 0) return segments::io_error("cannot run", settings_.program, failed);
        child_ = child;
    }
    writing.close();
    const std::string text = read_all(reading.get());
    // Not reaped yet, so its number still is its own when stop() sends a signal to it.
    siginfo_t ended{};
    while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    const std::lock_guard lock(mutex_);
    child_ = 0;
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return Error(ErrorCode::io, "the process that builds snapshots is lost");
    if (text.empty()) return Error(ErrorCode::io, how_it_ended(status));
    return parse_outcome(text);
}

// One segment at a time: removing a file may take a moment, and a commit waits for it.
void Snapshotter::forget_some() {
    if (covered_.value == 0) return;
    const auto segments = segments::list_segments(settings_.directory);
    if (!segments) return;
    const Sequence through = forgettable(*segments, covered_, settings_.retention, wall_clock_now());
    if (through.value == 0) return;
    log_.info("a journal segment is forgotten: two snapshots stand for it and it is beyond what is kept",
              {{"first", segments->front().first.value}, {"last", segments->front().last.value}});
    ports_.forget(segments->front().last);
}

}  // namespace incidentd
