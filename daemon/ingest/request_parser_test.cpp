// A request framed wrongly is a request taken for another one; an unbounded one is an outage.
#include "daemon/ingest/request_parser.hpp"

#include <doctest/doctest.h>

using namespace incidentd;
using Progress = RequestParser::Progress;

namespace {

constexpr RequestLimits small{.request_line_bytes_max = 64, .header_bytes_max = 256, .body_bytes_max = 32};

// Feeds `bytes` in pieces of `piece` and returns the last progress; what is left over goes to `rest`.
Progress run(RequestParser& parser, std::string bytes, std::size_t piece = 1'000'000, std::string* rest = nullptr) {
    std::string pending;
    Progress last = Progress::more;
    while (last != Progress::complete && last != Progress::failed) {
        if (last != Progress::head) {
            if (bytes.empty()) break;
            pending += bytes.substr(0, piece);
            bytes.erase(0, piece);
        }
        const auto step = parser.feed(pending);
        pending.erase(0, step.consumed);
        last = step.progress;
    }
    if (rest != nullptr) *rest = pending + bytes;
    return last;
}

int status_of(const std::string& bytes, std::size_t piece = 1'000'000) {
    RequestParser parser(small);
    return run(parser, bytes, piece) == Progress::failed ? parser.failure().status : 0;
}

}  // namespace

TEST_CASE("a request is the same in one piece and byte by byte") {
    for (const std::size_t piece : {1UL, 2UL, 7UL, 1000UL}) {
        RequestParser parser(small);
        std::string rest;
        CHECK(run(parser, "\r\nPOST /a//b?x=1#f HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-A:  v \r\n\r\nhelloGET",
                  piece, &rest) == Progress::complete);
        const auto view = parser.view("1.2.3.4:5");
        CHECK(view.method == "POST");
        CHECK(view.path == "/a//b");
        CHECK(view.query == "x=1");
        REQUIRE(view.headers.size() == 3);
        CHECK(view.headers[2].name == "X-A");
        CHECK(view.headers[2].value == "v");
        CHECK(view.body == "hello");
        CHECK(view.peer == "1.2.3.4:5");
        CHECK(rest == "GET");
        CHECK(parser.keep_alive());
    }
}

TEST_CASE("chunked bodies are put together, extensions and trailers ignored") {
    for (const std::size_t piece : {1UL, 3UL, 1000UL}) {
        RequestParser parser(small);
        CHECK(run(parser,
                  "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: "
                  "1\r\n\r\n",
                  piece) == Progress::complete);
        CHECK(parser.view("").body == "abcdefg");
        CHECK(parser.view("").headers.size() == 1);
    }
}

TEST_CASE("absolute targets lose their authority") {
    RequestParser parser(small);
    CHECK(run(parser, "GET http://h:1/p?q HTTP/1.1\r\n\r\n") == Progress::complete);
    CHECK(parser.view("").path == "/p");
    CHECK(parser.view("").query == "q");
    parser.reset();
    CHECK(run(parser, "GET http://h HTTP/1.1\r\n\r\n") == Progress::complete);
    CHECK(parser.view("").path == "/");
}

TEST_CASE("keep-alive follows the version and the Connection header") {
    const auto keeps = [](const std::string& head) {
        RequestParser parser(small);
        CHECK(run(parser, head) == Progress::complete);
        return parser.keep_alive();
    };
    CHECK(keeps("GET / HTTP/1.1\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("the head is told before the body") {
    RequestParser parser(small);
    const std::string head = "POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    const auto step = parser.feed(head);
    CHECK(step.progress == Progress::head);
    CHECK(step.consumed == head.size());
    CHECK(parser.expects_continue());
    CHECK(parser.content_length() == 3);
    CHECK(parser.view("").path == "/x");
    CHECK(parser.feed("abc").progress == Progress::complete);
}

TEST_CASE("a parser serves many requests") {
    RequestParser parser(small);
    CHECK(run(parser, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc") == Progress::complete);
    parser.reset();
    CHECK(run(parser, "GET /second HTTP/1.1\r\n\r\n") == Progress::complete);
    CHECK(parser.view("").path == "/second");
    CHECK(parser.view("").body.empty());
}

TEST_CASE("each bound has its status, also when the bytes trickle in") {
    const std::string long_line = "GET /" + std::string(80, 'a') + " HTTP/1.1\r\n\r\n";
    std::string many_fields = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 60; ++i) many_fields += "a: b\r\n";
    for (const std::size_t piece : {1UL, 10UL, 100000UL}) {
        CHECK(status_of(long_line, piece) == 414);
        CHECK(status_of(std::string(5000, 'G'), piece) == 414);
        CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(300, 'a') + "\r\n\r\n", piece) == 431);
        CHECK(status_of(many_fields + "\r\n", piece) == 431);
        CHECK(status_of("POST / HTTP/1.1\r\nContent-Length: 33\r\n\r\n", piece) == 413);
        CHECK(status_of(
                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + std::string(16, 'a') + "\r\n11\r\n",
                  piece) == 413);
    }
}

TEST_CASE("malformed and ambiguous requests are refused") {
    for (const std::string bytes : {
             "\x16\x03\x01\x02",
             "GET  / HTTP/1.1\r\n\r\n",
             "G\x01T / HTTP/1.1\r\n\r\n",
             "GET / HTTP/2.0\r\n\r\n",
             "GET / FTP/1.1\r\n\r\n",
             "GET / HTTP/1.1\r\nbad header\r\n\r\n",
             "GET / HTTP/1.1\r\nA : b\r\n\r\n",
             "POST / HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
             "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
             "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
             "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
         }) {
        CAPTURE(bytes);
        CHECK(status_of(bytes) == 400);
        CHECK(status_of(bytes, 1) == 400);
    }
    CHECK(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") == 501);
    CHECK(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n") == 501);
    CHECK(status_of("POST / HTTP/1.1\r\nExpect: gold\r\n\r\n") == 417);
}
