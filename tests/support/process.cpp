#include "tests/support/process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;

namespace incidentd::test {
namespace {

// Limits are written for an idle machine. Tests share theirs with other tests, compilers and package installations.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int slowness = 10;
#else
constexpr int slowness = 3;
#endif

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (!added.contains(std::string(text.substr(0, text.find('='))))) result.emplace_back(text);
    }
    for (const auto& [name, value] : added) result.push_back(name + "=" + value);
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

// Everything is prepared before fork(): the child may only make system calls.
pid_t start(std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
            const std::string& out, const std::string& err) {
    std::vector<std::string> variables = merged_environment(environment);
    const std::vector<char*> argv = pointers(arguments);
    const std::vector<char*> envp = pointers(variables);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid > 0) {
        setpgid(pid, pid);
        return pid;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    const int in_fd = open("/dev/null", O_RDONLY);
    const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (dup2(in_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0) _exit(126);
    close_range(3, ~0U, 0);
    execvpe(argv[0], argv.data(), envp.data());
    _exit(127);
}

}  // namespace

milliseconds patient(milliseconds limit) { return limit * slowness; }

bool eventually(milliseconds limit, const std::function<bool()>& true_yet) {
    const auto end = std::chrono::steady_clock::now() + patient(limit);
    while (!true_yet()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
}

TempDirectory::TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "incidentd-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) fail("mkdtemp");
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

TempDirectory::~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TempDirectory::write(std::string_view name, std::string_view content) const {
    const std::filesystem::path target = path_ / name;
    std::filesystem::create_directories(target.parent_path());
    std::ofstream(target, std::ios::binary | std::ios::trunc) << content;
    return target.string();
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::uint16_t free_port() {
    static std::mt19937 random(std::random_device{}());
    std::uniform_int_distribution<int> any(20000, 31999);
    for (int tries = 0; tries < 1000; ++tries) {
        const auto port = static_cast<std::uint16_t>(any(random));
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) fail("socket");
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        close(fd);
        if (free) return port;
    }
    throw std::runtime_error("no free port between 20000 and 31999");
}

Process::Process(std::vector<std::string> arguments, const SpawnOptions& options) : output_file_(options.output_file) {
    if (output_file_.empty()) {
        own_directory_ = std::make_unique<TempDirectory>();
        output_file_ = own_directory_->file("output");
    }
    pid_ = start(arguments, options.environment, output_file_, output_file_);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_(other.exit_),
      output_file_(std::move(other.output_file_)),
      own_directory_(std::move(other.own_directory_)) {}

Process::~Process() {
    if (pid_ <= 0 || exit_) return;
    ::kill(-pid_, SIGKILL);
    kill();
}

bool Process::running() { return !wait(milliseconds(0)); }

void Process::signal(int number) const {
    if (!exit_) ::kill(pid_, number);
}

std::optional<Exit> Process::wait(milliseconds limit) {
    const auto look = [this] {
        int status = 0;
        if (!exit_ && waitpid(pid_, &status, WNOHANG) == pid_) {
            exit_ = WIFEXITED(status) ? Exit{WEXITSTATUS(status), 0} : Exit{-1, WTERMSIG(status)};
        }
        return exit_.has_value();
    };
    eventually(limit, look);
    return exit_;
}

std::optional<Exit> Process::stop(milliseconds limit) {
    signal(SIGTERM);
    return wait(limit);
}

void Process::kill() {
    if (exit_) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_ = Exit{-1, SIGKILL};
}

std::string Process::output() const { return read_file(output_file_); }

double Process::cpu_seconds() const {
    const std::string stat = read_file("/proc/" + std::to_string(pid_) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(stat.substr(name_end + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

Run run(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment, milliseconds limit) {
    const TempDirectory directory;
    const std::string out = directory.file("out");
    const std::string err = directory.file("err");
    const pid_t pid = start(arguments, environment, out, err);
    int status = 0;
    const bool ended = eventually(limit, [&] { return waitpid(pid, &status, WNOHANG) == pid; });
    if (!ended) {
        ::kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    Run result;
    result.code = ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.out = read_file(out);
    result.err = read_file(err);
    return result;
}

}  // namespace incidentd::test
