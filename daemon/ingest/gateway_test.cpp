// A request routed, admitted or answered wrongly is a lost alert or an open door.
#include "daemon/ingest/gateway.hpp"

#include "daemon/ingest/routes.hpp"
#include "daemon/token.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace incidentd;
using namespace std::chrono_literals;

namespace {

// Each line of the body is an alert: "firing x", "resolved x" or "bad". "refuse" refuses the request.
class FakeSource final : public Source {
public:
    explicit FakeSource(std::vector<SourceRoute> routes) : routes_(std::move(routes)) {}
    std::vector<SourceRoute> routes() const override { return routes_; }
    ParseOutcome parse(const HttpRequestView& request, Instant, AlertBatch& out) override {
        seen_path = request.path;
        if (request.body == "refuse") return refused(*this, RejectReason::malformed, "no alerts in it");
        ParseOutcome outcome;
        outcome.reply.body = "taken";
        std::string_view body = request.body;
        for (std::size_t index = 0; !body.empty(); ++index) {
            const std::string_view line = body.substr(0, body.find('\n'));
            body.remove_prefix(std::min(body.size(), line.size() + 1));
            if (line == "bad") {
                outcome.rejected.push_back({index, RejectReason::invalid_field, "bad line"});
                continue;
            }
            AlertDraft draft;
            draft.kind = line.starts_with("resolved") ? EventKind::resolved : EventKind::firing;
            draft.labels = {{"alertname", line}};
            CHECK(out.add(draft, EventLimits{}).has_value());
        }
        return outcome;
    }
    HttpReply refuse(RejectReason reason, std::string_view message) const override {
        return json_error(default_status(reason), std::string("fake: ") + std::string(message));
    }
    std::string seen_path;

private:
    const std::vector<SourceRoute> routes_;
};

struct FakeReply final : Reply {
    explicit FakeReply(std::optional<HttpReply>& to) : to_(to) {}
    void send(HttpReply reply) override { to_ = std::move(reply); }
    std::optional<HttpReply>& to_;
};

std::string header(const HttpReply& reply, std::string_view name) {
    for (const auto& [n, v] : reply.headers) {
        if (n == name) return v;
    }
    return {};
}

struct Desk {
    std::optional<HttpReply> reply;  // first: items left in the inbox still answer when it goes
    FakeSource fake{{{"POST", "/alerts"}, {"POST", "/"}}};
    FakeSource locked{{{"POST", "/in"}}};
    FakeSource slow{{{"POST", "/in"}}};
    FakeSource root{{{"POST", "/api/v2/alerts"}}};
    bool full = false;
    bool memory_full = false;
    bool stalled = false;
    std::vector<std::string> log_lines;
    Log log{{.write = [this](std::string_view line) { log_lines.emplace_back(line); }, .now = {}}};
    Metrics metrics{{"fake", "locked", "prom", "slow"}, {}, "test"};
    Inbox inbox{4096, 4096};
    Gateway gateway{{.sources = {{"fake", "/v1/fake", &fake, {}},
                                 {"locked", "/v1/locked", &locked, {sha256("one"), sha256("two")}},
                                 {"prom", "", &root, {}},
                                 {"slow", "/v1/slow", &slow, {}, RateLimit(60, 3)}},
                     .api_tokens = {sha256("api")},
                     .table_full = [this] { return full; },
                     .memory_full = [this] { return memory_full; },
                     .stalled = [this] { return stalled; }},
                    inbox,
                    metrics,
                    log};

    Desk() {
        const auto answer = [](const char* text) {
            return [text](const HttpRequestView& request, ReplyPtr to) {
                to->send({.status = 200,
                          .content_type = {},
                          .body = std::string(text) + " " + std::string(request.path),
                          .headers = {}});
            };
        };
        gateway.add_route({"GET", "/-/healthy", false, RouteAuth::open, answer("healthy")});
        gateway.add_route({"GET", "/api/v2/alerts", false, RouteAuth::api, answer("list")});
        gateway.add_route({"GET", "/ui", true, RouteAuth::open, answer("ui")});
    }

