#include "daemon/ingest/listener.hpp"

#include <sys/socket.h>

#include <utility>

namespace incidentd {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using SystemError = boost::system::error_code;

}  // namespace

Listener::Listener(HttpListener spec, IngestExecutor executor) : spec_(std::move(spec)), acceptor_(executor) {}

std::string Listener::name() const {
    if (spec_.inherited_fd >= 0) return "inherited socket " + std::to_string(spec_.inherited_fd);
    const std::string& address = spec_.config.address;
    const bool v6 = address.find(':') != std::string::npos;
    return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(spec_.config.port);
}

Result<void> Listener::open() {
    if (spec_.inherited_fd >= 0) return adopt();
    SystemError ec;
    const std::string host = spec_.config.address == "localhost" ? "127.0.0.1" : spec_.config.address;
    const auto address = asio::ip::make_address(host, ec);
    if (ec) return Error(ErrorCode::invalid, name() + ": is not an IP address to listen on");
    const Tcp::endpoint endpoint(address, spec_.config.port);
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(IngestAcceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(IngestAcceptor::max_listen_connections, ec);
    if (ec) return Error(ErrorCode::io, "cannot listen on " + name() + ": " + ec.message());
    return {};
}

Result<void> Listener::adopt() {
    const int fd = spec_.inherited_fd;
    int listening = 0;
    socklen_t size = sizeof listening;
    sockaddr_storage address{};
    socklen_t address_size = sizeof address;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_size) != 0 ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6 && address.ss_family != AF_UNIX)) {
        return Error(ErrorCode::invalid, name() + ": is not a listening TCP or Unix socket");
    }
    // Of a Unix socket the protocol is never asked again: a stream is a stream.
    SystemError ec;
    acceptor_.assign(address.ss_family == AF_INET6 ? Tcp::v6() : Tcp::v4(), fd, ec);
    if (ec) return Error(ErrorCode::io, name() + ": " + ec.message());
    return {};
}

std::uint16_t Listener::port() const {
    SystemError ec;
    const Tcp::endpoint endpoint = acceptor_.local_endpoint(ec);
    return ec || endpoint.data()->sa_family == AF_UNIX ? std::uint16_t{0} : endpoint.port();
}

TlsContextPtr Listener::tls() {
    const std::lock_guard lock(mutex_);
    return tls_;
}

void Listener::replace_tls(TlsContextPtr fresh) {
    const std::lock_guard lock(mutex_);
    tls_ = std::move(fresh);
}

}  // namespace incidentd
