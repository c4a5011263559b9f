// A wrong verdict loses a ticket (rejected too early) or doubles it (retried without looking it up).
#include "adapters/sink.hpp"

#include "adapters/sinks/test_kit.hpp"

#include <doctest/doctest.h>

namespace incidentd {
namespace {

struct Silent final : SinkSession {
    SinkStep start() override { return HttpCall{}; }
    SinkStep resume(const HttpAnswer&) override { return delivered("1", ""); }
    using SinkSession::resume;
};

SinkVerdict failure(int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = {}) {
    return verdict_of_failure({status, std::move(headers), std::move(body)}, "create");
}

}  // namespace

TEST_CASE("sink: which answers are worth another attempt, and which leave it unclear what happened") {
    using Kind = SinkVerdict::Kind;
    for (const int status : {500, 502, 503, 504, 408}) {
        CHECK(failure(status).kind == Kind::retry);
        CHECK(failure(status).unclear);
    }
    for (const int status : {425, 429}) {
        CHECK(failure(status).kind == Kind::retry);
        CHECK(!failure(status).unclear);
    }
    for (const int status : {302, 400, 401, 403, 404, 409, 410, 422}) CHECK(failure(status).kind == Kind::rejected);
    CHECK(failure(301, {{"Location", "https://other.example"}}).reason ==
          "create: HTTP 301; redirects are not followed, configure the final URL: https://other.example");
}

TEST_CASE("sink: Retry-After in seconds or as a date, bounded; a date alone is left to whoever has a clock") {
    CHECK(failure(429, {{"retry-after", "7"}}).retry_after == seconds(7));
    CHECK(failure(503, {{"Retry-After", "0"}}).retry_after == seconds(0));
    CHECK(failure(503, {{"Retry-After", "9999999999"}}).retry_after == hours(24));
    const char* const until = "Wed, 21 Oct 2026 07:28:00 GMT";
    CHECK(failure(503, {{"Retry-After", until}, {"Date", "Wed, 21 Oct 2026 07:26:30 GMT"}}).retry_after == seconds(90));
    CHECK(failure(503, {{"Retry-After", until}, {"Date", "Wed, 21 Oct 2026 07:29:00 GMT"}}).retry_after == seconds(0));
    CHECK(failure(503, {{"Retry-After", until}, {"Date", "Tue, 20 Oct 1998 07:29:00 GMT"}}).retry_after == hours(24));
    const SinkVerdict by_date = failure(503, {{"Retry-After", until}, {"Date", "now"}});
    CHECK(!by_date.retry_after);
    CHECK(by_date.retry_at == Instant{1'792'567'680'000});
    for (const char* other : {"-1", "1.5", "", "99999999999999999999999", "tomorrow"}) {
        CHECK(!failure(503, {{"Retry-After", other}}).retry_after);
        CHECK(!failure(503, {{"Retry-After", other}}).retry_at);
    }
}

TEST_CASE("sink: what a server says is quoted in one bounded, clean line") {
    CHECK(failure(400, {}, "{\n  \"message\" : \"no\xFF queue\"\r\n}\n").reason ==
          "create: HTTP 400: { \"message\" : \"no queue\" }");
    CHECK(failure(400, {}, std::string(10'000, 'x')).reason.size() < 350);
}

TEST_CASE("sink: no answer is unclear exactly when the request may have arrived") {
    Silent session;
    const auto refused = std::get<SinkVerdict>(session.resume(NoAnswer{false, "connection refused"}));
    CHECK(refused.kind == SinkVerdict::Kind::retry);
    CHECK(!refused.unclear);
    CHECK(refused.reason == "connection refused");
    CHECK(std::get<SinkVerdict>(session.resume(NoAnswer{true, "timeout"})).unclear);
}

TEST_CASE("render_text: an opened ticket says what, since when, how bad, which alerts, and where to look") {
    const std::string text = render_text(test_kit::sample_action(ActionKind::open_ticket), "https://incidentd.example");
    CHECK(text == R"(Disk full on "db1"

Why this incident: 2 alerts share host=db1 within 5m
Since: 2026-02-02 02:40:00 UTC
Priority: P2 (impact high, urgency high)
Severity: error, at its worst critical
Service: billing
Category: storage
Assigned to: dba
Alerts: 2 firing of 3, 9 messages

What happened:
- 2 older changes not shown
- 2026-02-02 02:45:00 UTC  Replication lag joined

Alerts, worst first:
- ERROR  Disk full
  from prometheus, 8 messages, first 2026-02-02 02:40:00 UTC, last 2026-02-02 02:45:00 UTC
  host=db1, path=/var /lib
  https://prometheus.example/graph?g0=1
- resolved  Replication lag
  from prometheus, 1 message, first 2026-02-02 02:40:00 UTC
  host=db1, path=/var /lib
- and 1 more alert

Incident: INC-42 (incidentd-0123456789ab-42)
Link: https://incidentd.example/incidents/incidentd-0123456789ab-42
)");
}

// Could break: the same outage for the third time, and nobody reads what ended it the last time.
TEST_CASE("render_text: a ticket names earlier incidents like it, what ended them and their tickets") {
    Action action = test_kit::sample_action(ActionKind::open_ticket);
    CHECK(render_text(action, "").find("Seen before") == std::string::npos);
    Likeness last;
    last.incident = IncidentId{12};
    last.percent = 94;
    last.times = 3;
    last.ended_at = {1'769'740'200'000};
    last.lasted = minutes(14);
    last.said_by = "ann";
    last.said = "grew\nthe volume";
    last.ticket = "17";
    last.ticket_url = "https://rt.example/17";
    Likeness other;
    other.incident = IncidentId{3};
    other.percent = 50;
    other.ended_at = last.ended_at;
    other.alerts = 2;
    action.incident.earlier = {last, other};
    const std::string text = render_text(action, "");
    CHECK(
        text.find("Seen before: INC-12 (94 % alike, the last of 3), ended 2026-01-30 02:30:00 UTC after 14m: ann said "
                  "\"grew the volume\"; ticket 17 https://rt.example/17\n") != std::string::npos);
    CHECK(text.find("Seen before: INC-3 (50 % alike), ended 2026-01-30 02:30:00 UTC after 0s: its 2 alerts ended by "
                    "themselves\n") != std::string::npos);
}

TEST_CASE("render_text: a resolved ticket says how long it took; without an external URL there is no link") {
    Action action = test_kit::sample_action(ActionKind::resolve_ticket);
    action.incident.acknowledged = true;
    action.incident.acknowledged_by = "ada";
    const std::string text = render_text(action, "");
    CHECK(text.find("Resolved: all alerts resolved\n") != std::string::npos);
    CHECK(text.find("Until: 2026-02-02 04:40:00 UTC, 2h\n") != std::string::npos);
    CHECK(text.find("Acknowledged: by ada\n") != std::string::npos);
    CHECK(text.find("Link") == std::string::npos);
    action.kind = ActionKind::update_ticket;
    CHECK(render_text(action, "").find("Update: all alerts resolved\n") != std::string::npos);
}

}  // namespace incidentd
