// One listening socket and the certificate it serves with.
#pragma once

#include "correlator/result.hpp"
#include "daemon/ingest/asio_types.hpp"
#include "daemon/ingest/http_listener.hpp"
#include "daemon/ingest/tls.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace incidentd {

class Listener {
public:
    Listener(HttpListener spec, IngestExecutor executor);

    // Binds and listens, or takes over the inherited socket. Errors: invalid or io, naming the address.
    Result<void> open();

    TlsContextPtr tls();                    // any thread; null: plain HTTP
    void replace_tls(TlsContextPtr fresh);  // any thread

    IngestAcceptor& acceptor() { return acceptor_; }
    const ListenConfig& config() const { return spec_.config; }
    bool wants_tls() const { return !spec_.config.tls_certificate.empty(); }
    std::string name() const;    // "127.0.0.1:9460"
    std::uint16_t port() const;  // 0: a Unix socket, which has none

private:
    Result<void> adopt();

    const HttpListener spec_;
    IngestAcceptor acceptor_;
    std::mutex mutex_;  // guards tls_
    TlsContextPtr tls_;
};

}  // namespace incidentd
