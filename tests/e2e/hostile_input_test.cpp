// What could break: bad input that crashes, is taken in silence, takes good alerts down with it, or is refused without
// a word a sender's operator could act on.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

struct BadRequest {
    std::string name;
    const char* method;
    std::string path;
    std::string content_type;
    std::string body;
    int status;
    const char* says;  // part of the answer's body; "" for any
};

std::string good() { return alert_json({{"alertname", "Good"}, {"host", "a"}}); }

std::vector<BadRequest> bad_requests() {
    const std::string json = "application/json";
    const std::string alerts = "/api/v2/alerts";
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += '[';
    return {
        {"truncated", "POST", alerts, json, "[" + good(), 400, ""},
        {"no JSON at all", "POST", alerts, json, "hello", 400, ""},
        {"empty body", "POST", alerts, json, "", 422, ""},
        {"an object instead of a list", "POST", alerts, json, good(), 400, ""},
        {"nested 100,000 deep", "POST", alerts, json, deep, 400, ""},
        {"labels of another type", "POST", alerts, json, R"([{"labels":["a"]}])", 400, "labels"},
        {"a label's value of another type", "POST", alerts, json, R"([{"labels":{"alertname":7}}])", 400,
         "must hold strings"},
        {"no labels", "POST", alerts, json, R"([{"annotations":{}}])", 422, "label"},
        {"a time that is none", "POST", alerts, json, R"([{"labels":{"alertname":"x"},"startsAt":"yesterday"}])", 400,
         "startsAt"},
        {"not UTF-8", "POST", alerts, json, "[{\"labels\":{\"alertname\":\"\xff\xfe\"}}]", 400, "UTF-8"},
        {"wrong content type", "POST", alerts, "text/plain", "[" + good() + "]", 415, "text/plain"},
        {"unknown path", "POST", "/api/v2/nope", json, "[]", 404, ""},
        {"wrong method", "DELETE", alerts, json, "", 405, ""},
        {"oversized body", "POST", alerts, json, std::string(17U << 20U, ' '), 413, ""},
    };
}

// By the source, by the alert, or by the connection: which one depends on how far the request came.
double refusals(const Daemon& daemon) {
    return daemon.metric_sum("incidentd_requests_refused_total") +
           daemon.metric_sum("incidentd_alerts_rejected_total") +
           daemon.metric_sum("incidentd_connections_refused_total");
}

}  // namespace

TEST_CASE("bad requests are answered with a status and a reason, and are counted") {
    Daemon daemon;
    daemon.start();
    for (const BadRequest& bad : bad_requests()) {
        CAPTURE(bad.name);
        const double before = refusals(daemon);
        const HttpResponse reply =
            daemon.client().request(bad.method, bad.path, bad.body, {{"Content-Type", bad.content_type}});
        INFO(reply.body.substr(0, 300));
        // A refusal before the whole body was read may close the connection under the sender's feet.
        const bool closed_early = bad.status == 413 && reply.status == 0;
        if (!closed_early) {
            CHECK(reply.status == bad.status);
            CHECK_FALSE(reply.body.empty());
            CHECK(reply.body.find(bad.says) != std::string::npos);
        }
        CHECK(refusals(daemon) > before);
    }
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() == 0);
    // Still of good health.
    CHECK(daemon.send(json_array({good()})).status == 200);
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() == 1);
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("a bad alert does not take the good ones of its request with it") {
    Daemon daemon;
    daemon.start();
    const std::string huge = alert_json({{"alertname", "Huge"}, {"blob", std::string(1U << 20U, 'x')}});
    const HttpResponse reply = daemon.send(json_array({good(), huge, alert_json({{"alertname", "Other"}})}));
    CHECK(reply.status == 400);
    CHECK(reply.body.find("blob") != std::string::npos);
    CHECK(Json(daemon.client().get("/api/v2/alerts").body).size() == 2);
    CHECK(daemon.metric_sum("incidentd_alerts_rejected_total") == 1);
}

TEST_CASE("an empty list is no error: Prometheus may send it") {
    Daemon daemon;
    daemon.start();
    CHECK(daemon.send("[]").status == 200);
}

TEST_CASE("of a label given twice the last one counts") {
    Daemon daemon;
    daemon.start();
    CHECK(daemon.send(R"([{"labels":{"alertname":"first","alertname":"last"}}])").status == 200);
    const Json alerts(daemon.client().get("/api/v2/alerts").body);
    REQUIRE(alerts.size() == 1);
    CHECK(alerts.text("/0/labels/alertname") == "last");
}

TEST_CASE("broken HTTP ends the connection and nothing else") {
    Daemon daemon;
    daemon.start();
    const std::string post = "POST /api/v2/alerts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (const std::string& bytes :
         {std::string("\x16\x03\x01\x02\x00 not http"), std::string("GET\r\n\r\n"), post + "Content-Length: -1\r\n\r\n",
          post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n[]", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
          "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n"}) {
        CAPTURE(bytes.substr(0, 100));
        const std::string answer = raw_exchange(daemon.port(), bytes);
        CHECK((answer.empty() || answer.starts_with("HTTP/1.1 4")));
    }
    // Two requests at once, answered in order.
    const std::string both = raw_exchange(daemon.port(),
                                          "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
                                          "GET /nope HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::size_t first = both.find("HTTP/1.1 200");
    const std::size_t second = both.find("HTTP/1.1 404");
    CHECK(first == 0);
    CHECK(second != std::string::npos);
    CHECK(daemon.send(json_array({good()})).status == 200);
}

}  // namespace incidentd::test
