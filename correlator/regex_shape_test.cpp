// A literal that a regex does not need would make it miss what it matches.
#include "correlator/regex_shape.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("a regex's shape is the longest text it needs, and whether only its end repeats") {
    struct Row {
        std::string_view regex, literal;
        bool repeats_only_at_end;
    };
    static const Row rows[] = {
        {"", "", true},
        {"web-1", "web-1", true},
        {"web-.*", "web-", true},
        {".*timeout.*", "timeout", false},
        {".*-db", "-db", false},
        {".*", "", true},
        {"a[[:]b", "", true},  // a class whose end it does not understand
        {"a[\\Q]*b", "", false},
        {"db-[0-9]{1,3}-.*", "db-", true},
        {"[0-9]{4}17[0-9]*", "17", true},
        {"[a-z]+-17", "-17", false},
        {"ab+c", "ab", false},
        {"abc?d", "ab", true},
        {"abc*d", "ab", false},
        {"abc{0,2}d", "ab", true},
        {"abc{2}d", "abc", true},
        {"abc{2,}d", "abc", false},
        {"a{b", "a{b", true},
        {"a{,2}b", "a{,2}b", true},
        {"x(web|db)-[0-9]+-core", "-core", false},
        {"(a+|b)-17", "-17", false},
        {"(?:web|db)-17", "-17", true},
        {"(?P<site>[a-z]{3})-core", "-core", true},
        {"a|bcd", "", true},
        {"a+|bcd", "", false},
        {"(?i)web", "", true},
        {"(?i)web.*x", "", false},
        {"web\\.example\\.org", "web.example.org", true},
        {"\\d+\\.log", ".log", false},
        {"\\x41bc", "", true},
        {"\\101bc", "", true},
        {"\\pLbc", "", true},
        {"\\Qa.b\\E", "", true},
        {"[]a]bc", "bc", true},
        {"[^]a]bc", "bc", true},
        {"[[:alpha:]\\]]bc", "bc", true},
        {"(a[)]b)cd", "cd", true},
        {"(a\\)b)cd", "cd", true},
        {"é*bc", "bc", false},
        {"é+bc", "é", false},
        {"aé?b", "a", true},
        {"^web$", "web", true},
        {"web.*?", "web", true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.regex);
        const RegexShape shape = shape_of(row.regex);
        CHECK(shape.literal == row.literal);
        CHECK(shape.repeats_only_at_end == row.repeats_only_at_end);
    }
}
