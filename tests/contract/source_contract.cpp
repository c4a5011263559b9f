// What every source must hold, whatever it is sent: no crash, no exception, an answer, and each alert taken or named.
#include "adapters/json.hpp"
#include "adapters/registry.hpp"
#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace incidentd;

namespace {

// Good requests of every sender we know, so that each source meets its own and everybody else's.
const std::vector<std::string>& seeds() {
    static const std::vector<std::string> all = {
        R"([{"labels":{"alertname":"A","instance":"i"},"annotations":{"summary":"s"},"startsAt":"2026-02-03T04:05:06.789Z",)"
        R"("endsAt":"2026-02-03T04:09:06.789Z","generatorURL":"http://p:9090/graph?g0.expr=up\u0026x=1"}])",
        R"({"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A"},"annotations":{},)"
        R"("startsAt":"2026-02-03T04:05:06Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"5f2c9a0b1c2d3e4f"}]})",
        R"([{"version":1,"type":"DOWNTIMEEND","host":"h","service":"s","state":"CRITICAL","output":"a\\nb","problem_id":"7"}])",
        R"({"event_id":"90417","event_value":"1","event_update_status":"1","event_update_action":"acknowledged and commented",)"
        R"("event_nseverity":"4","event_name":"n","event_tags":"[{\"tag\":\"area\",\"value\":\"x\"}]","host_host":"h"})",
        R"({"alarm":{"no":77,"lvl":"H","on":true,"where":"cellar","what":"Water"},"site":"north"})",
        "token=k7Qp&cmd=submitcheck&XMLDATA=<?xml version='1.0'?><checkresults><checkresult "
        "type='service'><hostname>h</hostname>"
        "<servicename>s</servicename><state>2</state><output><![CDATA[a|b=1]]></output></checkresult></checkresults>",
        "token=k7Qp&cmd=submitcheck&json=%7B%22checkresults%22%3A%5B%7B%22checkresult%22%3A%7B%22type%22%3A%22host%22%"
        "7D%2C%22"
        "hostname%22%3A%22h%22%2C%22state%22%3A%221%22%7D%5D%7D",
    };
    return all;
}

