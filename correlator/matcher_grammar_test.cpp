// Whether a text is a matcher, and which, is Alertmanager's decision: rules written for it must mean the same here.
//
// The vectors follow Alertmanager's UTF-8 parser (prometheus/alertmanager: matcher/parse, matcher/compat,
// matcher/compliance; what its tests skip because the older parser took it is refused here too) and Go's
// strconv.Unquote. Differences, all on purpose:
//  - Bytes that are not UTF-8 are refused wherever they stand. Alertmanager lets them pass outside quotes and turns
//  them
//    into U+FFFD inside; no label value holds them, so such a matcher cannot be what its author meant.
//  - A regex must be one by itself. Alertmanager wraps it in ^(?:...)$ first, so that it takes 'a)|(?:b'.
//  - A regex is bounded: 4,096 bytes of text, 1 MiB of compiled program.
// One matcher alone may not stand in braces: so matcher/compat, which configurations and amtool go through; the parser
// behind it would take them. Its fallback to the older parser is not followed: a text that only that one takes, or
// takes otherwise, is refused or read as UTF-8 here.
#include "correlator/matcher.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace incidentd;

namespace {

std::string canonical(const Result<Matchers>& matchers) {
    if (matchers.has_error()) return "error: " + matchers.error().message;
    std::string out;
    for (const Matcher& matcher : *matchers) out += (out.empty() ? "" : ",") + matcher.text();
    return out;
}

struct Accepted {
    std::string_view text, meaning;
};

struct Refused {
    std::string_view text;
    std::size_t at;  // the byte offset the error names
};

void check(std::string_view text, const std::string& meaning) {
    CAPTURE(text);
    CHECK(canonical(parse_matchers(text)) == meaning);
}

}  // namespace

TEST_CASE("braces, commas and whitespace stand where Alertmanager lets them") {
    static const Accepted rows[] = {
        {"", ""},
        {" \t\n", ""},
        {"{}", ""},
        {" { } ", ""},
        {"{foo=bar}", R"(foo="bar")"},
        {"{foo=bar,}", R"(foo="bar")"},
        {"{ foo = bar , }", R"(foo="bar")"},
        {"{foo!=bar}", R"(foo!="bar")"},
        {"{foo=~[a-z]+}", R"(foo=~"[a-z]+")"},
        {"{foo!~[a-z]+}", R"(foo!~"[a-z]+")"},
        {"foo=bar", R"(foo="bar")"},
        {"foo=bar,", R"(foo="bar")"},
        {"foo=bar , ", R"(foo="bar")"},
        {"foo!=bar", R"(foo!="bar")"},
        {"foo=~[a-z]+", R"(foo=~"[a-z]+")"},
        {"foo!~[a-z]+", R"(foo!~"[a-z]+")"},
        {R"({"foo"="bar"})", R"(foo="bar")"},
        {R"({"foo"="bar",})", R"(foo="bar")"},
        {R"({"foo"!="bar"})", R"(foo!="bar")"},
        {R"({"foo"=~"[a-z]+"})", R"(foo=~"[a-z]+")"},
        {R"({"foo"!~"[a-z]+"})", R"(foo!~"[a-z]+")"},
        {R"("foo"="bar")", R"(foo="bar")"},
        {R"("foo"="bar",)", R"(foo="bar")"},
        {"{foo=bar,bar!=baz}", R"(foo="bar",bar!="baz")"},
        {R"({foo="bar",bar!="baz"})", R"(foo="bar",bar!="baz")"},
        {"foo=bar,bar!=baz", R"(foo="bar",bar!="baz")"},
        {R"(foo="bar",bar!="baz")", R"(foo="bar",bar!="baz")"},
        {R"({foo = "bar", dings != "bums", })", R"(foo="bar",dings!="bums")"},
        {R"({foo="bar",baz!~".*quux", derp="wat"})", R"(foo="bar",baz!~".*quux",derp="wat")"},
        {R"({foo="bar,quux", job="job1"})", R"(foo="bar,quux",job="job1")"},
        {R"(contains_quote != "\"" , contains_comma !~ "foo,bar" , )",
         R"(contains_quote!="\"",contains_comma!~"foo,bar")"},
        {"foo\v=\fbar\r", R"(foo="bar")"},
        // U+0085, U+00A0, U+1680, U+2003, U+2028, U+202F, U+205F and U+3000 are spaces to Unicode.
        {"\u0085foo\u00a0=\u1680bar\u2003,\u2028a\u202f=\u205f\"b\"\u3000", R"(foo="bar",a="b")"},
        // U+200B, U+180E and U+FEFF are not.
        {"foo=a\u200bb\u180e\ufeff", "foo=\"a\u200bb\u180e\ufeff\""},
    };
    for (const Accepted& row : rows) check(row.text, std::string(row.meaning));
}

