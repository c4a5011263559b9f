// RT says 201 or 200 to requests it ignored; believing it would double tickets or leave them open for ever.
#include "adapters/json_reader.hpp"
#include "adapters/registry.hpp"
#include "adapters/sinks/test_kit.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace incidentd::sinks::request_tracker {
const SinkSpec& spec();
namespace {

using Kind = SinkVerdict::Kind;

constexpr std::string_view options = R"(
url: https://rt.example/
token: {env: TOKEN}
queue: Incidents
requestor: noc@example.org
custom_fields: {Service: "{{service}}", Key: "{{key}} on {{label.host}}"}
)";

const std::string link = "https://incidentd.example/incidents/incidentd-0123456789ab-42";

HttpAnswer answer(int status, std::string body) { return {status, {{"Content-Type", "application/json"}}, body}; }

std::string ticket_json(std::string_view status, std::string_view refers_to) {
    return R"({"id": 17, "Status": ")" + std::string(status) + R"(", "_hyperlinks": [{"ref": "self", "_url": "x"},
        {"ref": "refers-to", "type": "external", "_url": ")" +
           std::string(refers_to) + R"("}]})";
}

// One session, told the answers in turn; "METHOD path" of every call is kept.
struct Talk {
    explicit Talk(ActionKind kind, bool look_up_first = false, std::string_view yaml = options)
        : action(test_kit::sample_action(kind)), made(test_kit::make_sink(spec(), yaml)) {
        INFO(made.problems.text());
        REQUIRE(made.sink != nullptr);
        session = made.sink->begin(action, {look_up_first ? 2U : 1U, look_up_first, {}});
        take(session->start());
    }
    void take(SinkStep step) {
        if (auto* call = std::get_if<HttpCall>(&step)) {
            calls.push_back(call->method + " " + call->url.substr(std::string("https://rt.example/REST/2.0").size()));
            last = *call;
        } else {
            verdict = std::get<SinkVerdict>(step);
        }
    }
    Talk& hears(int status, std::string body) {
        REQUIRE(!verdict.has_value());
        take(session->resume(answer(status, std::move(body))));
        return *this;
    }
    Action action;
    test_kit::MadeSink made;
    std::unique_ptr<SinkSession> session;
    std::vector<std::string> calls;
    HttpCall last;
    std::optional<SinkVerdict> verdict;
};

std::string member(const std::string& json, std::string_view name) {
    JsonReader reader;
    REQUIRE(!reader.parse(json));
    return std::string(reader.text(reader.root().get_object().value(), name));
}

}  // namespace

TEST_CASE("request tracker: a ticket is created with the link that finds it again") {
    Talk talk(ActionKind::open_ticket);
    CHECK(talk.calls == std::vector<std::string>{"POST /ticket"});
    CHECK(talk.last.headers.front() == std::pair<std::string, std::string>{"Authorization", "token secret of TOKEN"});
    CHECK(member(talk.last.body, "Queue") == "Incidents");
    CHECK(member(talk.last.body, "Subject") == "[P2] Disk full on \"db1\"");
    CHECK(member(talk.last.body, "ContentType") == "text/plain");
    CHECK(member(talk.last.body, "Priority") == "80");
    CHECK(member(talk.last.body, "RefersTo") == link);
    CHECK(member(talk.last.body, "Requestor") == "noc@example.org");
    CHECK(member(talk.last.body, "Content") == render_text(talk.action, "https://incidentd.example"));
    CHECK(talk.last.body.find(R"("CustomFields":{"Service":"billing","Key":"incidentd-0123456789ab-42 on db1"}})") !=
          std::string::npos);
    talk.hears(201, R"({"type":"ticket","id":"17","_url":"x"})");
    CHECK(talk.verdict->kind == Kind::delivered);
    CHECK(talk.verdict->ticket == "17");
    CHECK(talk.verdict->ticket_url == "https://rt.example/Ticket/Display.html?id=17");
}

