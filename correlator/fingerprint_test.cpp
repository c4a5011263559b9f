// Two alerts with one fingerprint become one; one alert with two fingerprints never resolves.
#include "correlator/fingerprint.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace incidentd;

using Labels = std::vector<LabelView>;

TEST_CASE("Alertmanager's fingerprints come out as Alertmanager computes them") {
    const Labels disk{{"alertname", "Disk Full"}, {"node", "n1"}};
    CHECK(alertmanager_fingerprint(disk) == 0x07db2c414d3e58ad);
    const Labels z{{"alertname", "z"}};
    CHECK(alertmanager_fingerprint(z) == 0xd23aefc3896786b8);
    CHECK(alertmanager_fingerprint({}) == 0xcbf29ce484222325);
}

TEST_CASE("the key is the identity where there is one, the labels where there is none") {
    const Labels a{{"a", "1"}}, b{{"a", "2"}};
    CHECK(fingerprint_of("s", "k", a) == fingerprint_of("s", "k", b));
    CHECK(fingerprint_of("s", "", a) != fingerprint_of("s", "", b));
    CHECK(fingerprint_of("s", "k", a) != fingerprint_of("s", "l", a));
    CHECK(fingerprint_of("s", "k", a) != fingerprint_of("t", "k", a));
    CHECK(fingerprint_of("s", "", a) != fingerprint_of("t", "", a));
}

TEST_CASE("texts that only join to the same bytes stay apart") {
    const Labels split[] = {{{"a", "bc"}}, {{"ab", "c"}}, {{"a", "b"}, {"c", ""}}, {{"a", "b"}, {"c", "d"}}, {}};
    std::set<Fingerprint> seen;
    for (const Labels& labels : split) seen.insert(fingerprint_of("s", "", labels));
    seen.insert(fingerprint_of("sa", "", Labels{{"b", "c"}}));
    seen.insert(fingerprint_of("", "s", {}));
    CHECK(seen.size() == 7);
}

TEST_CASE("label sets around the size of the stack buffer differ by every byte") {
    std::set<Fingerprint> seen;
    for (std::size_t size = 2000; size < 2100; ++size) {
        const std::string value(size, 'x');
        seen.insert(fingerprint_of("s", "", Labels{{"a", value}}));
        std::string other = value;
        other.back() = 'y';
        seen.insert(fingerprint_of("s", "", Labels{{"a", other}}));
    }
    CHECK(seen.size() == 200);
}

TEST_CASE("a fingerprint is read back from its 32 digits and from nothing else") {
    const Fingerprint f{0x0123456789abcdef, 0xfedcba9876543210};
    CHECK(to_string(f) == "0123456789abcdeffedcba9876543210");
    CHECK(fingerprint_from(to_string(f)) == f);
    CHECK(fingerprint_from("0123456789ABCDEFfedcba9876543210") == f);
    CHECK_FALSE(fingerprint_from("0123456789abcdeffedcba987654321"));
    CHECK_FALSE(fingerprint_from("0123456789abcdeffedcba98765432100"));
    CHECK_FALSE(fingerprint_from("0123456789abcdeffedcba987654321g"));
    CHECK_FALSE(fingerprint_from(""));
}

TEST_CASE("a label is found by its whole name, and a missing one is empty") {
    const Labels labels{{"a", "1"}, {"ab", "2"}, {"b", "3"}};
    CHECK(find_label(labels, "a") == "1");
    CHECK(find_label(labels, "ab") == "2");
    CHECK(find_label(labels, "b") == "3");
    CHECK(find_label(labels, "aa") == "");
    CHECK(find_label(labels, "c") == "");
    CHECK(find_label({}, "a") == "");
}
