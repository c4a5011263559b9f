// systemd: readiness, watchdog and sockets handed over. Everything is a no-op when another manager runs us.
#pragma once

#include "correlator/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

class ServiceManager {
public:
    ServiceManager();  // reads and clears the environment systemd set

    void ready(const std::string& status) const;
    void reloading() const;  // with MONOTONIC_USEC, as Type=notify-reload wants it; ready() ends it
    void stopping() const;
    void alive() const;  // WATCHDOG=1

    std::optional<Duration> watchdog_interval() const { return watchdog_; }  // ping at least so often
    const std::vector<int>& sockets() const { return sockets_; }             // listening, owned by whoever takes them

private:
    std::optional<Duration> watchdog_;
    std::vector<int> sockets_;
};

// Where a socket is bound: address and port; nullopt when it is no TCP socket.
std::optional<std::pair<std::string, std::uint16_t>> bound_to(int socket);

}  // namespace incidentd
