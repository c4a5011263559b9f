#include "adapters/json.hpp"

#include "adapters/json_reader.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace incidentd;

namespace {

std::string written(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string fault(std::string_view text) {
    const auto found = find_json_fault(text);
    return found ? to_string(*found) : std::string("none");
}

}  // namespace

// Could break: a reply that is no JSON because some alert held a quote, a control character or Latin-1.
TEST_CASE("any text becomes a valid JSON string") {
    CHECK(written("plain \xC3\xA4 \xF0\x9F\x94\xA5") == "\"plain \xC3\xA4 \xF0\x9F\x94\xA5\"");
    CHECK(written("a\"b\\c\n\t\r\b\f\x01\x1f") == R"("a\"b\\c\n\t\r\b\f\u0001\u001f")");
    CHECK(written(std::string_view("\0x", 2)) == R"("\u0000x")");
    CHECK(written("a\xFF\xC3") == "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
    CHECK(written("\xED\xA0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    JsonReader reader;
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(3, static_cast<char>(byte));
        CHECK_FALSE(reader.parse(written(text)).has_value());
    }
}

// Could break: the operator is told the wrong place, or nothing.
TEST_CASE("faults are told with the byte and what was expected") {
    CHECK(fault(R"({"a":[1,2.5e-3,"x\u00e4\ud83d\udd25",true,null,{}]} )") == "none");
    CHECK(fault("{\"a\":1") == "at byte 6: expected ',' or '}', found the end of the text");
    CHECK(fault("{\"a\" 1}") == "at byte 5: expected ':' after the member's name, found '1'");
    CHECK(fault("{a:1}") == "at byte 1: expected a member's name in quotes, found 'a'");
    CHECK(fault("[1,]") == "at byte 3: expected a value, found ']'");
    CHECK(fault("[01]") == "at byte 2: a number must not begin with 0");
    CHECK(fault("[1.]") == "at byte 3: expected a digit, found ']'");
    CHECK(fault("[tru]") == "at byte 1: expected true");
    CHECK(fault("[] x") == "at byte 3: expected the end of the text, found 'x'");
    CHECK(fault("[\"a\nb\"]") == "at byte 3: a control character in a string must be escaped, found byte 10");
    CHECK(fault("[\"\\ud800x\"]") == "at byte 2: half of a surrogate pair in a string");
    CHECK(fault("[\"\\udc00\"]") == "at byte 2: half of a surrogate pair in a string");
    CHECK(fault("[\"\xC0\x80\"]") == "at byte 2: not well-formed UTF-8, found byte 192");
    CHECK(fault("[18446744073709551616]") == "at byte 1: a number beyond 64 bits; send it as a string");
    CHECK(fault("[1e400]") == "at byte 1: a number beyond 64 bits; send it as a string");
    CHECK(fault("[1e-400]") == "none");
    CHECK(fault("") == "at byte 0: expected a value, found the end of the text");
    CHECK(fault(std::string(100, '[')) == "at byte 64: nested deeper than 64 levels");
    CHECK(find_json_fault("[\"\xFF\"]")->reason == RejectReason::invalid_utf8);
}

// Could break: simdjson and the second reading disagree, so that a refusal has no reason or a good text is refused.
TEST_CASE("the reader refuses exactly what has a fault") {
    JsonReader reader;
    const std::string base = R"({"a":[1,-2.5e3,"x\u00e4\ud83d\udd25\\",true,null,{}],"b":{"c":""}})";
    CHECK_FALSE(reader.parse(base).has_value());
    for (std::size_t i = 0; i < base.size(); ++i) {
        for (const char c : {'"', '{', '}', '[', ']', ',', ':', '\\', '0', 'e', ' ', '\x01', '\xff', 'u'}) {
            std::string text = base;
            text[i] = c;
            CAPTURE(text);
            CHECK(reader.parse(text).has_value() == find_json_fault(text).has_value());
            const std::string cut = text.substr(0, i);
            CHECK(reader.parse(cut).has_value() == find_json_fault(cut).has_value());
        }
    }
    for (const std::size_t depth : {63, 64, 65, 66, 5000}) {
        const std::string deep = std::string(depth, '[') + "1" + std::string(depth, ']');
        CHECK(reader.parse(deep).has_value() == (depth > json_depth_max));
        CHECK(find_json_fault(deep).has_value() == (depth > json_depth_max));
    }
    CHECK(reader.parse(" \n")->reason == RejectReason::empty);
}

// Could break: values that change on their way, and a first duplicate that hides the last.
TEST_CASE("scalars as text, duplicates, byte order mark") {
    JsonReader reader;
    REQUIRE_FALSE(
        reader.parse("\xEF\xBB\xBF{\"i\":-5,\"u\":18446744073709551615,\"d\":1.50,\"t\":true,\"n\":null,\"s\":\"x\","
                     "\"s\":\"y\",\"a\":[]}"));
    simdjson::dom::object object;
    REQUIRE_FALSE(reader.root().get(object));
    CHECK(reader.text(object, "i") == "-5");
    CHECK(reader.text(object, "u") == "18446744073709551615");
    CHECK(reader.text(object, "d") == "1.5");
    CHECK(reader.text(object, "t") == "true");
    CHECK(reader.text(object, "n").empty());
    CHECK(reader.text(object, "a").empty());
    CHECK(reader.text(object, "s") == "y");
    CHECK(reader.text(object, "zzz").empty());
    std::vector<LabelView> labels;
    CHECK(reader.labels(object, labels));
    CHECK(labels.size() == 6);
}

TEST_CASE("JSON pointers follow RFC 6901") {  // could break: mappings that point past the value they name
    JsonReader reader;
    REQUIRE_FALSE(reader.parse(R"({"a/b":{"~":[10,{"":7}]},"01":1})"));
    const auto at = [&](std::string_view pointer) {
        const auto tokens = split_json_pointer(pointer);
        const auto found = tokens ? json_at(reader.root(), *tokens) : std::nullopt;
        return found ? std::string(reader.text(*found).value_or("?")) : std::string("-");
    };
    CHECK(at("/a~1b/~0/0") == "10");
    CHECK(at("/a~1b/~0/1/") == "7");
    CHECK(at("/01") == "1");
    CHECK(at("") == "?");
    CHECK(at("/a~1b/~0/00") == "-");
    CHECK(at("/a~1b/~0/2") == "-");
    CHECK(at("/a~1b/~0/-") == "-");
    CHECK(at("/a~1b/~0/0/x") == "-");
    CHECK_FALSE(split_json_pointer("a").has_value());
    CHECK_FALSE(split_json_pointer("/~").has_value());
}

TEST_CASE("JSON media types") {  // could break: vendors' own +json types refused
    CHECK(is_json_media_type("application/json"));
    CHECK(is_json_media_type("Application/CloudEvents+JSON"));
    CHECK_FALSE(is_json_media_type("text/plain"));
    CHECK_FALSE(is_json_media_type(""));
}
