// A receiver that cannot verify, parse or tell repeats apart would lose incidents or open them twice.
#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"
#include "adapters/registry.hpp"
#include "adapters/sinks/test_kit.hpp"
#include "adapters/sinks/webhook/body.hpp"
#include "adapters/sinks/webhook/signature.hpp"

#include <doctest/doctest.h>

namespace incidentd::sinks::webhook {
const SinkSpec& spec();
namespace {

constexpr Instant now{1'770'000'123'456};

std::string header_of(const HttpCall& call, std::string_view name) {
    for (const auto& [key, value] : call.headers)
        if (key == name) return value;
    return "(absent)";
}

HttpCall first_call(const test_kit::MadeSink& made, const Action& action) {
    INFO(made.problems.text());
    REQUIRE(made.sink != nullptr);
    return std::get<HttpCall>(made.sink->begin(action, {1, false, now})->start());
}

SinkVerdict answered(const Action& action, const HttpAnswer& answer) {
    const auto made = test_kit::make_sink(spec(), "url: https://hook.example/in");
    REQUIRE(made.sink != nullptr);
    const auto session = made.sink->begin(action, {1, false, now});
    session->start();
    return std::get<SinkVerdict>(session->resume(answer));
}

std::string problem_of(std::string_view yaml) {
    const auto made = test_kit::make_sink(spec(), yaml);
    CHECK(made.sink == nullptr);
    return made.problems.text();
}

}  // namespace

TEST_CASE("webhook: signature follows its published definition") {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    CHECK(signature("key", 1'700'000'000, "{}") ==
          "v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

TEST_CASE("webhook: a delivery is signed, named by its idempotency key and dated") {
    const Action action = test_kit::sample_action(ActionKind::open_ticket);
    const auto made = test_kit::make_sink(spec(), R"(
url: https://hook.example/in
secret: {env: NEW}
previous_secret: {env: OLD}
bearer: {env: TOKEN}
headers: {X-Team: storage}
timeout: 3s
)");
    const HttpCall call = first_call(made, action);
    CHECK(call.method == "POST");
    CHECK(call.url == "https://hook.example/in");
    CHECK(call.timeout == seconds(3));
    CHECK(header_of(call, "Content-Type") == "application/json");
    CHECK(header_of(call, "User-Agent") == "incidentd/test");
    CHECK(header_of(call, "X-Team") == "storage");
    CHECK(header_of(call, "Authorization") == "Bearer secret of TOKEN");
    CHECK(header_of(call, "X-Incidentd-Event") == "incident.created");
    CHECK(header_of(call, "X-Incidentd-Delivery") == "incidentd-0123456789ab-42/4");
    CHECK(header_of(call, "X-Incidentd-Timestamp") == "1770000123");
    CHECK(header_of(call, "X-Incidentd-Signature") == signature("secret of NEW", 1'770'000'123, call.body) + "," +
                                                          signature("secret of OLD", 1'770'000'123, call.body));
    const auto again = made.sink->begin(action, {2, true, now + seconds(60)});
    CHECK(std::get<HttpCall>(again->start()).body == call.body);
}

TEST_CASE("webhook: the standard body carries the whole incident") {
    Action action = test_kit::sample_action(ActionKind::update_ticket);
    Likeness earlier;
    earlier.incident = IncidentId{12};
    earlier.percent = 94;
    earlier.lasted = minutes(14);
    earlier.said_by = "ann";
    earlier.said = "grew it";
    earlier.ticket = "17";
    action.incident.earlier = {earlier};
    const auto made = test_kit::make_sink(spec(), "url: https://hook.example/in");
    const HttpCall call = first_call(made, action);
    CHECK(header_of(call, "X-Incidentd-Signature") == "(absent)");
    CHECK(header_of(call, "X-Incidentd-Event") == "incident.updated");
    JsonReader reader;
    REQUIRE(!reader.parse(call.body));
    const auto root = reader.root();
    CHECK(std::string_view(root["event"]) == "incident.updated");
    CHECK(std::string_view(root["at"]) == "2026-02-02T02:45:00.000Z");
    CHECK(std::string_view(root["ticket"]) == "17");
    CHECK(std::string_view(root["incident"]["title"]) == "Disk full on \"db1\"");
    CHECK(std::string_view(root["incident"]["status"]) == "open");
    CHECK(std::string_view(root["incident"]["group"]["host"]) == "db1");
    CHECK(root["incident"]["resolved_at"].is_null());
    CHECK(std::uint64_t(root["incident"]["facts_omitted"]) == 2);
    const auto like = root["incident"]["earlier"].at(0);
    CHECK(std::string_view(like["incident"]) == "INC-12");
    CHECK(std::uint64_t(like["percent"]) == 94);
    CHECK(std::uint64_t(like["lasted_s"]) == 840);
    CHECK(std::string_view(like["ended_by"]) == "ann said \"grew it\"");
    CHECK(std::string_view(like["said"]) == "grew it");
    CHECK(std::string_view(like["ticket"]) == "17");
    CHECK(std::string_view(root["incident"]["alerts"].at(0)["labels"]["path"]) == "/var\n/lib");
    CHECK(std::string_view(root["incident"]["facts"].at(0)["text"]) == "Replication lag joined");
    CHECK(std::string_view(root["incident"]["url"]) == "https://incidentd.example/incidents/incidentd-0123456789ab-42");
    action.incident.title = "\xFF\x01";
    CHECK(!find_json_fault(first_call(made, action).body));
}

TEST_CASE("webhook: a template is filled with escaped text and whole JSON values") {
    const auto made = test_kit::make_sink(spec(), R"(
url: https://hook.example/in
template: |
  {"text": "{{priority}} {{title}}", "n": {{ alerts_firing }}, "ok": {{acknowledged}}, "host": "{{label.host}}",
   "none": "{{label.rack}}", "all": {{alerts}}, "why": {"facts": {{facts}}}}
)");
    const HttpCall call = first_call(made, test_kit::sample_action(ActionKind::open_ticket));
    JsonReader reader;
    REQUIRE(!reader.parse(call.body));
    const auto root = reader.root();
    CHECK(std::string_view(root["text"]) == "P2 Disk full on \"db1\"");
    CHECK(std::uint64_t(root["n"]) == 2);
    CHECK(!bool(root["ok"]));
    CHECK(std::string_view(root["host"]) == "db1");
    CHECK(std::string_view(root["none"]).empty());
    CHECK(std::string_view(root["all"].at(1)["status"]) == "resolved");
}

TEST_CASE("webhook: a bad template is a located problem, not a surprise at three in the morning") {
    const std::string head = "url: https://hook.example/in\ntemplate: ";
    CHECK(problem_of(head + "'{\"a\": {{title}}}'").find("test.yaml:2:11: template: is not JSON once") == 0);
    CHECK(problem_of(head + "'{\"a\": \"{{alerts}}\"}'").find("is not JSON once its places are filled") !=
          std::string::npos);
    CHECK(problem_of(head + "'{\"a\": \"{{titel}}\"}'").find("did you mean {{title}}?") != std::string::npos);
    CHECK(problem_of(head + "'{\"a\": \"{{title\"}'").find("never closed") != std::string::npos);
    CHECK(problem_of(head + "[1]").find("must be a text") != std::string::npos);
}

TEST_CASE("webhook: static headers cannot break or replace ours") {
    const std::string head = "url: https://hook.example/in\nheaders: ";
    for (const char* bad : {"{'X Y': a}", "{Content-Length: '3'}", "{x-incidentd-event: a}", "{Authorization: a}",
                            "{X-A: \"a\\r\\nB: c\"}", "{X-A: [a]}", "[a]"})
        CHECK(problem_of(head + bad).find("test.yaml:2:") == 0);
}

TEST_CASE("webhook: what each answer means") {
    using Kind = SinkVerdict::Kind;
    const Action open = test_kit::sample_action(ActionKind::open_ticket);
    const Action update = test_kit::sample_action(ActionKind::update_ticket);
    const SinkVerdict named = answered(open, {201, {}, R"({"id": 7, "url": "https://desk.example/7"})"});
    CHECK(named.kind == Kind::delivered);
    CHECK(named.ticket == "7");
    CHECK(named.ticket_url == "https://desk.example/7");
    CHECK(answered(open, {204, {}, ""}).ticket == open.incident.key);
    CHECK(answered(update, {200, {}, "<html>"}).ticket == "17");
    CHECK(answered(open, {200, {}, R"({"id": null, "url": "file:///etc"})"}).ticket_url.empty());
    for (const int status : {410, 400, 404, 302}) CHECK(answered(open, {status, {}, ""}).kind == Kind::rejected);
    for (const int status : {408, 429, 500, 503}) CHECK(answered(open, {status, {}, ""}).kind == Kind::retry);
}

TEST_CASE("webhook: the example of its documentation is valid") {
    const auto made = test_kit::make_sink(spec(), spec().example);
    INFO(made.problems.text());
    CHECK(made.sink != nullptr);
    CHECK(find_sink_spec("webhook") == &spec());
}

}  // namespace incidentd::sinks::webhook
