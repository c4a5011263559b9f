// A certificate that does not load, or is not renewed without a restart, cuts off every sender.
#include "daemon/ingest/tls.hpp"

#include "daemon/ingest/http_test_client.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <boost/asio/ssl/stream.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace incidentd;
using namespace incidentd::test;

namespace {

namespace ssl = boost::asio::ssl;
using Tcp = boost::asio::ip::tcp;

struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "incidentd-tls-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string file(const char* name) const { return (path / name).string(); }
};

// A self-signed certificate for `name`, valid for an hour.
void write_certificate(const Folder& folder, const std::string& name) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* out = std::fopen(folder.file("cert.pem").c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(folder.file("key.pem").c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, int version_max = TLS1_3_VERSION)
        : context_(ssl::context::tls_client), stream_(io_, context_) {
        SSL_set_min_proto_version(stream_.native_handle(), TLS1_VERSION);
        SSL_set_max_proto_version(stream_.native_handle(), version_max);
        stream_.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port});
        stream_.handshake(ssl::stream_base::client, error);
    }
    Response ask(std::string_view bytes) {
        boost::system::error_code ec;
        boost::asio::write(stream_, boost::asio::buffer(bytes), ec);
        return read_response(pending_, [&](std::string& to) {
            char buffer[4096];
            const std::size_t count = stream_.read_some(boost::asio::buffer(buffer), ec);
            to.append(buffer, count);
            return !ec;
        });
    }
    std::string server_name() {
        X509* const certificate = SSL_get1_peer_certificate(stream_.native_handle());
        char name[64] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
        X509_free(certificate);
        return name;
    }
    boost::system::error_code error;

private:
    boost::asio::io_context io_;
    ssl::context context_;
    ssl::stream<Tcp::socket> stream_;
    std::string pending_;
};

struct Secure {
    Folder folder;
    Secure() { write_certificate(folder, "first.example"); }
    HttpListener listener() const { return loopback(0, folder.file("cert.pem"), folder.file("key.pem")); }
};

HttpLimits patient() { return Running::patient_limits(); }

}  // namespace

TEST_CASE("requests are served over TLS, small and large") {
    Secure secure;
    Running run(patient(), secure.listener());
    INFO((run.started.has_error() ? run.started.error().message : std::string()));
    REQUIRE(run.started.has_value());
    TlsClient client(run.port());
    REQUIRE_FALSE(client.error);
    CHECK(client.ask("GET /a HTTP/1.1\r\n\r\n").body == "GET /a ");
    const std::string body(150'000, 'q');
    CHECK(client.ask("POST /b HTTP/1.1\r\nContent-Length: 150000\r\n\r\n" + body).body == "POST /b " + body);
}

TEST_CASE("a new certificate is served after reload, connections under way go on") {
    Secure secure;
    Running run(patient(), secure.listener());
    TlsClient before(run.port());
    CHECK(before.server_name() == "first.example");
    write_certificate(secure.folder, "second.example");
    REQUIRE(run.server->reload_tls().has_value());
    TlsClient after(run.port());
    CHECK(after.server_name() == "second.example");
    CHECK(before.ask("GET /old HTTP/1.1\r\n\r\n").body == "GET /old ");
}

TEST_CASE("a broken certificate is refused with its file's name, and the old one stays") {
    Secure secure;
    Running run(patient(), secure.listener());
    std::ofstream(secure.folder.file("cert.pem")) << "not a certificate";
    const auto reloaded = run.server->reload_tls();
    REQUIRE(reloaded.has_error());
    CHECK(reloaded.error().message.find("cert.pem") != std::string::npos);
    TlsClient client(run.port());
    CHECK(client.server_name() == "first.example");
}

TEST_CASE("a key of another certificate is refused") {
    Secure secure;
    Secure other;
    const auto loaded = load_tls(secure.folder.file("cert.pem"), other.folder.file("key.pem"));
    REQUIRE(loaded.has_error());
    CHECK(loaded.error().message.find("key.pem") != std::string::npos);
    CHECK(load_tls(secure.folder.file("cert.pem"), "/nonexistent/key.pem").has_error());
}

TEST_CASE("TLS before 1.2 and plain HTTP on a TLS port fail, and are counted") {
    Secure secure;
    Running run(patient(), secure.listener());
    TlsClient modern(run.port(), TLS1_2_VERSION);
    CHECK_FALSE(modern.error);
    TlsClient old(run.port(), TLS1_1_VERSION);
    CHECK(old.error);
    Client plain(run.port());
    CHECK(plain.ask("GET / HTTP/1.1\r\n\r\n").status == 0);
    CHECK(eventually([&] { return run.server->connections() == 1; }));
    CHECK(eventually([&] { return run.counted("tls", 2); }));
}

TEST_CASE("a handshake that stalls is ended, and stop does not wait for one") {
    Secure secure;
    Running run(Running::limits(), secure.listener());
    Client silent(run.port());
    CHECK(silent.at_end());
    CHECK(run.counted("timeout", 1));
    Running stopped(patient(), secure.listener());
    Client another(stopped.port());
    CHECK(eventually([&] { return stopped.server->connections() == 1; }));
    stopped.server->stop({});
    CHECK(another.at_end());
}

TEST_CASE("a slow request over TLS gets 408") {
    Secure secure;
    Running run(Running::limits(), secure.listener());
    CHECK(answered_status([&] {
              TlsClient client(run.port());
              return client.error ? 0 : client.ask("GET / HT").status;
          }) == 408);
}
