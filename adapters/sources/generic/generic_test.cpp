#include "adapters/sources/generic/status_words.hpp"
#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

namespace incidentd::sources::generic {
const SourceSpec& spec();
}

using namespace incidentd;

namespace {

const std::string water_alarm =
    R"({"alarm":{"no":77,"lvl":"H","on":true,"where":"cellar","what":"Water"},"site":"north"})";

std::string problems_of(std::string_view yaml) {
    const auto& spec = sources::generic::spec();
    Problems problems;
    const Options options = test_kit::options_from(spec, yaml, problems);
    const auto source = spec.make(SourceSetup{"test", options, EventLimits{}}, problems);
    CHECK((source == nullptr) == !problems.empty());
    return problems.text();
}

}  // namespace

// Could break: the example of the documentation.
TEST_CASE("the example's mapping reads the example's alarm") {
    test_kit::Driver d(sources::generic::spec(), sources::generic::spec().example);
    const auto done = d.post(water_alarm);
    REQUIRE(done.events().size() == 1);
    const AlertEvent& e = done.events()[0];
    CHECK(e.kind == EventKind::firing);
    CHECK(e.severity == Severity::error);
    CHECK(e.key == "77");
    CHECK(e.title == "Water");
    CHECK(find_label(e.labels, "host") == "cellar");
    CHECK(find_label(e.labels, "site") == "north");
    CHECK(find_label(e.labels, "team") == "facilities");
    CHECK(e.expires_at == test_kit::received + hours(24));
    CHECK(done.outcome.reply.body == R"({"status":"ok","accepted":1,"rejected":[]})");
    const auto over = d.post(R"({"alarm":{"no":77,"on":false,"what":"Water"}})");
    REQUIRE(over.events().size() == 1);
    CHECK(over.events()[0].kind == EventKind::resolved);
    CHECK(over.events()[0].fingerprint == e.fingerprint);
    CHECK(over.events()[0].severity == Severity::warning);
}

// Could break: batches, scalars of all types, and severities that nobody heard of.
TEST_CASE("arrays, label objects, times and unknown severities") {
    test_kit::Driver d(sources::generic::spec(),
                       "mapping: {alerts: /data/items, title: /t, severity: /s, labels_from: /l, starts_at: /at, "
                       "status: /st, ends_at: /end}");
    const auto done = d.post(
        R"({"data":{"items":[{"t":"a","s":"mauve","l":{"n":1.5,"b":true,"z":null,"o":{},"x":"y"},"at":1770091000},)"
        R"({"t":"b","s":"P1","at":1770091000500},{"t":"c","st":"odd"},{"t":"d","at":"noon"},5,)"
        R"({"t":"e","st":"resolved","end":"2026-02-03T04:00:00+0000"}]}})");
    REQUIRE(done.events().size() == 3);
    const AlertEvent& a = done.events()[0];
    CHECK(a.severity == Severity::unknown);
    CHECK(find_label(a.labels, "severity_raw") == "mauve");
    CHECK(find_label(a.labels, "n") == "1.5");
    CHECK(find_label(a.labels, "b") == "true");
    CHECK(a.labels.size() == 4);
    CHECK(a.starts_at == Instant{1'770'091'000'000});
    CHECK(a.key == "!!a");
    CHECK(done.events()[1].starts_at == Instant{1'770'091'000'500});
    CHECK(done.events()[1].severity == Severity::critical);
    CHECK(to_rfc3339(done.events()[2].ends_at) == "2026-02-03T04:00:00.000Z");
    REQUIRE(done.outcome.rejected.size() == 3);
    CHECK(done.outcome.rejected[0].index == 2);
    CHECK(done.outcome.rejected[0].message.find("mapping.status.map") != std::string::npos);
    CHECK(d.post(R"({"data":{"items":[{"t":"c","st":"odd"}]}})").outcome.reply.status == 422);
    CHECK(d.post(R"({"data":{}})").outcome.reply.status == 400);
}

// Could break: a mapping mistake found only when the first alert is lost.
TEST_CASE("mistakes in the mapping are problems with their place") {
    CHECK(problems_of("{}").find("mapping") != std::string::npos);
    CHECK(problems_of("mapping: {text: /a}").find("mapping.title: is missing") != std::string::npos);
    CHECK(problems_of("mapping: {title: a}").find("is not a JSON pointer: \"a\"") != std::string::npos);
    CHECK(problems_of("mapping: {title: /a~2}").find("is not a JSON pointer") != std::string::npos);
    CHECK(problems_of("mapping: {title: /a, titel: /b}").find("title") != std::string::npos);
    CHECK(problems_of("mapping: {title: {default: x}}").find("needs either path or value") != std::string::npos);
    CHECK(problems_of("mapping: {title: /a, status: {path: /s, map: {x: fireing}}}").find("\"fireing\"") !=
          std::string::npos);
    CHECK(problems_of("mapping: {title: /a, severity: {value: mauve}}").find("\"mauve\"") != std::string::npos);
    CHECK(problems_of("mapping: {title: /a, labels: {x: {pth: /b}}}").find("path") != std::string::npos);
    CHECK(problems_of("mapping: {title: /a, labels: {x: /b}}").empty());
}

TEST_CASE("times in every form") {  // could break: milliseconds read as seconds put an alert into the year 58000
    using sources::generic::time_from;
    CHECK(time_from("1770091000")->ms == 1'770'091'000'000);
    CHECK(time_from("1770091000.25")->ms == 1'770'091'000'250);
    CHECK(time_from("1770091000123")->ms == 1'770'091'000'123);
    CHECK(time_from("2026-02-03T04:05:06Z").has_value());
    CHECK_FALSE(time_from("-5").has_value());
    CHECK_FALSE(time_from("1e300").has_value());
    CHECK_FALSE(time_from("nan").has_value());
    CHECK_FALSE(time_from("yesterday").has_value());
}

TEST_CASE("another media type only when the operator says so") {  // could break: pages in a browser could post alerts
    test_kit::Request request;
    request.content_type = "text/plain";
    request.body = R"({"t":"a"})";
    test_kit::Driver strict(sources::generic::spec(), "mapping: {title: /t}");
    CHECK(strict.send(request).outcome.reply.status == 415);
    test_kit::Driver open(sources::generic::spec(), "mapping: {title: /t}\nany_media_type: true");
    CHECK(open.send(request).outcome.reply.status == 200);
}