TEST_CASE("names and values without quotes hold all but the reserved characters") {
    static const Accepted rows[] = {
        {"{foo=🙂}", R"(foo="🙂")"},
        {"{foo=🙂bar}", R"(foo="🙂bar")"},
        {"foo🙂=bar", R"(foo🙂="bar")"},
        {"Σ=Σ", R"(Σ="Σ")"},
        {"{name-with-dashes = \"bar\"}", R"(name-with-dashes="bar")"},
        {"0foo=1", R"(0foo="1")"},
        {"$=$", R"($="$")"},
        {"hello:world=a/b;c?d&e#f%g*h(i)j[k]l|m<n>o@p^q+r-s_t.u",
         R"(hello:world="a/b;c?d&e#f%g*h(i)j[k]l|m<n>o@p^q+r-s_t.u")"},
        {"statuscode=~5..", R"(statuscode=~"5..")"},
        {"a=(b", R"(a="(b")"},  // not a regex
    };
    for (const Accepted& row : rows) check(row.text, std::string(row.meaning));
    check(std::string_view("a=\0b", 4), std::string("a=\"\0b\"", 6));
}

TEST_CASE("double quotes hold anything, with the escapes of Go") {
    static const Accepted rows[] = {
        {R"({"foo"="🙂"})", R"(foo="🙂")"},
        {R"({"foo"="\xf0\x9f\x99\x82"})", R"(foo="🙂")"},
        {R"({"foo"="\360\237\231\202"})", R"(foo="🙂")"},
        {R"({"foo"="\U0001f642"})", R"(foo="🙂")"},
        {R"({"foo"="\u00e9\u00E9\u20AC"})", R"(foo="éé€")"},
        {R"({"foo"="bar\n"})", R"(foo="bar\n")"},
        {R"({"foo"="bar\t"})", "foo=\"bar\t\""},
        {R"({"foo"="\"bar\""})", R"(foo="\"bar\"")"},
        {R"({"foo"="bar\\"})", R"(foo="bar\\")"},
        {R"(a="\a\b\f\r\v")", "a=\"\a\b\f\r\v\""},
        {R"(a="\x41\101")", R"(a="AA")"},
        {R"(a="\U0010FFFF\ud7ff\ue000")", "a=\"\U0010FFFF\ud7ff\ue000\""},
        {R"(a=~"\\d+")", R"(a=~"\\d+")"},
        {R"(foo="")", R"(foo="")"},
        {R"(foo=~"")", R"(foo=~"")"},
        {R"(""=x)", R"(""="x")"},  // the grammar takes it; rule files do not
        {R"("foo bar"="x")", R"("foo bar"="x")"},
        {R"("foo,bar"={x)", "error: at byte 10: expected a value, found '{'"},
        {R"("{foo}"="{x},=~'`")", R"("{foo}"="{x},=~'`")"},
        {R"({quote="She said: \"Hi, ladies! That's gender-neutral…\""})",
         R"(quote="She said: \"Hi, ladies! That's gender-neutral…\"")"},
        {"a=\"tab\tand\u202fspaces\"", "a=\"tab\tand\u202fspaces\""},
    };
    for (const Accepted& row : rows) check(row.text, std::string(row.meaning));
    check(R"(a="\x00\000")", std::string("a=\"\0\0\"", 6));
}

TEST_CASE("what Alertmanager refuses is refused, and the error names the byte") {
    static const Refused rows[] = {
        {",", 0},
        {"{,}", 1},
        {"{", 1},
        {"}", 0},
        {"foo=bar}", 7},
        {"{foo=bar", 8},
        {"{foo=bar,", 9},
        {"foo=bar,}", 8},
        {"{foo=bar}}", 9},
        {"{foo=bar}},}", 9},
        {"{foo=bar},", 9},
        {"{foo=bar}{bar=foo}", 9},
        {"{{foo=bar}}", 1},
        {"foo=bar,{a=b}", 8},
        {"{foo=bar,,a=b}", 9},
        {"foo=bar,,", 8},
        {R"({foo=:"bar"})", 6},
        {R"({foo="bar\w"})", 9},
        {R"({foo=bar\n})", 8},
        {R"({"foo"="\xf0\x9f"})", 7},
        {R"(foo="\xff")", 4},
        {R"(foo="\377")", 4},
        {R"(foo="\400")", 5},
        {R"(foo="\18")", 5},
        {R"(foo="\8")", 5},
        {R"(foo="\x4")", 5},
        {R"(foo="\xg0")", 5},
        {R"(foo="\u12")", 5},
        {R"(foo="\ud800")", 5},
        {R"(foo="\U00110000")", 5},
        {R"(foo="\')", 5},
        {R"(foo="\'")", 5},
        {R"(foo="\d")", 5},
        {R"(foo="\)", 5},
        {R"(foo="bar\")", 4},
        {R"(foo="bar)", 4},
        {R"(job=value")", 9},
        {R"(contains_unescaped_quote = foo"bar)", 30},
        {"foo=\"a\nb\"", 6},
        {"foo", 3},
        {"foo bar=baz", 4},
        {"foo=", 4},
        {"job=,", 4},
        {"{foo=,bar=}}", 5},
        {"{foo=}b", 5},
        {"foo=~", 5},
        {"foo=~}", 5},
        {"foo!~", 5},
        {"foo!", 3},
        {"foo!bar", 3},
        {"foo! =bar", 3},
        {"foo=!bar", 4},
        {"foo= ~bar", 5},
        {"foo~bar", 3},
        {"foo!!=bar", 3},
        {"=bar", 0},
        {"!=bar", 0},
        {"=~", 0},
        {"~", 0},
        {"foo==bar", 4},
        {"foo=bar=baz", 7},
        {"foo=~~bar", 5},
        {"tricky=~~~", 8},
        {R"(trickier==\\=\=\")", 9},
        {"foo=bar baz", 8},
        {"foo=bar baz=qux", 8},
        {R"(foo="bar" "baz")", 10},
        {R"(foo="bar"baz)", 9},
        {R"("foo"bar=baz)", 5},
        {R"(foo"bar"=baz)", 3},
        {"foo='bar'", 4},
        {"foo=`bar`", 4},
        {"'foo'=bar", 0},
        {"foo\\=bar", 3},
        {R"(\n)", 0},
        {R"("foo=\"bar\"")", 13},
        {R"("foo=\"bar)", 0},
        {R"("{foo=\"bar\"}")", 15},
        {R"("foo="bar"")", 6},
        {R"({foo=~"invalid[regexp"})", 6},
        {R"("{foo=\"bar"})", 12},
        {"{{foo=", 1},
        {"{foo=", 5},
        {"{foo='}", 5},
        {"{foo=`}", 5},
        {R"({foo=\n})", 5},
        {R"({foo=\t})", 5},
        {R"({foo=bar\t})", 8},
        {R"({foo=bar\})", 8},
        {R"({foo=bar\\})", 8},
        {R"({foo=\"})", 5},
        {R"({foo=bar\"})", 8},
        {R"(trickier==\\=\=\"")", 9},
        {"{foo=!bar,bar=$baz\\n}", 5},
        {"hello world", 6},
        {"!=!!", 0},
        {"hello\\r", 5},
        {"\"hello\\\"", 0},
        {"foo=~(a", 5},
        {"foo=~*", 5},
    };
    for (const Refused& row : rows) {
        CAPTURE(row.text);
        const Result<Matchers> matchers = parse_matchers(row.text);
        REQUIRE(matchers.has_error());
        const std::string begin = "at byte " + std::to_string(row.at) + ": ";
        CHECK(matchers.error().message.substr(0, begin.size()) == begin);
    }
}

TEST_CASE("where it differs from Alertmanager on purpose") {
    check("foo=a\xff", "error: at byte 5: expected ',' or the end, found a byte that is not UTF-8");
    check("foo=\"a\xff\"", "error: at byte 6: a quoted text must be UTF-8, found a byte that is not UTF-8");
    check("\xed\xa0\x80=a", "error: at byte 0: expected a label name, found a byte that is not UTF-8");
    check("foo=~a)|(?:b", "error: at byte 5: bad regex 'a)|(?:b': unexpected ): a)|(?:b");
    CHECK(parse_matchers("a=~\"" + std::string(4097, 'x') + "\"").has_error());
    CHECK(parse_matchers("a=\"" + std::string(4097, 'x') + "\"").has_value());
    CHECK(parse_matchers("a=~((a{100}){100}){100}").has_error());
}

TEST_CASE("a matcher is written as Alertmanager writes it, and matches what it matches there") {
    const auto written = [](const char* name, MatchOp op, const char* value) {
        return Matcher::make(name, op, value).value().text();
    };
    CHECK(written("foo", MatchOp::not_regex, "bar") == R"(foo!~"bar")");
    CHECK(written("foo", MatchOp::equal, "back\\slash") == R"(foo="back\\slash")");
    CHECK(written("foo", MatchOp::equal, "double\"quote") == R"(foo="double\"quote")");
    CHECK(written("foo", MatchOp::equal, "new\nline") == R"(foo="new\nline")");
    CHECK(written("foo", MatchOp::equal, "tab\tstop") == "foo=\"tab\tstop\"");
    CHECK(written("foo!", MatchOp::not_equal, "bar") == R"("foo!"!="bar")");
    CHECK(written("foo🙂", MatchOp::equal, "bar") == R"(foo🙂="bar")");
    CHECK(written("foo bar", MatchOp::equal, "baz") == R"("foo bar"="baz")");
    struct Row {
        MatchOp op;
        const char* value;
        const char* label;
        bool matches;
    };
    const Row rows[] = {{MatchOp::equal, "bar", "bar", true},
                        {MatchOp::equal, "bar", "foo-bar", false},
                        {MatchOp::not_equal, "bar", "foo-bar", true},
                        {MatchOp::regex, "bar", "foo-bar", false},
                        {MatchOp::regex, ".*bar", "foo-bar", true},
                        {MatchOp::not_regex, "bar", "foo-bar", true},
                        {MatchOp::not_regex, ".*bar", "foo-bar", false},
                        {MatchOp::regex, "foo.bar", "foo-bar", true},
                        {MatchOp::regex, "foo\\.bar", "foo-bar", false},
                        {MatchOp::regex, "foo\\.bar", "foo.bar", true},
                        {MatchOp::regex, "foo.bar", "foo\nbar", false},     // "." is no newline ...
                        {MatchOp::regex, "(?s)foo.bar", "foo\nbar", true},  // ... unless asked to be
                        {MatchOp::equal, "~!=\"", "~!=\"", true}};
    for (const Row& row : rows) {
        CAPTURE(row.value);
        CAPTURE(row.label);
        CHECK(Matcher::make("a", row.op, row.value).value().matches(std::string_view(row.label)) == row.matches);
    }
}

TEST_CASE("one matcher comes without braces, and alone") {
    const auto one = [](std::string_view text) {
        const Result<Matcher> matcher = parse_matcher(text);
        return matcher.has_error() ? "error: " + matcher.error().message : matcher->text();
    };
    CHECK(one("foo=bar") == R"(foo="bar")");
    CHECK(one("foo=bar,") == R"(foo="bar")");
    CHECK(one(R"("foo"!~"b{2}")") == R"(foo!~"b{2}")");
    CHECK(one("") == "error: expected one matcher, found 0");
    CHECK(one("foo=bar,bar=baz") == "error: expected one matcher, found 2");
    CHECK(one("{foo=bar}") == "error: at byte 0: braces may not stand around one matcher");
    CHECK(one("foo=bar}") == "error: at byte 7: braces may not stand around one matcher");
    CHECK(one("{}") == "error: at byte 0: braces may not stand around one matcher");
    CHECK(one(R"(foo="\xf0\x9f")").starts_with("error: at byte 4: "));
}
