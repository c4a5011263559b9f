// What could break: a door that is open although tokens are asked for, a secret that reaches the log, a certificate
// that is served but was never replaced.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

#include <regex>

namespace incidentd::test {
namespace {

struct Token {
    std::string secret;
    std::string hash;  // as incidentd.yaml wants it
};

Token make_token() {
    const Run made = run({INCIDENTD_BINARY, "token"});
    const std::string said = made.out;
    std::smatch hash;
    std::smatch secret;
    REQUIRE(made.code == 0);
    REQUIRE(std::regex_search(said, hash, std::regex("sha256:[0-9a-f]{64}")));
    const std::string rest = std::regex_replace(said, std::regex("sha256:[0-9a-f]{64}"), "");
    REQUIRE(std::regex_search(rest, secret, std::regex("(^|[^A-Za-z0-9_-])([A-Za-z0-9_-]{43})($|[^A-Za-z0-9_-])")));
    return {secret[2].str(), hash.str()};
}

HttpHeaders bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }

std::string one_alert() { return json_array({alert_json({{"alertname", "Down"}, {"host", "a"}})}); }

// A certificate for 127.0.0.1, signed by itself, with this serial number.
void make_certificate(const TempDirectory& directory, int serial) {
    const Run made =
        run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=incidentd",
             "-addext", "subjectAltName=IP:127.0.0.1", "-set_serial", std::to_string(serial), "-keyout",
             directory.file("key.pem"), "-out", directory.file("certificate.pem")});
    REQUIRE_MESSAGE(made.code == 0, made.err);
}

}  // namespace

TEST_CASE("a source with tokens takes alerts only with one of them") {
    const Token first = make_token();
    const Token second = make_token();
    CHECK(first.secret != second.secret);
    DaemonSetup setup;
    setup.sources = "prometheus: {type: prometheus, tokens: ['" + first.hash + "', '" + second.hash + "']}\n" +
                    "open: {type: nagios}\n";
    setup.extra = "api: {tokens: ['" + second.hash + "']}\n";
    Daemon daemon(setup);
    daemon.start();
    HttpClient client = daemon.client();
    const auto post = [&](const HttpHeaders& headers) {
        return client.post("/api/v2/alerts", one_alert(), headers).status;
    };
    CHECK(post({}) == 401);
    CHECK(post(bearer("wrong")) == 401);
    CHECK(post(bearer(first.hash)) == 401);
    CHECK(post(bearer(first.secret + "x")) == 401);
    CHECK(post({{"Authorization", first.secret}}) == 401);
    CHECK(post(bearer(first.secret)) == 200);
    CHECK(post(bearer(second.secret)) == 200);

    // The daemon's own API asks for its own tokens.
    CHECK(client.get("/api/v2/alerts").status == 401);
    CHECK(client.get("/api/v2/alerts", bearer(first.secret)).status == 401);
    const HttpResponse alerts = client.get("/api/v2/alerts", bearer(second.secret));
    CHECK(alerts.status == 200);
    CHECK(Json(alerts.body).size() == 1);
    CHECK(client.get("/-/healthy").status == 200);

    const std::string metrics = client.get("/metrics", bearer(second.secret)).body;
    CHECK(metrics.find("reason=\"unauthorized\"") != std::string::npos);
    CHECK(daemon.stop().code == 0);
    CHECK(daemon.log().find(first.secret) == std::string::npos);
    CHECK(daemon.log().find(second.secret) == std::string::npos);
}

TEST_CASE("TLS is served, plain HTTP on its port is not, and a reload takes a new certificate") {
    const TempDirectory certificates;
    make_certificate(certificates, 1);
    DaemonSetup setup;
    setup.listen_extra = ", tls: {certificate: '" + certificates.file("certificate.pem") + "', key: '" +
                         certificates.file("key.pem") + "'}";
    Daemon daemon(setup);
    daemon.use_https(certificates.file("certificate.pem"));
    daemon.start();
    CHECK(daemon.send(one_alert()).status == 200);
    CHECK(HttpClient("http://127.0.0.1:" + std::to_string(daemon.port())).get("/-/healthy").status != 200);

    make_certificate(certificates, 2);
    CHECK(daemon.client().get("/-/healthy").status == 0);  // the new one is not the one served
    daemon.process().signal(SIGHUP);
    CHECK(eventually(std::chrono::seconds(10), [&] { return daemon.client().get("/-/healthy").status == 200; }));
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("addresses others can reach need TLS and tokens") {
    const TempDirectory directory;
    const std::string file = directory.write("incidentd.yaml", "state_directory: " + directory.file("state") +
                                                                   "\nlisten: [{address: 0.0.0.0, port: 9460}]\n"
                                                                   "sources: {prometheus: {type: prometheus}}\n");
    const Run checked = run({INCIDENTD_BINARY, "check-config", "--config", file});
    CHECK(checked.code != 0);
    const std::string said = checked.out + checked.err;
    CHECK(said.find("tls") != std::string::npos);
    CHECK(said.find("sources.prometheus.tokens") != std::string::npos);
    CHECK(said.find("incidentd token") != std::string::npos);
    CHECK(run({INCIDENTD_BINARY, "serve", "--config", file}).code > 0);
}

}  // namespace incidentd::test
