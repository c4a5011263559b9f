#include "tests/e2e/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <stdexcept>

namespace incidentd::test {

NotifySocket::NotifySocket() : path_(directory_.file("notify")), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot listen on " + path_);
    }
}

NotifySocket::~NotifySocket() { close(fd_); }

bool NotifySocket::hears(const std::string& line, milliseconds limit) {
    return eventually(limit, [&] {
        char buffer[4096];
        ssize_t got = 0;
        while ((got = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
            heard_.append(buffer, static_cast<std::size_t>(got));
            if (heard_.back() != '\n') heard_ += '\n';
        }
        return ("\n" + heard_).find("\n" + line + "\n") != std::string::npos;
    });
}

}  // namespace incidentd::test
