// A response that lies about its length or lets a value start a header breaks every client behind it.
#include "daemon/ingest/reply_text.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("a response head has its status, headers and length") {
    const HttpReply reply{429, "application/json", "{}", {{"Retry-After", "1"}}};
    CHECK(response_head(reply, {true, false, "D"}) ==
          "HTTP/1.1 429 Too Many Requests\r\nDate: D\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
          "Content-Length: 2\r\n\r\n");
    CHECK(response_head({200, "", "", {}}, {false, false, ""}) ==
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(response_head({200, "", "", {}}, {true, true, ""}).find("Connection: keep-alive\r\n") != std::string::npos);
}

TEST_CASE("204 has no length") {
    CHECK(response_head({204, "", "", {}}, {true, false, ""}) == "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("line ends in values become spaces") {
    CHECK(response_head({200, "", "", {{"X", "a\r\nB: c"}}}, {true, false, ""}).find("X: a  B: c\r\n") !=
          std::string::npos);
}

TEST_CASE("dates are written as RFC 9110 wants them") {
    CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}
