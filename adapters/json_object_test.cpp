// A body read wrongly would put another name on an operator's deed.
#include "adapters/json_object.hpp"

#include <doctest/doctest.h>

namespace incidentd {

TEST_CASE("a flat object of texts, and nothing else") {
    const auto read = parse_text_object(R"({"actor":"ann","comment":"on \u00e9\n"})");
    REQUIRE(read.has_value());
    REQUIRE(read->size() == 2);
    CHECK((*read)[0] == std::pair<std::string, std::string>("actor", "ann"));
    CHECK((*read)[1].second == "on \xC3\xA9\n");
    CHECK(parse_text_object("{}")->empty());
    for (const char* bad : {"", "[]", "1", "{", R"({"actor":1})", R"({"actor":{}})", R"({"actor":"x"} x)"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_text_object(bad).has_value());
    }
}

}  // namespace incidentd
