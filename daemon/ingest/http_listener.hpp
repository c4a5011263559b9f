// Where the HTTP server listens.
#pragma once

#include "daemon/config.hpp"

namespace incidentd {

struct HttpListener {
    ListenConfig config;
    // A listening TCP socket that somebody opened for us (systemd); the server owns it from start() on. -1: open one at
    // config's address. The TLS files of `config` count in both cases.
    int inherited_fd = -1;
};

}  // namespace incidentd
