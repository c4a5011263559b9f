// Children, ports and directories for tests that drive whole programs. Nothing outlives its object.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace incidentd::test {

using std::chrono::milliseconds;

// A limit meant for an idle machine, as what a loaded or sanitized one needs; every deadline of a test passes through
// here.
milliseconds patient(milliseconds limit);

// Asks every 10 ms until `true_yet` holds or `limit` (made patient) is over; false then.
bool eventually(milliseconds limit, const std::function<bool()>& true_yet);

// A new empty directory that other users may enter; removed with everything in it.
class TempDirectory {
public:
    TempDirectory();
    ~TempDirectory();
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string file(std::string_view name) const { return (path_ / name).string(); }
    std::string write(std::string_view name, std::string_view content) const;  // returns the file's path

private:
    std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);  // "" when it cannot be read

// A loopback TCP port nobody listens on, below the range the kernel hands out by itself. Another process may still
// take it before its user does; the choice is random, so that this stays rare.
std::uint16_t free_port();

struct SpawnOptions {
    std::map<std::string, std::string> environment;  // added to ours
    std::string output_file;                         // stdout and stderr; empty: a file of the Process's own
};

struct Exit {
    int code = -1;  // exit code, or -1 when a signal ended it
    int signal = 0;
};

// One child in its own process group. The destructor kills the group.
class Process {
public:
    explicit Process(std::vector<std::string> arguments, const SpawnOptions& options = {});
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;

    pid_t pid() const { return pid_; }
    bool running();
    void signal(int number) const;
    std::optional<Exit> wait(milliseconds limit);                             // nullopt: still running
    std::optional<Exit> stop(milliseconds limit = std::chrono::seconds(20));  // SIGTERM, then wait
    void kill();                 // SIGKILL to the child alone, and reaps it
    std::string output() const;  // stdout and stderr so far
    double cpu_seconds() const;  // user and system time so far; 0 once it ended

private:
    pid_t pid_ = -1;
    std::optional<Exit> exit_;
    std::string output_file_;
    std::unique_ptr<TempDirectory> own_directory_;
};

struct Run {
    int code = -1;
    std::string out;
    std::string err;
};

// Runs a program to its end; a program that takes longer than `limit` is killed and gives code -1.
Run run(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {},
        milliseconds limit = std::chrono::seconds(60));

}  // namespace incidentd::test