TEST_CASE("request tracker: after an unclear end the ticket is looked up and compared before another is created") {
    Talk talk(ActionKind::open_ticket, true);
    CHECK(talk.calls.back() ==
          "GET /tickets?query=RefersTo%3D%27https%3A%2F%2Fincidentd.example%2Fincidents%2Fincidentd-0123456789ab-42%27"
          "&orderby=id&per_page=5");
    SUBCASE("none: created") {
        talk.hears(200, R"({"total":0,"items":[],"pages":0.0})");
        CHECK(talk.calls.back() == "POST /ticket");
    }
    SUBCASE("found") {
        talk.hears(200, R"({"items":[{"id":"17"},{"id":"18"}]})").hears(200, ticket_json("open", link));
        CHECK(talk.calls.back() == "GET /ticket/17");
        CHECK(talk.verdict->ticket == "17");
    }
    SUBCASE("the second of two, the first being a stranger's") {
        talk.hears(200, R"({"items":[{"id":"16"},{"id":17}]})").hears(200, ticket_json("open", link + "1"));
        talk.hears(200, ticket_json("open", link));
        CHECK(talk.verdict->ticket == "17");
    }
    SUBCASE("only strangers: created") {
        talk.hears(200, R"({"items":[{"id":"16"},{"id":"17"}]})").hears(200, ticket_json("open", "")).hears(404, "{}");
        CHECK(talk.calls.back() == "POST /ticket");
    }
    SUBCASE("no answer to believe") {
        talk.hears(200, "<html>log in</html>");
        CHECK(talk.verdict->kind == Kind::retry);
        CHECK(talk.verdict->unclear);
    }
}

TEST_CASE("request tracker: failures of create") {
    Talk talk(ActionKind::open_ticket);
    SUBCASE("bad request") {
        talk.hears(400, R"({"message":"Could not create ticket. Queue not set"})");
        CHECK(talk.verdict->kind == Kind::rejected);
        CHECK(talk.verdict->reason.find("Queue not set") != std::string::npos);
    }
    SUBCASE("wrong token: people mend it") {
        talk.hears(401, R"({"message":"Unauthorized"})");
        CHECK(talk.verdict->kind == Kind::retry);
        CHECK(!talk.verdict->unclear);
        CHECK(talk.verdict->reason.find("check the token") != std::string::npos);
    }
    SUBCASE("unknown queue or no right") {
        talk.hears(403, R"({"message":"No permission to create tickets in the queue 'Incidents'"})");
        CHECK(talk.verdict->kind == Kind::retry);
        CHECK(talk.verdict->reason.find("in the queue 'Incidents'") != std::string::npos);
    }
    SUBCASE("server error: unclear") {
        talk.hears(500, "");
        CHECK(talk.verdict->unclear);
    }
    SUBCASE("201 without a ticket: unclear") {
        talk.hears(201, "{}");
        CHECK(talk.verdict->kind == Kind::retry);
        CHECK(talk.verdict->unclear);
    }
}

TEST_CASE("request tracker: an update is a comment, or a correspondence where that is wanted") {
    Talk talk(ActionKind::update_ticket);
    CHECK(talk.calls.back() == "POST /ticket/17/comment");
    CHECK(member(talk.last.body, "ContentType") == "text/plain");
    SUBCASE("taken") {
        talk.hears(201, R"(["Comments added"])");
        CHECK(talk.verdict->ticket == "17");
    }
    SUBCASE("no such ticket: RT only says 400") {
        talk.hears(400, R"({"message":"Message could not be recorded"})").hears(404, R"({"message":"Not Found"})");
        CHECK(talk.verdict->kind == Kind::rejected);
        CHECK(talk.verdict->reason == "RT has no ticket 17 any more");
    }
    SUBCASE("another 400") {
        talk.hears(400, R"({"message":"odd"})").hears(200, ticket_json("open", link));
        CHECK(talk.verdict->kind == Kind::rejected);
        CHECK(talk.verdict->reason.find("odd") != std::string::npos);
    }
    Talk mail(ActionKind::update_ticket, false, std::string(options) + "update_as: correspond\n");
    CHECK(mail.calls.back() == "POST /ticket/17/correspond");
}

