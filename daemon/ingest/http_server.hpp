// The HTTP server: listeners, plain and TLS, one thread of its own, sessions with bounds in every direction.
// start(), stop(), reload_tls() and ports() belong to one controlling thread; connections() may be asked by any.
#pragma once

#include "correlator/result.hpp"
#include "daemon/config.hpp"
#include "daemon/ingest/http_handler.hpp"
#include "daemon/ingest/http_listener.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace incidentd {

class HttpServer {
public:
    // `handler`, `metrics` and `log` outlive the server. Nothing happens before start().
    HttpServer(std::vector<HttpListener> listeners, const HttpLimits& limits, HttpHandler& handler, Metrics& metrics,
               Log& log);
    ~HttpServer();  // as stop() without grace

    // Opens every listener and begins to serve. Errors, naming the address or file: invalid (address, certificate) or
    // io (in use, no permission); nothing is left open then.
    Result<void> start();

    // Takes no more connections, ends idle ones, waits at most `grace` for requests under way, then ends those too.
    // Replies may still be sent afterwards; they go nowhere.
    void stop(Duration grace);

    // Reads the certificates again; connections that follow use them. On error (as start()) the old ones stay.
    Result<void> reload_tls();

    std::vector<std::uint16_t> ports() const;  // of the listeners, in their order; after start()
    std::uint64_t connections() const;         // open now

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace incidentd
