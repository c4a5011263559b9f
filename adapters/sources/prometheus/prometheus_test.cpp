#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

#include <string>

namespace incidentd::sources::prometheus {
const SourceSpec& spec();
}

using namespace incidentd;
using test_kit::received;

namespace {

std::string alert(const std::string& labels, const std::string& rest = "") {
    return "{\"labels\":{" + labels + "}" + (rest.empty() ? "" : "," + rest) + "}";
}

const std::string disk = "\"alertname\":\"DiskFull\",\"instance\":\"n1:9100\",\"severity\":\"critical\"";

test_kit::Driver driver() { return test_kit::Driver(sources::prometheus::spec()); }

}  // namespace

// Could break: a firing alert taken as resolved because its endsAt is set, or one that never expires.
TEST_CASE("endsAt in the future is a promise, endsAt in the past a recovery") {
    auto d = driver();
    const auto firing = d.post("[" +
                               alert(disk, R"("startsAt":"2026-02-03T04:00:00.5Z","endsAt":"2026-02-03T04:09:00Z",)"
                                           R"("generatorURL":"http://p/graph?a=b\u0026c")") +
                               "]");
    REQUIRE(firing.events().size() == 1);
    const AlertEvent& e = firing.events()[0];
    CHECK(e.kind == EventKind::firing);
    CHECK(e.severity == Severity::critical);
    CHECK(to_rfc3339(e.starts_at) == "2026-02-03T04:00:00.500Z");
    CHECK(to_rfc3339(e.expires_at) == "2026-02-03T04:09:00.000Z");
    CHECK_FALSE(e.ends_at.is_set());
    CHECK(e.url == "http://p/graph?a=b&c");
    CHECK(e.title == "DiskFull (n1:9100)");
    CHECK(e.key.empty());

    const auto resolved = d.post("[" + alert(disk, R"("endsAt":"2026-02-03T04:05:00Z")") + "]");
    REQUIRE(resolved.events().size() == 1);
    CHECK(resolved.events()[0].kind == EventKind::resolved);
    CHECK(resolved.events()[0].ends_at == received);
    CHECK(resolved.events()[0].fingerprint == e.fingerprint);
}

// Could break: amtool's year-1 times, which stand for "absent".
TEST_CASE("zero times are absent: firing until the resolve timeout") {
    auto d = test_kit::Driver(sources::prometheus::spec(), "resolve_timeout: 10m");
    const auto done = d.post("[" +
                             alert(disk, R"("startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00.000Z",)"
                                         R"("annotations":{"summary":"full","description":"really"})") +
                             "]");
    REQUIRE(done.events().size() == 1);
    CHECK(done.events()[0].kind == EventKind::firing);
    CHECK(done.events()[0].expires_at == received + minutes(10));
    CHECK(done.events()[0].title == "full");
    CHECK(done.events()[0].text == "really");
    CHECK(done.events()[0].annotations.size() == 2);
}

// Could break: amtool, which accepts exactly 200 and nothing in the body.
TEST_CASE("success is 200 with an empty body, also for no alerts and unknown members") {
    auto d = driver();
    for (const std::string& body :
         {std::string("[]"), "[" + alert(disk, R"("status":{"x":[1,{"y":null}]})") + "]", std::string(" [ ] ")}) {
        const auto done = d.post(body);
        CHECK(done.outcome.reply.status == 200);
        CHECK(done.outcome.reply.body.empty());
        CHECK(done.outcome.reply.content_type.empty());
        CHECK_FALSE(done.outcome.refused);
    }
}

// Could break: the exact answers that Alertmanager's clients read.
TEST_CASE("errors have Alertmanager's codes and bodies, and good alerts of the batch are taken") {
    struct Case {
        std::string body;
        int status;
        std::string reply;
        std::size_t taken;
    };
    const std::string good = alert(disk);
    const std::vector<Case> cases = {
        {"[" + alert("") + "," + good + "]", 400, R"("at least one label pair required")", 1},
        {"[" + alert("\"a\":\"\"") + "," + good + "]", 400, R"("at least one label pair required")", 1},
        {"[" + good + "," + alert("\"bad-name\":\"x\"") + "]", 400, R"("invalid label set: invalid name \"bad-name\"")",
         1},
        {"[" + good + R"(,{"annotations":{}}])", 422, R"({"code":602,"message":"1.labels in body is required"})", 1},
        {"[" + alert(disk, R"("generatorURL":"not a url")") + "]", 422,
         R"({"code":601,"message":"0.generatorURL in body must be of type uri: \"not a url\""})", 0},
        {"[" + alert(disk, R"("startsAt":"2026-02-03T04:00:00Z","endsAt":"2026-02-03T03:00:00Z")") + "]", 400,
         R"("start time must be before end time")", 0},
        {"", 422, R"({"code":602,"message":"alerts in body is required"})", 0},
        {"null", 422, R"({"code":602,"message":"alerts in body is required"})", 0},
    };
    for (const Case& c : cases) {
        auto d = driver();
        const auto done = d.post(c.body);
        CAPTURE(c.body);
        CHECK(done.outcome.reply.status == c.status);
        CHECK(done.outcome.reply.body == c.reply);
        CHECK(done.events().size() == c.taken);
    }
}

// Could break: half a body taken for a whole one, or trailing text silently ignored.
TEST_CASE("a body that is not one JSON array is refused, naming the byte") {
    auto d = driver();
    for (const std::string& body :
         {"[" + alert(disk), "[" + alert(disk) + "] []", "[" + alert(disk) + "]]", "{\"labels\":{}}" + std::string(),
          std::string("[{\"labels\":{\"a\":\"\\ud800\"}}]"), std::string("[{\"labels\":{\"a\":\"\xff\"}}]")}) {
        const auto done = d.post(body);
        CAPTURE(body);
        REQUIRE(done.outcome.refused);
        CHECK(done.outcome.reply.status == 400);
        CHECK(done.outcome.reply.body.starts_with("{\"code\":400,\"message\":\"parsing alerts body from"));
    }
    const std::string truncated = "[" + alert(disk);
    const std::string expected =
        "at byte " + std::to_string(truncated.size()) + ": expected ',' or ']', found the end of the text";
    CHECK(d.post(truncated).outcome.refused->message.ends_with(expected));
}

TEST_CASE("another media type is answered as Alertmanager does") {  // could break: proxies and tests rely on the text
    auto d = driver();
    test_kit::Request request;
    request.path = "/api/v2/alerts";
    request.body = "[]";
    request.content_type = "text/plain";
    const auto done = d.send(request);
    CHECK(done.outcome.reply.status == 415);
    CHECK(done.outcome.reply.body ==
          R"({"code":415,"message":"unsupported media type \"text/plain\", only [application/json] are allowed"})");
    request.content_type = "application/json; charset=utf-8";
    CHECK(d.send(request).outcome.reply.status == 200);
}

// Could break: one wrong value making the whole batch disappear.
TEST_CASE("wrong types are errors of their alert only") {
    auto d = driver();
    const auto done = d.post("[" + alert("\"a\":1") + ",7," + alert(disk, "\"endsAt\":\"yesterday\"") + "," +
                             R"({"labels":[]},)" + alert("\"a\":\"x\",\"a\":\"y\",\"b\":null") + "]");
    CHECK(done.outcome.reply.status == 400);
    CHECK(done.outcome.rejected.size() == 4);
    REQUIRE(done.events().size() == 1);
    REQUIRE(done.events()[0].labels.size() == 1);
    CHECK(done.events()[0].labels[0].value == "y");  // of duplicate keys the last wins
}
