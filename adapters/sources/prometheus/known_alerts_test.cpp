#include "adapters/sources/prometheus/known_alerts.hpp"
#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace incidentd::sources::prometheus {
const SourceSpec& spec();
}

using namespace incidentd;
using namespace incidentd::sources::prometheus;

namespace {

void check_same(const AlertEvent& a, const AlertEvent& b) {
    CHECK(a.fingerprint == b.fingerprint);
    CHECK(a.kind == b.kind);
    CHECK(a.severity == b.severity);
    CHECK(a.starts_at == b.starts_at);
    CHECK(a.ends_at == b.ends_at);
    CHECK(a.expires_at == b.expires_at);
    CHECK(a.source == b.source);
    CHECK(a.key == b.key);
    CHECK(a.title == b.title);
    CHECK(a.text == b.text);
    CHECK(a.url == b.url);
    CHECK(std::ranges::equal(a.labels, b.labels));
    CHECK(std::ranges::equal(a.annotations, b.annotations));
    CHECK(a.details_hash == b.details_hash);
}

template <std::size_t N>
const char* one_of(const char* const (&choices)[N], std::mt19937& random) {
    return choices[random() % N];
}

// Few choices a member, so that the same bytes come again and again with other times, and near misses of them.
std::string random_alert(std::mt19937& random) {
    static const char* const labels[] = {R"({"alertname":"Down","instance":"a"})",
                                         R"({"alertname":"Down","instance":"b"})",
                                         R"({"instance":"a","alertname":"Down"})",
                                         R"({"alertname":"D\u006fwn","instance":"a"})",
                                         R"({"alertname":"Down", "instance":"a"})",
                                         R"({"alertname":"Down","alertname":"Up"})",
                                         R"({"alertname":""})",
                                         R"({"bad-name":"x"})",
                                         R"({"a":1})",
                                         "{}",
                                         "null",
                                         "7"};
    static const char* const annotations[] = {R"({"summary":"s","description":"d"})", R"({"summary":"\u0000"})", "{}",
                                              "null"};
    static const char* const times[] = {R"("2026-02-03T04:00:00Z")",
                                        R"("2026-02-03T05:00:00Z")",
                                        R"("2026-02-03T06:00:00Z")",
                                        R"("0001-01-01T00:00:00Z")",
                                        R"("yesterday")",
                                        "null",
                                        R"("")"};
    static const char* const urls[] = {R"("http://p/a")", R"("http:\/\/p/a")", R"("relative")", R"("")", "7"};
    std::vector<std::string> members;
    const auto maybe = [&](unsigned percent, const char* key, const char* value) {
        if (random() % 100 < percent) members.push_back('"' + std::string(key) + "\":" + value);
    };
    maybe(95, "labels", one_of(labels, random));
    maybe(5, "labels", one_of(labels, random));
    maybe(5, "lab\\u0065ls", one_of(labels, random));
    maybe(50, "annotations", one_of(annotations, random));
    maybe(60, "startsAt", one_of(times, random));
    maybe(60, "endsAt", one_of(times, random));
    maybe(5, "endsAt", one_of(times, random));
    maybe(50, "generatorURL", one_of(urls, random));
    maybe(10, "unknown", R"({"labels":{"x":[1]}})");
    std::string out = "{";
    for (const std::string& member : members) out += (out.size() > 1 ? " , " : "") + member;
    return out + "}";
}

}  // namespace

// Could break: an alert recognised by bytes that mean something else, or with the times of the message before.
TEST_CASE("a source that knows alerts says of every body what one says that never saw an alert") {
    std::mt19937 random(20'260'203);
    test_kit::Driver knowing(spec());
    std::size_t taken = 0;
    for (int round = 0; round < 400; ++round) {
        std::string body = "[";
        for (int i = 0; i < 12; ++i) body += (i == 0 ? "" : ",") + random_alert(random);
        body += round % 50 == 49 ? "" : "]";
        const auto expected = test_kit::Driver(spec()).post(body);
        const auto got = knowing.post(body);
        CAPTURE(body);
        REQUIRE(got.events().size() == expected.events().size());
        for (std::size_t i = 0; i < got.events().size(); ++i) check_same(got.events()[i], expected.events()[i]);
        taken += got.events().size();
        REQUIRE(got.outcome.rejected.size() == expected.outcome.rejected.size());
        for (std::size_t i = 0; i < got.outcome.rejected.size(); ++i) {
            CHECK(got.outcome.rejected[i].index == expected.outcome.rejected[i].index);
            CHECK(got.outcome.rejected[i].message == expected.outcome.rejected[i].message);
        }
        CHECK(got.outcome.reply.body == expected.outcome.reply.body);
    }
    CHECK(taken > 400);
}

TEST_CASE("bytes are known from the third time on, and only these bytes") {
    KnownAlerts known(1U << 20U);
    AlertEvent event;
    event.title = "down";
    const AlertBytes bytes{R"({"a":"b"})", "{}", "http://p"};
    const std::uint64_t hash = bytes.hash();
    known.remember(bytes, hash, event);
    CHECK(known.find(bytes, hash) == nullptr);
    CHECK(known.bytes() == 0);
    known.remember(bytes, hash, event);
    REQUIRE(known.find(bytes, hash) != nullptr);
    CHECK(known.find(bytes, hash)->event().title == "down");
    const AlertBytes border_moved{R"({"a":"b"}{)", "}", "http://p"};
    // As if all of them hashed the same.
    CHECK(known.find(border_moved, hash) == nullptr);
    for (const AlertBytes& other :
         {AlertBytes{R"({"a":"c"})", "{}", "http://p"}, AlertBytes{R"({"a":"b"})", "[]", "http://p"},
          AlertBytes{R"({"a":"b"})", "{}", "http://q"}})
        CHECK(known.find(other, hash) == nullptr);
}

// Could break: memory that grows with each new alert of a storm, or a table that forgets all when one too many comes.
TEST_CASE("memory stays within the bound, and alerts that are repeated stay known beside ones that are not") {
    constexpr std::size_t most = 64 * 1024;
    KnownAlerts known(most);
    const auto told = [&known](int serial) {
        const std::string labels = R"({"serial":")" + std::to_string(serial) + R"("})";
        const AlertBytes bytes{labels, {}, {}};
        AlertEvent event;
        event.title = labels;
        if (known.find(bytes, bytes.hash()) != nullptr) return true;
        known.remember(bytes, bytes.hash(), event);
        return false;
    };
    for (int round = 0; round < 3; ++round)
        for (int serial = 0; serial < 20; ++serial) told(serial);
    for (int serial = 1000; serial < 20'000; ++serial) {
        for (int again = 0; again < 3; ++again) told(serial);
        if (serial % 10 == 0)
            for (int repeated = 0; repeated < 20; ++repeated) told(repeated);
        REQUIRE(known.bytes() <= most);
    }
    int still = 0;
    for (int serial = 0; serial < 20; ++serial) still += told(serial) ? 1 : 0;
    CHECK(still == 20);
    CHECK(known.bytes() > most / 2);
}