    // The answer, if one was given at once.
    std::optional<HttpReply> ask(std::string_view method, std::string_view path, std::string_view body = {},
                                 std::vector<HeaderView> headers = {}) {
        reply.reset();
        const HttpRequestView request{method, path, "", headers, body, "9.9.9.9:1"};
        gateway.handle(request, std::make_unique<FakeReply>(reply));
        return reply;
    }
    std::vector<InboxItem> popped() {
        std::vector<InboxItem> items;
        inbox.pop(items, 100, 0us);
        return items;
    }
    bool metric(const std::string& line) { return metrics.text().find("\n" + line + "\n") != std::string::npos; }
};

const std::vector<HeaderView> with_one{{"Authorization", "Bearer one"}};

}  // namespace

TEST_CASE("alerts go into the inbox, and the source's answer waits with them") {
    Desk desk;
    CHECK_FALSE(desk.ask("POST", "/v1/fake/alerts", "firing a\nfiring b"));
    CHECK(desk.fake.seen_path == "/alerts");
    auto items = desk.popped();
    REQUIRE(items.size() == 1);
    auto& item = std::get<AlertsItem>(items[0]);
    CHECK(item.source == 0);
    CHECK(item.batch.source() == "fake");
    CHECK(item.batch.events().size() == 2);
    CHECK_FALSE(desk.reply);
    item.reply->send(std::move(item.accepted));
    REQUIRE(desk.reply);
    CHECK(desk.reply->body == "taken");
    CHECK_FALSE(header(*desk.reply, "X-Request-Id").empty());
    CHECK(desk.metric(R"(incidentd_requests_total{code="200",source="fake"} 1)"));
    CHECK(desk.metric(R"(incidentd_request_duration_seconds_count{source="fake"} 1)"));
}

TEST_CASE("a reply that nobody sends is a counted 503") {
    Desk desk;
    desk.ask("POST", "/v1/fake/alerts", "firing a");
    desk.popped();
    REQUIRE(desk.reply);
    CHECK(desk.reply->status == 503);
    CHECK(desk.metric(R"(incidentd_requests_total{code="503",source="fake"} 1)"));
}

TEST_CASE("every request has an id of its own") {
    Desk desk;
    const std::string first = header(*desk.ask("GET", "/-/healthy"), "X-Request-Id");
    const std::string second = header(*desk.ask("GET", "/nowhere"), "X-Request-Id");
    CHECK(first != second);
    CHECK(first.size() > 8);
}

TEST_CASE("repeated slashes, trailing slashes and the bare mount reach the source") {
    Desk desk;
    desk.ask("POST", "//v1///fake//alerts/", "firing a");
    CHECK(desk.fake.seen_path == "/alerts/");
    desk.ask("POST", "/v1/fake", "firing a");
    CHECK(desk.fake.seen_path == "/");
    CHECK(desk.ask("POST", "/v1/fakery", "firing a")->status == 404);
}

TEST_CASE("an API route and a source may share a path with different methods") {
    Desk desk;
    CHECK(desk.ask("GET", "/api/v2/alerts", "", {{"Authorization", "Bearer api"}})->body == "list /api/v2/alerts");
    CHECK_FALSE(desk.ask("POST", "/api/v2/alerts", "firing a"));
    const auto wrong = desk.ask("PUT", "/api/v2/alerts", "firing a");
    REQUIRE(wrong);
    CHECK(wrong->status == 405);
    CHECK(header(*wrong, "Allow") == "GET,POST");
    CHECK(wrong->body.find("fake: method PUT is not allowed, but [GET,POST] are") != std::string::npos);
}

TEST_CASE("prefix routes take what is below them, HEAD goes where GET does") {
    Desk desk;
    CHECK(desk.ask("GET", "/ui/app.js")->body == "ui /ui/app.js");
    CHECK(desk.ask("HEAD", "/ui/")->status == 200);
    CHECK(desk.ask("GET", "/uix")->status == 404);
}

