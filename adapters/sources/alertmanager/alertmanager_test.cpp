#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

namespace incidentd::sources::alertmanager {
const SourceSpec& spec();
}

using namespace incidentd;

namespace {

const std::string sample =
    R"({"receiver":"bridge","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"PumpStalled","site":"north",)"
    R"("severity":"warning"},"annotations":{"summary":"pump 7 stalled"},"startsAt":"2026-02-03T04:05:06.789Z",)"
    R"("endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p:9090/graph?g0.expr=up","fingerprint":"5f2c9a0b1c2d3e4f"},)"
    R"({"status":"resolved","labels":{"alertname":"Old"},"endsAt":"2026-02-03T04:04:00+01:00"}],)"
    R"("groupLabels":{"site":"north"},"externalURL":"http://am:9093","version":"4","groupKey":"{}:{}","truncatedAlerts":0})";

}  // namespace

// Could break: a group's status applied to its alerts, which resolves or fires the wrong ones.
TEST_CASE("each alert of a group has its own status") {
    test_kit::Driver d(sources::alertmanager::spec());
    const auto done = d.post(sample);
    REQUIRE(done.events().size() == 2);
    const AlertEvent& firing = done.events()[0];
    CHECK(firing.kind == EventKind::firing);
    CHECK(firing.key == "5f2c9a0b1c2d3e4f");
    CHECK(firing.severity == Severity::warning);
    CHECK(firing.title == "pump 7 stalled");
    CHECK_FALSE(firing.ends_at.is_set());
    CHECK_FALSE(firing.expires_at.is_set());
    CHECK(done.events()[1].kind == EventKind::resolved);
    CHECK(to_rfc3339(done.events()[1].ends_at) == "2026-02-03T03:04:00.000Z");
    CHECK(done.outcome.reply.status == 200);
    CHECK(done.outcome.reply.body == R"({"status":"ok","accepted":2,"rejected":[]})");
}

// Could break: small emulations, which send the group's status only and hardly anything else.
TEST_CASE("minimal payloads and payload version 3 are read") {
    test_kit::Driver d(sources::alertmanager::spec(), "expire_after: 1h");
    const auto done = d.post(R"({"groupKey":12345,"status":"firing","alerts":[{"labels":{"a":"b"}}]})");
    REQUIRE(done.events().size() == 1);
    CHECK(done.events()[0].key.empty());
    CHECK(done.events()[0].expires_at == test_kit::received + hours(1));
}

// Could break: one bad alert taking the group with it, or nobody hearing of it.
TEST_CASE("bad alerts are named by index, and 422 is only for nothing taken") {
    test_kit::Driver d(sources::alertmanager::spec());
    const auto some =
        d.post(R"({"alerts":[{"status":"firing","labels":{"a":"b"}},{"status":"odd","labels":{"a":"b"}},4]})");
    CHECK(some.events().size() == 1);
    CHECK(some.outcome.rejected.size() == 2);
    CHECK(some.outcome.reply.status == 200);
    CHECK(some.outcome.reply.body.find(R"({"index":1,"reason":"status must be)") != std::string::npos);
    const auto none = d.post(R"({"alerts":[{"status":"firing"}]})");
    CHECK(none.outcome.reply.status == 422);
    CHECK(d.post(R"({"alert":[]})").outcome.reply.status == 400);
}

TEST_CASE("back-pressure is 503, never 429") {  // could break: Alertmanager drops what is answered with 429
    test_kit::Driver d(sources::alertmanager::spec());
    CHECK(d.source->refuse(RejectReason::overloaded, "busy").status == 503);
    CHECK(d.source->refuse(RejectReason::unavailable, "disk").status == 503);
    CHECK(d.source->refuse(RejectReason::unauthorized, "no").status == 401);
}
