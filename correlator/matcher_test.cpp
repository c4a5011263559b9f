// A matcher that reads its text differently from Alertmanager routes alerts to the wrong people without a word.
#include "correlator/matcher.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace incidentd;

namespace {

std::string canonical(std::string_view text) {
    const Result<Matchers> matchers = parse_matchers(text);
    if (matchers.has_error()) return "error: " + matchers.error().message;
    std::string out;
    for (const Matcher& matcher : *matchers) out += (out.empty() ? "" : ",") + matcher.text();
    return out;
}

bool match(std::string_view text, std::string_view value) {
    const Result<Matchers> matchers = parse_matchers(text);
    REQUIRE(matchers.has_value());
    const std::array<LabelView, 1> labels{{{"a", value}}};
    return matches_all(*matchers, value.empty() ? LabelsView{} : LabelsView(labels));
}

}  // namespace

TEST_CASE("an error names the byte, what was expected and what is there") {
    static const std::pair<std::string_view, std::string_view> rows[] = {
        {"foo", "error: at byte 3: expected =, !=, =~ or !~ after the label name, found the end"},
        {"foo=", "error: at byte 4: expected a value, found the end"},
        {"=bar", "error: at byte 0: expected a label name, found '='"},
        {"foo=bar☃ baz", "error: at byte 11: expected ',' or the end, found 'b'"},
        {"{foo=bar", "error: at byte 8: expected ',' or the closing '}', found the end"},
        {"foo=bar}", "error: at byte 7: has a '}' without its '{', found '}'"},
        {"{foo=bar}☃", "error: at byte 9: expected nothing after '}', found '☃'"},
        {"foo='bar'", "error: at byte 4: only double quotes may stand here, found '''"},
        {R"(foo="bar)", "error: at byte 4: the quote that begins here is never closed, found '\"'"},
        {R"(foo="\d")", R"(error: at byte 5: an escape must be one of \" \\ \a \b \f \n \r \t \v, \ooo, \xhh, \uhhhh )"
                        R"(or \Uhhhhhhhh (a backslash of a regex is written \\), found '\')"},
        {R"(foo="\xff")", "error: at byte 4: the bytes of this text's escapes are not UTF-8, found '\"'"},
    };
    for (const auto& [text, expected] : rows) {
        CAPTURE(text);
        CHECK(canonical(text) == expected);
    }
}

TEST_CASE("a matcher's own text reads back to the same matcher") {
    for (const char* value : {"", "plain", "a\"b\\c\nd", "{x}", "☃", " ", "\u3000", "a\tb\r\x01"}) {
        const Result<Matcher> matcher = Matcher::make("na me", MatchOp::not_equal, value);
        REQUIRE(matcher.has_value());
        const Result<Matchers> again = parse_matchers(matcher->text());
        REQUIRE(again.has_value());
        REQUIRE(again->size() == 1);
        CHECK(again->front().name() == "na me");
        CHECK(again->front().value() == value);
        CHECK(again->front().op() == MatchOp::not_equal);
    }
}

TEST_CASE("regexes are anchored, and a missing label is the empty string") {
    CHECK(match("a=~b", "b"));
    CHECK_FALSE(match("a=~b", "abc"));
    CHECK(match("a=~\"b|c\"", "c"));
    CHECK_FALSE(match("a=~\"b|c\"", "xc"));
    CHECK(match("a!~b", "abc"));
    CHECK(match("a=\"\"", ""));
    CHECK(match("a=~\".*\"", ""));
    CHECK_FALSE(match("a=~\".+\"", ""));
    CHECK(match("a!=b", ""));
    CHECK_FALSE(match("a=b", ""));
    CHECK(match("{}", "anything"));
}

TEST_CASE("a bad or oversized regex is refused with RE2's words") {
    CHECK(canonical("a=~\"(b\"") == "error: at byte 3: bad regex '(b': missing ): (b");
    CHECK(canonical("a=~\"(?=x)\"").find("invalid perl operator") != std::string::npos);
    CHECK(Matcher::make("a", MatchOp::regex, std::string(5000, 'x')).has_error());
    CHECK(canonical("a=~\"((a{100}){100}){100}\"").starts_with("error: at byte 3: bad regex"));
}
