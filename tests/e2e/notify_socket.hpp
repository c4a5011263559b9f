// The other end of sd_notify: what a service manager would hear.
#pragma once

#include "tests/support/process.hpp"

#include <string>

namespace incidentd::test {

class NotifySocket {
public:
    NotifySocket();
    ~NotifySocket();
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    const std::string& path() const { return path_; }
    // Everything heard so far, one line each; waits until it holds `line` or `limit` is over.
    bool hears(const std::string& line, milliseconds limit);
    const std::string& heard() const { return heard_; }
    void forget() { heard_.clear(); }

private:
    TempDirectory directory_;
    std::string path_;
    std::string heard_;
    int fd_ = -1;
};

}  // namespace incidentd::test