TEST_CASE("request tracker: a ticket is resolved by a comment with the status, and read back") {
    Talk talk(ActionKind::resolve_ticket);
    CHECK(talk.calls.back() == "GET /ticket/17");
    SUBCASE("open") {
        talk.hears(200, ticket_json("open", link));
        CHECK(talk.calls.back() == "POST /ticket/17/comment");
        CHECK(member(talk.last.body, "Status") == "resolved");
        SUBCASE("done") {
            talk.hears(201, R"(["Comments added","Status changed from 'open' to 'resolved'"])");
            talk.hears(200, ticket_json("resolved", link));
            CHECK(talk.verdict->kind == Kind::delivered);
        }
        SUBCASE("201, but not done") {
            talk.hears(201, R"(["Comments added","Status 'resolved' isn't a valid status for this ticket."])");
            talk.hears(200, ticket_json("open", link));
            CHECK(talk.verdict->kind == Kind::rejected);
            CHECK(talk.verdict->reason.find("isn't a valid status") != std::string::npos);
        }
    }
    SUBCASE("a person resolved it: told, not changed") {
        talk.hears(200, ticket_json("resolved", link));
        CHECK(member(talk.last.body, "Status").empty());
        talk.hears(201, R"(["Comments added"])");
        CHECK(talk.verdict->kind == Kind::delivered);
    }
    SUBCASE("a person deleted it: left alone") {
        talk.hears(200, ticket_json("deleted", link));
        CHECK(talk.verdict->kind == Kind::delivered);
    }
    SUBCASE("gone") {
        talk.hears(404, "{}");
        CHECK(talk.verdict->kind == Kind::rejected);
    }
}

TEST_CASE("request tracker: an earlier resolve that arrived is not repeated") {
    Talk talk(ActionKind::resolve_ticket, true);
    talk.hears(200, ticket_json("resolved", link));
    CHECK(talk.verdict->kind == Kind::delivered);
    CHECK(talk.calls.size() == 1);
}

TEST_CASE("request tracker: long and hostile titles stay one valid line; a foreign ticket name is no path") {
    Action action = test_kit::sample_action(ActionKind::open_ticket);
    action.incident.title = "a\r\nb" + std::string(500, 'x') + "\xC3\xBC";
    const auto made = test_kit::make_sink(spec(), options, "");
    const auto call = std::get<HttpCall>(made.sink->begin(action, {})->start());
    CHECK(member(call.body, "Subject").size() == 200);
    CHECK(member(call.body, "Subject").substr(0, 10) == "[P2] a  bx");
    CHECK(member(call.body, "RefersTo") == "urn:incidentd:incidentd-0123456789ab-42");
    action = test_kit::sample_action(ActionKind::update_ticket);
    action.ticket = "17/../../user/1";
    CHECK(std::get<SinkVerdict>(made.sink->begin(action, {})->start()).kind == Kind::rejected);
}

TEST_CASE("request tracker: bad options are located; the documented example is valid") {
    const auto bad = test_kit::make_sink(spec(), R"(url: https://rt.example
token: {env: T}
queue: General
update_as: shout
custom_fields: {A: "{{titel}}", B: [1]}
)");
    CHECK(bad.sink == nullptr);
    CHECK(bad.problems.items().size() == 3);
    CHECK(bad.problems.text().find("test.yaml:4:12: update_as: must be comment or correspond, found 'shout'") !=
          std::string::npos);
    CHECK(bad.problems.text().find("did you mean {{title}}?") != std::string::npos);
    const auto example = test_kit::make_sink(spec(), spec().example);
    INFO(example.problems.text());
    CHECK(example.sink != nullptr);
    CHECK(find_sink_spec("request_tracker") == &spec());
}

}  // namespace incidentd::sinks::request_tracker
