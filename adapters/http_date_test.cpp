// A date read wrongly makes an action wait for a day, or hammer a system that asked for a pause.
#include "adapters/http_date.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("http date: the three forms mean the same instant") {
    const Instant expected{784'111'777'000};
    for (const char* text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        CAPTURE(text);
        CHECK(parse_http_date(text) == expected);
    }
    CHECK(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT") == Instant{1'709'251'200'000});
    CHECK(parse_http_date("Tuesday, 24-Nov-26 00:00:00 GMT") == Instant{1'795'478'400'000});
}

TEST_CASE("http date: anything else is none") {
    for (const char* text :
         {"", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 30 Feb 2024 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nuv 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT and more",
          "Sun, -6 Nov 1994 08:4937 GMT", "Sun, 06 Nov 19940 08:49:37 GMT", "Sun, 06 Nov 0001 00:00:00 GMT"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_http_date(text));
    }
}
