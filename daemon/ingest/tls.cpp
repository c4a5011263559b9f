#include "daemon/ingest/tls.hpp"

#include <openssl/ssl.h>

namespace incidentd {

namespace asio = boost::asio;

Result<TlsContextPtr> load_tls(const std::string& certificate, const std::string& key) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX* const raw = context->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // An idle connection then holds no read and write buffers.
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    boost::system::error_code ec;
    context->use_certificate_chain_file(certificate, ec);
    if (ec) {
        return Error(ErrorCode::invalid, certificate + ": not a readable PEM certificate chain: " + ec.message());
    }
    context->use_private_key_file(key, asio::ssl::context::pem, ec);
    if (ec) {
        return Error(ErrorCode::invalid,
                     key + ": not a readable PEM key that belongs to " + certificate + ": " + ec.message());
    }
    if (SSL_CTX_check_private_key(raw) != 1) {
        return Error(ErrorCode::invalid, key + ": does not belong to the certificate in " + certificate);
    }
    return context;
}

}  // namespace incidentd
