// A wrong offset opens a maintenance window an hour early, twice a year, in some zones only.
#include "rules/zone.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace incidentd;

namespace {

std::string read_zone(const std::string& name) {
    std::ifstream in("/usr/share/zoneinfo/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::int32_t offset_at(const ZoneTable& zone, std::string_view at) {
    const Result<Instant> instant = parse_rfc3339(at);
    REQUIRE(instant.has_value());
    return zone.offset_seconds(*instant);
}

}  // namespace

TEST_CASE("offsets of real zones, on both sides of their changes, also far behind the file's last one") {
    struct Row {
        std::string zone;
        std::string_view at;
        std::int32_t offset;
    };
    // By `TZ=... date -d`, GNU coreutils 9.1 and tzdata 2025b.
    static const Row rows[] = {
        {"Europe/Berlin", "2026-03-29T00:59:59Z", 3600},        {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
        {"Europe/Berlin", "2026-10-25T00:59:59Z", 7200},        {"Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
        {"Europe/Berlin", "2090-07-01T00:00:00Z", 7200},        {"America/New_York", "2026-03-08T06:59:59Z", -18000},
        {"America/New_York", "2026-03-08T07:00:00Z", -14400},   {"America/New_York", "2055-11-07T05:59:59Z", -14400},
        {"America/New_York", "2055-11-07T06:00:00Z", -18000},   {"Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600},
        {"Australia/Lord_Howe", "2026-07-01T00:00:00Z", 37800}, {"Asia/Kolkata", "2050-07-01T00:00:00Z", 19800},
        {"Europe/Dublin", "2040-01-15T00:00:00Z", 0},           {"Europe/Dublin", "2040-07-15T00:00:00Z", 3600},
        {"America/St_Johns", "2050-01-15T00:00:00Z", -12600},   {"Asia/Gaza", "2026-07-15T00:00:00Z", 10800},
        {"America/Sao_Paulo", "2018-12-15T00:00:00Z", -7200},   {"America/Sao_Paulo", "2026-12-15T00:00:00Z", -10800},
        {"Pacific/Auckland", "2077-01-15T00:00:00Z", 46800},    {"Etc/UTC", "2026-01-01T00:00:00Z", 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.zone);
        CAPTURE(row.at);
        const Result<ZoneTable> zone = parse_tzif(row.zone, read_zone(row.zone));
        REQUIRE(zone.has_value());
        CHECK(offset_at(*zone, row.at) == row.offset);
        const auto again = parse_zone_text(row.zone, zone_text(*zone));
        REQUIRE(again != nullptr);
        CHECK(zone_text(*again) == zone_text(*zone));
        CHECK(offset_at(*again, row.at) == row.offset);
    }
}

TEST_CASE("a broken zone file or text is refused, wherever it is cut") {
    const std::string whole = read_zone("Europe/Berlin");
    REQUIRE(parse_tzif("z", whole).has_value());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CHECK(parse_tzif("z", std::string_view(whole).substr(0, length)).has_error());
    }
    std::string footer = whole;
    footer.replace(footer.rfind(",M10"), 4, ",M13");
    CHECK(parse_tzif("z", footer).has_error());
    CHECK(parse_zone_text("z", "") == nullptr);
    CHECK(parse_zone_text("z", "3600") == nullptr);
    CHECK(parse_zone_text("z", "3600\n5 7200\n5 3600\n") == nullptr);
    CHECK(parse_zone_text("z", "3600\n5 x\n") == nullptr);
    CHECK(parse_zone_text("z", "3600\n5 7200\n") != nullptr);
}