TEST_CASE("an unknown path is refused by the source whose mount it is under, otherwise by the daemon") {
    Desk desk;
    CHECK(desk.ask("GET", "/v1/fake/nope")->body.find("fake: path /v1/fake/nope was not found") != std::string::npos);
    CHECK(desk.ask("GET", "/api/v2/nope")->body.find("fake: path /api/v2/nope was not found") != std::string::npos);
    CHECK(desk.ask("GET", "/nope")->body.find("\"path /nope was not found") != std::string::npos);
    CHECK(desk.ask("GET", "/nope")->status == 404);
    CHECK(desk.ask("POST", "/-/healthy")->status == 405);
    CHECK(header(*desk.ask("POST", "/-/healthy"), "Allow") == "GET");
}

TEST_CASE("a source with tokens asks for one of them") {
    Desk desk;
    const auto none = desk.ask("POST", "/v1/locked/in", "firing a");
    REQUIRE(none);
    CHECK(none->status == 401);
    CHECK(header(*none, "WWW-Authenticate").starts_with("Bearer"));
    CHECK(desk.ask("POST", "/v1/locked/in", "firing a", {{"Authorization", "Bearer three"}})->status == 401);
    CHECK_FALSE(desk.ask("POST", "/v1/locked/in", "firing a", with_one));
    CHECK_FALSE(desk.ask("POST", "/v1/locked/in", "firing a", {{"authorization", "Basic dTp0d28="}}));  // u:two
    CHECK(desk.metric(R"(incidentd_requests_refused_total{reason="unauthorized",source="locked"} 2)"));
}

TEST_CASE("the API asks for its own tokens, open routes for none") {
    Desk desk;
    CHECK(desk.ask("GET", "/api/v2/alerts")->status == 401);
    CHECK(desk.ask("GET", "/api/v2/alerts", "", with_one)->status == 401);
    CHECK(desk.ask("GET", "/-/healthy")->status == 200);
}

TEST_CASE("what is known from the head is refused before the body, forms excepted") {
    Desk desk;
    const auto early = [&](std::string_view path, std::vector<HeaderView> headers) {
        const HttpRequestView head{"POST", path, "", headers, "", "9.9.9.9:1"};
        const auto refusal = desk.gateway.refuse_early(head);
        return refusal ? refusal->status : 0;
    };
    CHECK(early("/v1/locked/in", {}) == 401);
    CHECK(early("/v1/locked/in", with_one) == 0);
    CHECK(early("/v1/locked/in", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}) == 0);
    CHECK(early("/nope", {}) == 404);
    CHECK(early("/-/healthy", {}) == 405);
    CHECK(early("/v1/fake/alerts", {{"Content-Encoding", "gzip"}}) == 415);
    CHECK(early("/v1/fake/alerts", {}) == 0);
}

TEST_CASE("a refused request and rejected alerts are counted and logged without forging lines") {
    Desk desk;
    CHECK(desk.ask("POST", "/v1/fake/alerts", "refuse")->status == 400);
    CHECK_FALSE(desk.ask("POST", "/v1/fake/alerts", "bad\nfiring a\nbad"));
    CHECK(desk.metric(R"(incidentd_requests_refused_total{reason="malformed",source="fake"} 1)"));
    CHECK(desk.metric(R"(incidentd_alerts_rejected_total{reason="invalid_field",source="fake"} 2)"));
    desk.ask("GET", "/api/v2/a\nb");
    REQUIRE(desk.log_lines.size() == 3);
    CHECK(desk.log_lines[0].find("msg=\"request refused\" source=fake peer=9.9.9.9:1 request_id=") !=
          std::string::npos);
    CHECK(desk.log_lines[1].find("alerts=2 first_index=0 reason=invalid_field") != std::string::npos);
    CHECK(desk.log_lines[2].find('\n') == std::string::npos);
}

