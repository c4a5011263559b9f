// The server side of TLS: a context from two PEM files. TLS 1.2 at least, no renegotiation, no compression.
#pragma once

#include "correlator/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace incidentd {

// Shared: a connection keeps the certificate it began with while a reload puts another one in place.
using TlsContextPtr = std::shared_ptr<boost::asio::ssl::context>;

// `certificate` holds the chain, the server's own first. Reads both files. Errors: invalid, naming the file and
// OpenSSL's reason; also when key and certificate do not belong together.
Result<TlsContextPtr> load_tls(const std::string& certificate, const std::string& key);

}  // namespace incidentd
