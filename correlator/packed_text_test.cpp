// Details that unpack shifted by a byte show one alert's text under another's name.
#include "correlator/packed_text.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("details read back as they were, empty ones included") {
    const std::vector<LabelView> annotations{{"a", ""}, {"summary", "it broke"}};
    AlertEvent event;
    CHECK(unpack_details(pack_details(event)).annotations.empty());
    CHECK(unpack_details("").title.empty());
    event.title = "title";
    event.url = "http://x/";
    event.annotations = annotations;
    const std::string packed = pack_details(event);
    const UnpackedDetails details = unpack_details(packed);
    CHECK(details.title == "title");
    CHECK(details.text == "");
    CHECK(details.url == "http://x/");
    REQUIRE(details.annotations.size() == 2);
    CHECK(details.annotations[1] == std::pair<std::string, std::string>("summary", "it broke"));
}

TEST_CASE("a change of any detail changes the hash, also when only a border moves") {
    AlertEvent event;
    event.title = "ab";
    event.text = "c";
    const std::uint64_t before = hash_details(event);
    CHECK(hash_details(event) == before);
    event.title = "a";
    event.text = "bc";
    CHECK(hash_details(event) != before);
    event.title = "ab";
    event.text = "";
    event.url = "c";
    CHECK(hash_details(event) != before);
    event.text = "c";
    event.url = "";
    const std::vector<LabelView> annotations{{"a", "b"}};
    event.annotations = annotations;
    CHECK(hash_details(event) != before);
}
