// A mark below the wrong letter sends people looking in the wrong place.
#include "rules/settings.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("a byte of a value is found in the file, whatever its quotes, escapes and folds") {
    struct Row {
        std::string text;
        std::size_t offset;
        int line, column;
        char expected;  // the byte there
    };
    static const Row rows[] = {
        {"k: abc\n", 1, 1, 5, 'b'},
        {"k: 'abc'\n", 1, 1, 6, 'b'},
        {"k: 'a''c'\n", 2, 1, 8, 'c'},
        {"k: \"abc\"\n", 2, 1, 7, 'c'},
        {"k: \"a\\\"c\"\n", 2, 1, 8, 'c'},
        {"k: \"a\\u00e4c\"\n", 3, 1, 12, 'c'},
        {"k: \"a\\x41c\"\n", 2, 1, 10, 'c'},
        {"k: &name 'abc'\n", 1, 1, 12, 'b'},
        {"k: !!str abc\n", 1, 1, 11, 'b'},
        {"k: |\n  abc\n  def\n", 5, 3, 4, 'e'},
        {"k: |-\n\n    abc\n    def\n", 6, 4, 6, 'e'},
        {"k: >\n  abc\n  def\n", 5, 3, 4, 'e'},
        {"k: >\n  abc\n\n  def\n", 5, 4, 4, 'e'},
        {"k: abc\n   def\n", 5, 2, 5, 'e'},
        {"k: 'abc\n\n   def'\n", 5, 3, 5, 'e'},
        {"k: \"abc\\\n   def\"\n", 4, 2, 5, 'e'},
        {"k: [x, 'abc']\n", 0, 1, 9, 'a'},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        Problems problems;
        const SettingsNode root = parse_settings(row.text, "f", problems);
        REQUIRE(problems.text() == "");
        const SettingsNode* value = root.find("k");
        if (value->kind == SettingsNode::Kind::list) value = &value->items[1];
        REQUIRE(row.offset < value->scalar.size());
        CHECK(value->scalar[row.offset] == row.expected);
        const Location found = problems.inside(*value, row.offset);
        CHECK(found.line == row.line);
        CHECK(found.column == row.column);
        const std::string_view line = problems.source_line(found);
        REQUIRE(found.column <= static_cast<int>(line.size()));
        CHECK(line[static_cast<std::size_t>(found.column) - 1] == row.expected);
    }
}

TEST_CASE("the end of a value and what is not there stay inside the file") {
    for (const char* text :
         {"k: abc", "k: 'abc'", "k: \"abc\"\n", "k: |\n  abc\n", "k: >-\n  abc", "k: &a x\nl: *a\n"}) {
        Problems problems;
        const SettingsNode root = parse_settings(text, "f", problems);
        for (std::size_t offset = 0; offset < 20; ++offset) {
            for (const auto& member : root.members) {
                const Location found = problems.inside(member.value, offset);
                CHECK(found.line >= 1);
                CHECK(found.column >= 1);
                CHECK(found.column <= static_cast<int>(problems.source_line(found).size()) + 1);
            }
        }
    }
}

TEST_CASE("problems are shown with their line and a mark below the byte") {
    Problems problems;
    const std::string wide(200, 'x');
    parse_settings("a: 'b\xC3\xA4!c'\nlong: '" + wide + "?" + wide + "'\n", "f", problems);
    problems.add({"f", 1, 8}, "a", "here");
    problems.warn({"f", 2, 208}, "long", "there", "so");
    const std::string shown_text = render_problems(problems, false);
    CHECK(shown_text ==
          "f:1:8: a: here\n    a: 'b\xC3\xA4!c'\n          ^\n"
          "warning: f:2:208: long: there; so\n    ..." +
              std::string(80, 'x') + "?" + std::string(29, 'x') + "...\n    " + std::string(83, ' ') + "^\n");
    CHECK(render_problems(problems, true).find("{\"severity\": \"warning\", \"file\": \"f\", \"line\": 2") !=
          std::string::npos);
}
