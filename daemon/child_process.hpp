// Work that another process of this program does for the daemon, one at a time: neither its time nor its memory nor a
// crash of it touches the daemon.
#pragma once

#include "correlator/result.hpp"

#include <sys/types.h>

#include <mutex>
#include <string>
#include <vector>

namespace incidentd {

class ChildProcess {
public:
    // `purpose`: for errors, "the process that builds snapshots".
    explicit ChildProcess(std::string purpose, std::string program = "/proc/self/exe");  // even after an upgrade
    // Runs the program with `words` (the first is its name for itself) and waits for its end; what it printed.
    // Errors: io, also when it printed nothing; unavailable after end().
    Result<std::string> run(std::vector<std::string> words);
    void end();  // any thread: kills what runs; from now on nothing does

private:
    const std::string purpose_;
    const std::string program_;
    std::mutex mutex_;
    bool ended_ = false;  // guarded by mutex_
    pid_t child_ = 0;     // guarded by mutex_; 0: none
};

// In the child: steps back behind everything else on the machine, and ends with its parent.
void step_back(pid_t parent);

}  // namespace incidentd
