#include "daemon/service.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <time.h>

#include <fmt/format.h>
#include <cstdint>
#include <cstdlib>

namespace incidentd {

ServiceManager::ServiceManager() {
    std::uint64_t usec = 0;
    // Half of the limit, as sd_watchdog_enabled(3) advises.
    if (sd_watchdog_enabled(0, &usec) > 0) watchdog_ = Duration{static_cast<std::int64_t>(usec / 2000)};
    const int count = sd_listen_fds(1);
    for (int i = 0; i < count; ++i) sockets_.push_back(SD_LISTEN_FDS_START + i);
}

void ServiceManager::ready(const std::string& status) const { sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }

void ServiceManager::reloading() const {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000).c_str());
}

void ServiceManager::stopping() const { sd_notify(0, "STOPPING=1\nSTATUS=stopping"); }
void ServiceManager::alive() const { sd_notify(0, "WATCHDOG=1"); }

std::optional<std::pair<std::string, std::uint16_t>> bound_to(int socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
    char text[INET6_ADDRSTRLEN] = {};
    if (storage.ss_family == AF_INET) {
        const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
        inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
        return std::pair(std::string(text), ntohs(address.sin_port));
    }
    if (storage.ss_family != AF_INET6) return std::nullopt;
    const auto& address = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    return std::pair(std::string(text), ntohs(address.sin6_port));
}

}  // namespace incidentd
