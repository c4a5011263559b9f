#include "adapters/http_message.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace incidentd;

// Could break: headers in the case that the sender chose, and parameters of a media type.
TEST_CASE("headers are found in any case, the first of several") {
    const std::array<HeaderView, 3> headers{
        {{"content-TYPE", " application/json ; charset=utf-8"}, {"X-A", "1"}, {"x-a", "2"}}};
    const HttpRequestView request{"POST", "/", "", headers, "", ""};
    CHECK(request.header("Content-Type") == " application/json ; charset=utf-8");
    CHECK(request.media_type() == "application/json");
    CHECK(request.header("X-a") == "1");
    CHECK(request.header("X").empty());
    HttpAnswer answer;
    answer.headers = {{"Retry-After", "5"}};
    CHECK(answer.header("retry-after") == "5");
}

TEST_CASE("forms and percent-encoding") {  // could break: tokens and XML of NRDP's clients
    std::string value;
    CHECK(form_value("a=1&b=x+y%2Bz&a=2", "a", value));
    CHECK(value == "2");
    CHECK(form_value("a=1&b=x+y%2Bz", "b", value));
    CHECK(value == "x y+z");
    CHECK(form_value("a&b=1", "a", value));
    CHECK(value.empty());
    CHECK_FALSE(form_value("ab=1", "a", value));
    CHECK_FALSE(form_value("", "a", value));
    CHECK(percent_decode("100%", true) == "100%");
    CHECK(percent_decode("%4", true) == "%4");
    CHECK(percent_decode("%zz%41", true) == "%zzA");
    CHECK(percent_decode("a+b", false) == "a+b");
    CHECK(percent_encode("a b/\xC3\xA4~") == "a%20b%2F%C3%A4~");
}

TEST_CASE("base64") {  // could break: passwords of Basic authentication
    CHECK(base64_decode("dXNlcjpwYXNz") == "user:pass");
    CHECK(base64_decode("YQ==") == "a");
    CHECK(base64_decode("YWI=") == "ab");
    CHECK(base64_decode("YQ").empty());
    CHECK(base64_decode("Y===").empty());
    CHECK(base64_decode("Y*==").empty());
    CHECK(base64_decode("").empty());
}