TEST_CASE("a request that is broken or too large is its source's when its line says which") {
    Desk desk;
    HttpRequestView line;
    line.method = "POST";
    line.path = "/v1/fake/alerts";
    line.peer = "9.9.9.9:1";
    const auto large = desk.gateway.refuse_broken(line, 413, "the body is larger than 5 bytes");
    REQUIRE(large.has_value());
    CHECK(large->status == 413);
    CHECK_FALSE(header(*large, "X-Request-Id").empty());
    CHECK(desk.metric(R"(incidentd_requests_refused_total{reason="too_large",source="fake"} 1)"));
    line.path = "/nowhere";
    CHECK_FALSE(desk.gateway.refuse_broken(line, 413, "the body is larger than 5 bytes").has_value());
}

TEST_CASE("a request without alerts is answered at once") {
    Desk desk;
    CHECK(desk.ask("POST", "/v1/fake/alerts", "")->body == "taken");
    CHECK(desk.ask("POST", "/v1/fake/alerts", "bad")->body == "taken");
    CHECK(desk.popped().empty());
}

TEST_CASE("a full inbox refuses new alerts but not recoveries") {
    Desk desk;
    std::optional<HttpReply> refused;
    for (int i = 0; i < 20 && !refused; ++i) refused = desk.ask("POST", "/v1/fake/alerts", "firing a");
    REQUIRE(refused);
    CHECK(refused->status == 429);
    CHECK(header(*refused, "Retry-After") == "1");
    CHECK_FALSE(desk.ask("POST", "/v1/fake/alerts", "firing b\nresolved a"));
    CHECK(desk.metric(R"(incidentd_requests_refused_total{reason="overloaded",source="fake"} 1)"));
    desk.reply.reset();
    desk.popped();
}

TEST_CASE("at the limit of active alerts only batches with a recovery come through") {
    Desk desk;
    desk.full = true;
    CHECK(desk.ask("POST", "/v1/fake/alerts", "firing a")->status == 429);
    CHECK_FALSE(desk.ask("POST", "/v1/fake/alerts", "resolved a"));
}

TEST_CASE("above the memory ceiling only batches with a recovery come through, and it is counted") {
    Desk desk;
    desk.memory_full = true;
    CHECK(desk.ask("POST", "/v1/fake/alerts", "firing a")->status == 429);
    CHECK_FALSE(desk.ask("POST", "/v1/fake/alerts", "firing b\nresolved a"));
    CHECK(desk.metric(R"(incidentd_overload_refused_total{reason="memory"} 1)"));
}

TEST_CASE("a source above its rate is told when to come back, its recoveries pass, others do not notice") {
    Desk desk;
    CHECK_FALSE(desk.ask("POST", "/v1/slow/in", "firing a\nfiring b\nfiring c"));
    const auto refused = desk.ask("POST", "/v1/slow/in", "firing d\nfiring e");
    REQUIRE(refused);
    CHECK(refused->status == 429);
    CHECK(header(*refused, "Retry-After") == "2");
    CHECK(desk.metric(R"(incidentd_overload_refused_total{reason="rate"} 1)"));
    CHECK_FALSE(desk.ask("POST", "/v1/slow/in", "firing d\nresolved a"));
    CHECK_FALSE(desk.ask("POST", "/v1/fake/alerts", "firing x"));
}

TEST_CASE("a stalled journal and a closed inbox answer unavailable") {
    Desk desk;
    desk.stalled = true;
    CHECK(desk.ask("POST", "/v1/fake/alerts", "firing a")->status == 503);
    desk.stalled = false;
    desk.inbox.close();
    CHECK(desk.ask("POST", "/v1/fake/alerts", "resolved a")->status == 503);
}

TEST_CASE("the longest mount wins") {
    RouteTable table;
    table.add(0, "/a", {{"POST", "/b/c"}, {"POST", "/x"}});
    table.add(1, "/a/b/", {{"POST", "/c"}});
    CHECK(table.find("POST", "/a/b/c").source == 1);
    CHECK(table.find("POST", "/a/b/c").rest == "/c");
    CHECK(table.find("POST", "/a/x").source == 0);
    CHECK(table.find("POST", "/a/b/d").refusing == 1);
    CHECK(table.find("POST", "/ab").refusing == std::nullopt);
}
