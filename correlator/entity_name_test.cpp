// A name normalised too little splits one host in two; too much makes one of two.
#include "correlator/entity_name.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace incidentd;

TEST_CASE("What monitors add to a name is taken off") {
    const std::pair<const char*, const char*> cases[] = {
        {"db1", "db1"},
        {"DB1", "db1"},
        {"DC1_R01_H07", "dc1-r01-h07"},
        {"db1:9100", "db1"},
        {"db1.prod.example.net", "db1.prod.example.net"},
        {"db1.prod.example.net.", "db1.prod.example.net"},
        {"https://shop.example.com/health?deep=1", "shop.example.com"},
        {"HTTPS://bob@Shop.example.com:8443/health", "shop.example.com"},
        {"10.0.0.1:9100", "10.0.0.1"},
        {"[2001:db8::1]:9100", "2001:db8::1"},
        {"2001:db8::1", "2001:db8::1"},
        {"lambda_step_AWS:Lambda:Function", "lambda-step-aws:lambda:function"},
        {"job:x", "job:x"},
        {":9100", ":9100"},
        {"https://", "https://"},
        {"", ""}};
    for (const auto& [name, expected] : cases) {
        CAPTURE(name);
        CHECK(canonical_name(name) == expected);
    }
}

TEST_CASE("Host names shorten to their first part, unless it names no host") {
    const std::pair<const char*, const char*> cases[] = {{"db1.prod.example.net", "db1"},
                                                         {"db1", "db1"},
                                                         {"10.0.0.1", "10.0.0.1"},
                                                         {"2001:db8::1", "2001:db8::1"},
                                                         {"www.example.com", "www.example.com"},
                                                         {"a.example.com", "a.example.com"}};
    for (const auto& [name, expected] : cases) {
        CAPTURE(name);
        CHECK(short_name(name) == expected);
    }
}

TEST_CASE("A name that is canonical already is not copied") {
    std::string scratch;
    const std::string_view name = "db1.example.net:9100";
    CHECK(canonical_name(name, scratch) == "db1.example.net");
    CHECK(canonical_name(name, scratch).data() == name.data());
    CHECK(canonical_name("DB_1", scratch) == "db-1");
}
