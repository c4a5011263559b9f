// A checksum that differs between machines would make a good journal look damaged after a move.
#include "adapters/journals/segments/crc32c.hpp"

#include <doctest/doctest.h>

#include <string>

namespace incidentd::segments {

TEST_CASE("crc32c agrees with the published values of RFC 3720") {
    CHECK(crc32c(0, "123456789") == 0xE3069283U);
    CHECK(crc32c(0, std::string(32, '\0')) == 0x8A9136AAU);
    CHECK(crc32c(0, std::string(32, '\xFF')) == 0x62A8AB43U);
    CHECK(crc32c_by_tables(0, "123456789") == 0xE3069283U);
}

TEST_CASE("crc32c: both paths agree at every length and alignment, and continue over a split") {
    std::string text;
    for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 37 + i / 7));
    for (std::size_t from = 0; from < 9; ++from)
        for (std::size_t length = 0; length + from < text.size(); length += 1 + length / 8) {
            const std::string_view part(text.data() + from, length);
            const std::uint32_t whole = crc32c_by_tables(0, part);
            REQUIRE(crc32c(0, part) == whole);
            REQUIRE(crc32c(crc32c(0, part.substr(0, length / 3)), part.substr(length / 3)) == whole);
        }
}

}  // namespace incidentd::segments