std::vector<std::string> hostile() {
    const std::string megabyte(1 << 20, 'x');
    std::vector<std::string> all = {
        "",
        " ",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[{}]",
        "[[]]",
        "[null]",
        "[1,2,3]",
        "{\"alerts\":null}",
        "{\"alerts\":[null,{},[]]}",
        std::string("\0", 1),
        std::string("[{\"labels\":{\"a\0\":\"b\"}}]", 24),
        "\xEF\xBB\xBF",
        "\xFF\xFE[\0]\0",
        R"([{"labels":{"a":"\u0000"}}])",
        R"([{"labels":{"a":"\ud800"}}])",
        "[{\"labels\":{\"a\":\"\xC3\x28\"}}]",
        R"([{"labels":{"a":"1","a":"2"},"labels":{"b":"3"}}])",
        R"({"event_id":"1","event_id":"2","event_value":"1","event_value":"0"})",
        R"({"alarm":{"what":"x","what":["y"],"no":{},"on":null}})",
        R"([{"labels":{"a":"b"},"startsAt":"9999-99-99T99:99:99Z"}])",
        R"([{"labels":{"a":"b"},"endsAt":"2026-02-03T04:05:06+99:99"}])",
        "[{\"labels\":{\"a\":\"" + megabyte + "\"}}]",
        "[{\"labels\":{\"" + megabyte + "\":\"a\"}}]",
        "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"a\":\"" + megabyte + "\"}}]}",
        R"({"event_id":")" + megabyte + R"(","event_value":"1"})",
        R"({"type":"PROBLEM","host":")" + megabyte + R"("})",
        "{\"alarm\":{\"what\":\"" + megabyte + "\"}}",
        "cmd=submitcheck&json=" + megabyte,
        "cmd=submitcheck&xml=<" + megabyte,
        "cmd=submitcheck&xml=<checkresults><checkresult><hostname>" + megabyte +
            "</hostname><state>1</state></checkresult></checkresults>",
        "cmd=submitcheck&xml=<!DOCTYPE a [<!ENTITY b \"" + megabyte +
            "\"><!ENTITY c \"&b;&b;&b;\">]><checkresults>&c;</checkresults>",
        "&&&===&%&%%&cmd=&=x",
        "cmd=submitcheck&cmd=hello",
        "cmd=submitcheck&xml=&json=&XMLDATA=%3C",
    };
    for (const std::size_t depth : {100, 100'000}) {
        all.push_back(std::string(depth, '['));
        all.push_back(std::string(depth, '[') + std::string(depth, ']'));
        std::string objects;
        for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
        all.push_back("[" + objects);
        std::string tags;
        for (std::size_t i = 0; i < depth; ++i) tags += "<a>";
        all.push_back("cmd=submitcheck&xml=" + tags);
    }
    std::string many = "[", labels = "[{\"labels\":{";
    for (int i = 0; i < 150'000; ++i) many += "1,";
    for (int i = 0; i < 20'000; ++i) labels += "\"l" + std::to_string(i) + "\":\"v\",";
    all.push_back(many + "1]");
    all.push_back("{\"alerts\":" + many + "1]}");
    all.push_back(labels + "\"z\":\"z\"}}]");
    return all;
}

const std::vector<std::string> media_types = {"application/json", "application/x-www-form-urlencoded", "text/plain", "",
                                              ";;;"};

std::uint64_t next_random(std::uint64_t& state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state;
}

// The checks themselves; returns whether anything was taken.
bool check_answer(test_kit::Driver& driver, const test_kit::Request& request) {
    const auto done = driver.send(request);
    const ParseOutcome& outcome = done.outcome;
    CHECK(outcome.reply.status >= 200);
    CHECK(outcome.reply.status < 600);
    CHECK((outcome.reply.body.empty() || !outcome.reply.content_type.empty()));
    if (outcome.reply.content_type == "application/json") CHECK_FALSE(find_json_fault(outcome.reply.body).has_value());
    if (outcome.refused) CHECK_FALSE(outcome.refused->message.empty());
    for (const ItemError& error : outcome.rejected) CHECK_FALSE(error.message.empty());
    const EventLimits limits;
    for (const AlertEvent& event : done.events()) {
        CHECK((!event.key.empty() || !event.labels.empty()));
        CHECK(is_clean_utf8(event.key));
        CHECK(is_clean_utf8(event.title));
        CHECK(is_clean_utf8(event.text));
        for (const LabelView& label : event.labels) {
            CHECK(is_clean_utf8(label.value));
            CHECK(label.value.size() <= limits.label_value_bytes_max);
        }
    }
    return !outcome.refused && !done.events().empty();
}

// Every route and, for GETs, the text as the query too.
bool send_everywhere(test_kit::Driver& driver, const std::string& text, const std::string& media_type) {
    bool taken = false;
    for (const SourceRoute& route : driver.source->routes()) {
        test_kit::Request request;
        request.method = std::string(route.method);
        request.path = std::string(route.path);
        request.content_type = media_type;
        (request.method == "GET" ? request.query : request.body) = text;
        taken = check_answer(driver, request) || taken;
        const HttpRequestView view{request.method, request.path, request.query, {}, request.body, "p"};
        (void)driver.source->credential(view);
    }
    return taken;
}

}  // namespace

// Could break: an adapter whose documented example does not start, or that cannot be told from another.
TEST_CASE("every source has a name, a summary and an example that works") {
    REQUIRE_FALSE(source_specs().empty());
    for (const SourceSpec* spec : source_specs()) {
        CAPTURE(spec->name);
        CHECK(find_source_spec(spec->name) == spec);
        CHECK(spec->summary.ends_with('.'));
        CHECK((spec->mount.empty() || (spec->mount.front() == '/' && spec->mount.back() != '/')));
        for (const OptionSpec& option : spec->options) CHECK(option.help.ends_with('.'));
        test_kit::Driver driver(*spec, spec->example);
        CHECK(driver.problems.text() == "");
        REQUIRE(driver.source != nullptr);
        CHECK_FALSE(driver.source->routes().empty());
    }
}

// Could break: the daemon, on input that somebody made or mangled.
TEST_CASE("every source answers hostile input") {
    const std::vector<std::string> inputs = hostile();
    for (const SourceSpec* spec : source_specs()) {
        CAPTURE(spec->name);
        test_kit::Driver driver(*spec, spec->example);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            CAPTURE(i);
            for (const std::string& media_type : media_types) send_everywhere(driver, inputs[i], media_type);
        }
    }
}

// Could break: a half-received or damaged request taken for a whole one, or read past its end.
TEST_CASE("every source takes one of the good requests, and survives its truncations and mutations") {
    std::uint64_t random = 0x9E3779B97F4A7C15ULL;
    for (const SourceSpec* spec : source_specs()) {
        CAPTURE(spec->name);
        test_kit::Driver driver(*spec, spec->example);
        bool taken = false;
        for (const std::string& seed : seeds()) {
            for (const std::string& media_type : media_types)
                taken = send_everywhere(driver, seed, media_type) || taken;
            for (std::size_t length = 0; length < seed.size(); ++length) {
                send_everywhere(driver, seed.substr(0, length), media_types[seed.starts_with("token") ? 1 : 0]);
            }
            for (int round = 0; round < 300; ++round) {
                std::string text = seed;
                for (std::uint64_t changes = next_random(random) % 4 + 1; changes > 0; --changes) {
                    text[next_random(random) % text.size()] = static_cast<char>(next_random(random) & 0xFFU);
                }
                send_everywhere(driver, text, media_types[seed.starts_with("token") ? 1 : 0]);
            }
        }
        CHECK(taken);
    }
}

// Could break: a sender that is refused without a body it can log, or told to come back without being told when.
TEST_CASE("every source refuses with a status and keeps the message readable") {
    for (const SourceSpec* spec : source_specs()) {
        CAPTURE(spec->name);
        test_kit::Driver driver(*spec, spec->example);
        for (int reason = 0; reason <= static_cast<int>(RejectReason::unavailable); ++reason) {
            const auto why = static_cast<RejectReason>(reason);
            const HttpReply reply = driver.source->refuse(why, "a \"quoted\" <reason> \xFF\x01");
            CAPTURE(to_string(why));
            CHECK(reply.status >= 200);
            CHECK_FALSE(reply.body.empty());
            if (reply.content_type == "application/json") CHECK_FALSE(find_json_fault(reply.body).has_value());
            if (reply.status == 429 || reply.status == 503) CHECK(reply.headers.front().first == "Retry-After");
        }
        CHECK(driver.source->refuse(RejectReason::unavailable, "x").status == 503);
    }
}
