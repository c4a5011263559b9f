// A request repeated behind the dispatcher's back opens a second ticket; a slow or endless answer stops all deliveries.
#include "daemon/egress/http_client.hpp"

#include "tests/support/contract_server.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace incidentd {
namespace {

using test::ContractAnswer;
using test::ContractRequest;
using test::ContractServer;

HttpCall call_to(const std::string& url, std::string method = "POST", Duration timeout = seconds(60)) {
    HttpCall call;
    call.method = std::move(method);
    call.url = url;
    call.timeout = timeout;
    if (call.method != "GET") call.body = "{}";
    return call;
}

std::variant<HttpAnswer, NoAnswer> perform(HttpClient& client, HttpCall call) {
    client.start(1, std::move(call));
    std::vector<HttpClient::Done> done;
    while (done.empty()) client.poll(seconds(1), done);
    return done.front().outcome;
}

}  // namespace

TEST_CASE("http client: a request arrives as it was given, the answer comes back whole") {
    ContractServer server([](const ContractRequest&) { return ContractAnswer{201, "hello", {{"X-Test", "a b"}}}; });
    HttpClient client({});
    HttpCall call = call_to(server.url() + "/a/b?c=d", "PUT");
    call.headers = {{"Content-Type", "application/json"}, {"X-Mine", "1"}};
    call.body = std::string("{\"a\":\0}", 7);
    const auto answer = std::get<HttpAnswer>(perform(client, call));
    CHECK(answer.status == 201);
    CHECK(answer.body == "hello");
    CHECK(answer.header("x-test") == "a b");
    REQUIRE(server.requests().size() == 1);
    const ContractRequest seen = server.requests().front();
    CHECK(seen.method == "PUT");
    CHECK(seen.path == "/a/b");
    CHECK(seen.query == "c=d");
    CHECK(seen.header("X-Mine") == "1");
    CHECK(seen.body == call.body);
    CHECK(seen.header("Expect").empty());
    for (const char* method : {"GET", "POST", "PUT"}) perform(client, call_to(server.url(), method));
    CHECK(server.requests()[1].method == "GET");
    CHECK(server.requests()[1].body.empty());
    CHECK(server.connection_count() == 1);
}

TEST_CASE("http client: redirects are answers, the environment's proxy is not used") {
    ContractServer server([](const ContractRequest&) {
        return ContractAnswer{302, "", {{"Location", "http://127.0.0.1:1/"}}};
    });
    ::setenv("http_proxy", "http://127.0.0.1:1/", 1);
    HttpClient client({});
    const auto outcome = perform(client, call_to(server.url()));
    ::unsetenv("http_proxy");
    CHECK(std::get<HttpAnswer>(outcome).status == 302);
}

TEST_CASE("http client: it is known whether anything was sent") {
    HttpClient client({});
    CHECK(!std::get<NoAnswer>(perform(client, call_to("http://127.0.0.1:1/"))).may_have_arrived);
    CHECK(!std::get<NoAnswer>(perform(client, call_to("http://no-such-host.invalid/"))).may_have_arrived);
    CHECK(!std::get<NoAnswer>(perform(client, call_to("gopher://127.0.0.1/"))).may_have_arrived);
    ContractServer silent([](const ContractRequest&) {
        ContractAnswer answer;
        answer.end = ContractAnswer::End::silence;
        return answer;
    });
    const auto timed_out = std::get<NoAnswer>(perform(client, call_to(silent.url(), "POST", seconds(1))));
    CHECK(timed_out.may_have_arrived);
    CHECK(timed_out.reason.find("timed out") != std::string::npos);
    const std::string as_tls = "https" + silent.url().substr(4);
    CHECK(!std::get<NoAnswer>(perform(client, call_to(as_tls, "POST", milliseconds(500)))).may_have_arrived);
}

TEST_CASE("http client: a request is not sent twice when a kept connection breaks under it") {
    int handled = 0;
    ContractServer server([&](const ContractRequest&) {
        ContractAnswer answer;
        if (++handled == 2) answer.end = ContractAnswer::End::close;
        return answer;
    });
    HttpClient client({});
    CHECK(std::holds_alternative<HttpAnswer>(perform(client, call_to(server.url()))));
    const auto broken = perform(client, call_to(server.url()));
    CHECK(server.request_count() == 2);
    REQUIRE(std::holds_alternative<NoAnswer>(broken));
    CHECK(std::get<NoAnswer>(broken).may_have_arrived);
    CHECK(std::holds_alternative<HttpAnswer>(perform(client, call_to(server.url()))));
}

TEST_CASE("http client: an endless answer is cut, and counts") {
    ContractServer server([](const ContractRequest&) { return ContractAnswer{200, std::string(100'000, 'x')}; });
    HttpClientOptions options;
    options.answer_bytes_max = 1000;
    HttpClient client(options);
    const auto answer = std::get<HttpAnswer>(perform(client, call_to(server.url())));
    CHECK(answer.status == 200);
    CHECK(answer.body.size() == 1000);
}

}  // namespace incidentd
