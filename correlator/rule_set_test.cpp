// A template that swallows a mistake titles a thousand tickets with nonsense.
#include "correlator/rule_set.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

std::string parts_of(std::string_view text) {
    const Result<Template> parsed = Template::parse(text);
    if (parsed.has_error()) return "error: " + parsed.error().message;
    std::string out;
    for (const Template::Part& part : parsed->parts())
        out += part.is_place ? "<" + part.text + ">" : "[" + part.text + "]";
    return out;
}

}  // namespace

TEST_CASE("templates are split into text and places") {
    struct Row {
        std::string text;
        std::string expected;
    };
    static const Row rows[] = {
        {"", ""},
        {"plain", "[plain]"},
        {"{{a}}", "<a>"},
        {"x {{ a }}y{{b}}", "[x ]<a>[y]<b>"},
        {"a } }} { b", "[a } }} { b]"},
        {"{{k8s.io/name}}", "<k8s.io/name>"},
        {"ab {{x", "error: at byte 3: the {{ that begins here is never closed with }}"},
        {"{{ }}", "error: at byte 0: {{}} needs a label's name, such as {{host}}"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(parts_of(row.text) == row.expected);
    }
    CHECK(parts_of("{{ .Labels.host }}").find("there are no functions") != std::string::npos);
    CHECK(parts_of("{{ $labels.host }}").find("there are no functions") != std::string::npos);
    CHECK(parts_of("{{ host | upper }}").find("there are no functions") != std::string::npos);
}
