#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

namespace incidentd::sources::nrdp {
const SourceSpec& spec();
}

using namespace incidentd;

namespace {

test_kit::Request form(std::string body) {
    test_kit::Request request;
    request.content_type = "application/x-www-form-urlencoded";
    request.body = std::move(body);
    return request;
}

// As send_nrdp.sh sends it: not encoded but for &, < and > of the output, servicename before hostname.
const std::string shell_body =
    "token=k7Qp&cmd=submitcheck&XMLDATA=<?xml version='1.0'?><checkresults><checkresult type='service' checktype='1'>"
    "<servicename>Gas & pressure</servicename><hostname>kiln+04</hostname><state>2</state>"
    "<output><![CDATA[a+b %26 %3C 5 |p=1]]></output></checkresult></checkresults>";

const std::string ok_one =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<result>\n    <status>0</status>\n    <message>OK</message>\n    "
    "<meta>\n"
    "        <output>1 checks processed</output>\n    </meta>\n</result>\n";

}  // namespace

// Could break: send_nrdp.sh's unencoded XML, cut at '&' or with its plus signs lost.
TEST_CASE("raw XML in a form body is read as it was meant") {
    test_kit::Driver d(sources::nrdp::spec());
    std::string body = shell_body;
    body.replace(body.find("Gas & p"), 7, "Gas &amp; p");
    const auto done = d.send(form(body));
    REQUIRE(done.events().size() == 1);
    const AlertEvent& e = done.events()[0];
    CHECK(e.key == "kiln+04!Gas & pressure");
    CHECK(e.text == "a+b & < 5");
    CHECK(find_label(e.annotations, "perfdata") == "p=1");
    CHECK(e.severity == Severity::critical);
    CHECK(e.kind == EventKind::firing);
    CHECK(done.outcome.reply.body == ok_one);
    CHECK(done.outcome.reply.content_type == "text/xml");
    CHECK(d.send(form(shell_body)).outcome.reply.status == 200);  // a lone & in a name is no reason to lose the result
}

// Could break: send_nrdp.py, which puts everything into the query of a GET.
TEST_CASE("encoded parameters of a GET and JSON are read, and JSON is answered with JSON") {
    test_kit::Driver d(sources::nrdp::spec(), "expire_after: 30m");
    test_kit::Request request;
    request.method = "GET";
    request.content_type.clear();
    request.query =
        "token=t&cmd=SubmitCheck&json=" +
        percent_encode(R"({"checkresults":[{"checkresult":{"type":"service"},"hostname":"h","servicename":"s",)"
                       R"("state":"1","output":"a+b\nc","time":1770091000},)"
                       R"({"checkresult":{"type":"host"},"hostname":"h","state":0,"output":"ok"}]})");
    const auto done = d.send(request);
    REQUIRE(done.events().size() == 2);
    CHECK(done.events()[0].key == "h!s");
    CHECK(done.events()[0].severity == Severity::warning);
    CHECK(done.events()[0].text == "a+b\nc");
    CHECK(done.events()[0].starts_at == Instant{1'770'091'000'000});
    CHECK(done.events()[0].expires_at == test_kit::received + minutes(30));
    CHECK(done.events()[1].key == "h");
    CHECK(done.events()[1].kind == EventKind::resolved);
    CHECK(done.outcome.reply.body ==
          R"({"result":{"status":0,"message":"OK","meta":{"output":"2 checks processed"}}})");
}

// Could break: clients look at the status in the body, never at the HTTP code of an error.
TEST_CASE("errors are HTTP 200 with status -1") {
    test_kit::Driver d(sources::nrdp::spec());
    const auto status_of = [&](const std::string& body) {
        const auto done = d.send(form(body));
        CHECK(done.outcome.reply.status == 200);
        CHECK(done.events().empty());
        const std::string& text = done.outcome.reply.body;
        const std::size_t at = text.find("message");
        return text.find("-1") == std::string::npos ? std::string("taken")
                                                    : text.substr(at + 8, text.find_first_of("<\"", at + 10) - at - 8);
    };
    CHECK(status_of("cmd=submitcheck&xml=<checkresults><checkresult>") == "BAD XML");
    CHECK(status_of("cmd=submitcheck&xml=<a/>") == "BAD XML");
    CHECK(status_of("cmd=submitcheck&xml=%3Ccheckresults%3E%3Ccheckresult%3E%3Chostname/%3E%3C/checkresult%3E%3C/"
                    "checkresults%3E") == "BAD DATA");
    CHECK(d.send(form("cmd=submitcheck&json={\"checkresults\":")).outcome.reply.body.find("BAD JSON") !=
          std::string::npos);
    CHECK(status_of("cmd=submitcheck") == "NO DATA");
    CHECK(status_of("cmd=reboot") == "COMMAND NOT SUPPORTED");
    const HttpReply bad = d.source->refuse(RejectReason::unauthorized, "wrong token");
    CHECK(bad.status == 200);
    CHECK(bad.body.find("<status>-1</status>\n    <message>BAD TOKEN</message>") != std::string::npos);
    CHECK(d.source->refuse(RejectReason::overloaded, "busy").status == 503);
}

// Could break: authentication, because the token is a parameter and not a header.
TEST_CASE("the token is the parameter of that name") {
    test_kit::Driver d(sources::nrdp::spec());
    const std::string body = "xml=<a>x&token=no</a>&token=k7%2BQp";
    const HttpRequestView post{"POST", "/", "token=q", {}, body, "p"};
    CHECK(d.source->credential(post) == "k7+Qp");
    const HttpRequestView get{"GET", "/", "token=q&cmd=hello", {}, "", "p"};
    CHECK(d.source->credential(get) == "q");
    CHECK(d.source->credential(HttpRequestView{"GET", "/", "", {}, "", "p"}) == std::nullopt);
    AlertBatch batch("x");
    CHECK(d.source->parse(get, test_kit::received, batch).reply.body.find("<product>nrdp</product>") !=
          std::string::npos);
}

// Could break: a document type that expands or fetches something.
TEST_CASE("document types and entities of their own are not followed") {
    test_kit::Driver d(sources::nrdp::spec());
    const auto done =
        d.send(form("cmd=submitcheck&xml=" +
                    percent_encode("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><checkresults><checkresult "
                                   "type=\"host\"><hostname>h</hostname>"
                                   "<state>1</state><output>&e;</output></checkresult></checkresults>")));
    REQUIRE(done.events().size() == 1);
    CHECK(done.events()[0].text == "&e;");
}
