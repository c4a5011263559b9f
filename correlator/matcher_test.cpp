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

TEST_CASE("matchers are read as Alertmanager's UTF-8 parser reads them") {
    struct Row {
        std::string text;
        std::string expected;
    };
    static const Row rows[] = {
        {R"(foo=bar)", R"(foo="bar")"},
        {R"(foo="bar")", R"(foo="bar")"},
        {R"( foo  !=  "bar" )", R"(foo!="bar")"},
        {R"({foo="bar",baz=~"q.x"})", R"(foo="bar",baz=~"q.x")"},
        {R"({foo="bar", baz!~qux,})", R"(foo="bar",baz!~"qux")"},
        {R"(foo=bar,)", R"(foo="bar")"},
        {R"({})", ""},
        {R"({ })", ""},
        {R"("foo bar"="x")", R"("foo bar"="x")"},
        {R"("a\"b"="c\\d\ne")", R"("a\"b"="c\\d\ne")"},
        {R"(foo="")", R"(foo="")"},
        {R"(a="{x},=~")", R"(a="{x},=~")"},
        {"ünïcode=☃", "ünïcode=\"☃\""},
        {"k8s.io/name=x-1", R"(k8s.io/name="x-1")"},
        {R"(a=~"\\d+")", R"(a=~"\\d+")"},
        {"", R"(error: at byte 0: expected a matcher such as severity="critical", found the end)"},
        {"foo", "error: at byte 3: expected =, !=, =~ or !~ after the label name, found the end"},
        {"foo=", "error: at byte 4: expected a value, found the end"},
        {"=bar", "error: at byte 0: expected a label name, found '='"},
        {R"(""=bar)", "error: at byte 0: a label name must not be empty, found '\"'"},
        {"foo=bar baz", "error: at byte 8: expected ',' or the end, found 'b'"},
        {"{foo=bar", "error: at byte 8: expected ',' or the closing '}', found the end"},
        {"foo=bar}", "error: at byte 7: has a '}' without its '{', found '}'"},
        {"{foo=bar}x", "error: at byte 9: expected nothing after '}', found 'x'"},
        {"foo='bar'", "error: at byte 4: only double quotes may stand here, found '''"},
        {R"(foo="bar)", "error: at byte 4: the quote that begins here is never closed, found '\"'"},
        {R"(foo="\d")",
         R"(error: at byte 5: an escape must be one of \" \\ \n \t \r (a backslash of a regex is written \\), found '\')"},
        {"foo=,bar=x", "error: at byte 4: expected a value, found ','"},
        {",foo=x", "error: at byte 0: expected a label name, found ','"},
        {"foo=x,,bar=y", "error: at byte 6: expected a label name, found ','"},
        {"foo==x", "error: at byte 4: expected a value, found '='"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(canonical(row.text) == row.expected);
    }
}

TEST_CASE("a matcher's own text reads back to the same matcher") {
    for (const char* value : {"", "plain", "a\"b\\c\nd", "{x}", "☃", " "}) {
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
