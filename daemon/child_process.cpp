#include "daemon/child_process.hpp"

#include "adapters/journals/segments/files.hpp"
#include "daemon/cli.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace incidentd {
namespace {

// A tenth of a core that something else wants. With 19, which is a seventieth, a busy machine would never get a
// snapshot, and what a start has to replay would grow without end. The same goes for the idle class of disk.
constexpr int child_niceness = 10;

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
        return " was ended by signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
    return " ended with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

ChildProcess::ChildProcess(std::string purpose, std::string program)
    : purpose_(std::move(purpose)), program_(std::move(program)) {}

void ChildProcess::end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (child_ > 0) ::kill(child_, SIGKILL);
}

Result<std::string> ChildProcess::run(std::vector<std::string> words) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return segments::io_error("cannot make a pipe for", program_, errno);
    segments::Descriptor reading(ends[0]), writing(ends[1]);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const SpawnSettings spawn(writing.get());
    pid_t child = 0;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return Error(ErrorCode::unavailable, "stopping");
        const int failed =
            ::posix_spawn(&child, program_.c_str(), &spawn.actions, &spawn.attributes, arguments.data(), environ);
        if (failed != 0) return segments::io_error("cannot run", program_, failed);
        child_ = child;
    }
    writing.close();
    const std::string text = read_all(reading.get());
    // Not reaped yet, so its number still is its own when end() sends a signal to it.
    siginfo_t ended{};
    while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    const std::lock_guard lock(mutex_);
    child_ = 0;
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return Error(ErrorCode::io, purpose_ + " is lost");
    if (text.empty()) return Error(ErrorCode::io, purpose_ + how_it_ended(status));
    return text;
}

// Errors are of no account: in a sandbox that forbids one of these the work is merely less polite.
void step_back(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) std::_Exit(exit_failed);  // it ended before we asked to end with it
    (void)::setpriority(PRIO_PROCESS, 0, child_niceness);
    constexpr int ioprio_who_process = 1, best_effort = 2 << 13, last_of_these = 7;
    (void)::syscall(SYS_ioprio_set, ioprio_who_process, 0, best_effort | last_of_these);
    // When memory runs out, this process goes first.
    if (const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0) {
        (void)!::write(file, "1000", 4);
        ::close(file);
    }
}

}  // namespace incidentd
