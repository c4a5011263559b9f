// A configuration mistake that is reported at the wrong place, or not at all, costs an operator the night.
#include "rules/settings.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

std::string problems_of(std::string_view yaml) {
    Problems problems;
    parse_settings(yaml, "f", problems);
    return problems.text();
}

}  // namespace

TEST_CASE("values keep their places, kinds and paths") {
    Problems problems;
    const SettingsNode root = parse_settings("a: 1\nb:\n  - x\n  - {c: 'yes', d: }\n", "f", problems);
    CHECK(problems.text() == "");
    REQUIRE(root.kind == SettingsNode::Kind::map);
    const SettingsNode* b = root.find("b");
    REQUIRE(b != nullptr);
    REQUIRE(b->items.size() == 2);
    CHECK(b->items[0].where.line == 3);
    CHECK(b->items[0].where.column == 5);
    const SettingsNode* c = b->items[1].find("c");
    REQUIRE(c != nullptr);
    CHECK(c->path == "b[1].c");
    CHECK(c->quoted);
    CHECK_FALSE(root.find("a")->quoted);
    CHECK(b->items[1].find("d")->kind == SettingsNode::Kind::null);
    CHECK(root.find("none") == nullptr);
}

TEST_CASE("what is not acceptable YAML is a located problem") {
    struct Row {
        std::string yaml;
        std::string expected;
    };
    const Row rows[] = {
        {"", ""},
        {"# nothing\n", ""},
        {"a: 1\nb: 2\na: 3\n", "f:3:1: a: is given twice; the first one is in line 1; remove one of them\n"},
        {"x:\n  - {k: 1, k: 2}\n", "f:2:12: x[0].k: is given twice; the first one is in line 2; remove one of them\n"},
        {"a: [1, 2\nb: 3\n", "f:2:2: is not valid YAML: end of sequence flow not found\n"},
        {"a: *b\n", "f:1:4: is not valid YAML: the referenced anchor is not defined\n"},
        {"a: &a [*a]\n", "f:1:8: an alias may not stand inside what it refers to\n"},
        {"a: 1\n---\nb: 2\n",
         "f:2:1: a second YAML document begins here; one file holds one document; remove the '---' line, or make it a "
         "file of its own\n"},
        {"a: !!int 5\n", "f:1:4: the tag 'tag:yaml.org,2002:int' is not supported; remove it\n"},
        {"a: {{b}}\n", "f:1:5: a: a key must be plain text; a text with braces needs quotes: '{{host}}'\n"},
        {"ok: 1\nb\xC3\xA4: \xFFz\n", "f:2:6: is not valid UTF-8 from this byte on; save the file as UTF-8 text\n"},
        {std::string("a: 1\nb: \0", 9), "f:2:4: has a NUL byte; save the file as UTF-8 text\n"},
        {std::string(40, '[') + std::string(40, ']'), "f:1:33: is nested deeper than 32 levels\n"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.yaml);
        CHECK(problems_of(row.yaml) == row.expected);
    }
}

TEST_CASE("aliases cannot blow a small file up") {
    std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int n = 0; n < 9; ++n) laughs += ", " + before;
        laughs += "]\n";
    }
    CHECK(problems_of(laughs).find("aliases expanded") != std::string::npos);
    std::string long_text = "a: &a '" + std::string(1'000'000, 'x') + "'\nb:\n";
    for (int n = 0; n < 50; ++n) long_text += "  - *a\n";
    CHECK(problems_of(long_text).find("aliases expanded") != std::string::npos);
    std::string deep = "a0: &a0 [x]\n";
    for (int i = 1; i < 40; ++i)
        deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    CHECK(problems_of(deep).find("nested deeper") != std::string::npos);
    CHECK(problems_of(std::string(settings_bytes_max + 1, '#')).find("is larger than") != std::string::npos);
}

TEST_CASE("an alias stands for a copy at its own path") {
    Problems problems;
    const SettingsNode root = parse_settings("a: &x {k: 1}\nb: *x\n", "f", problems);
    REQUIRE(problems.empty());
    CHECK(root.find("b")->find("k")->path == "b.k");
    CHECK(root.find("b")->where.line == 2);
}

TEST_CASE("getters give the typed value or say what they found") {
    Problems problems;
    const SettingsNode root = parse_settings(
        "t: text\nn: 5\nb: true\nd: 1h30m\ns: 64KiB\nl: [a, b]\none: a\nm: {x: y}\nempty:\n", "f", problems);
    SettingsReader reader(root, problems);
    CHECK(reader.text("t") == "text");
    CHECK(reader.integer("n", 0, 9) == 5);
    CHECK(reader.boolean("b") == true);
    CHECK(reader.duration("d") == minutes(90));
    CHECK(reader.bytes("s") == 65536);
    CHECK(reader.text_list("l") == std::vector<std::string>{"a", "b"});
    CHECK(reader.text_list("one") == std::vector<std::string>{"a"});
    CHECK(reader.text_map("m")->front() == std::pair<std::string, std::string>("x", "y"));
    CHECK(reader.map("empty") == nullptr);
    CHECK_FALSE(reader.text("absent").has_value());
    reader.finish();
    CHECK(problems.text() == "");
}

TEST_CASE("wrong types, ranges and unknown keys") {
    Problems problems;
    const SettingsNode root = parse_settings(
        "t: [x]\nn: '5'\nbig: 10\nb: yes\nd: 5 minutes\ns: 64KB\nl: {a: b}\nm: text\nur1: x\nzzzzzz: x\nempty:\nli: "
        "[[x]]\n",
        "f", problems);
    SettingsReader reader(root, problems);
    reader.text("t");
    reader.integer("n", 0, 9);
    reader.integer("big", 0, 9);
    reader.boolean("b");
    reader.duration("d");
    reader.bytes("s");
    reader.text_list("l");
    reader.text_list("li");
    reader.map("m");
    reader.text("empty");
    reader.require_text("url");
    reader.refuse("later", "is not in this version", "");
    reader.finish();
    CHECK(problems.text() ==
          "f:1:4: t: must be text, found a list\n"
          "f:2:4: n: must be a whole number from 0 to 9, found '5'; remove the quotes\n"
          "f:3:6: big: must be a whole number from 0 to 9, found '10'\n"
          "f:4:4: b: must be true or false, found 'yes'\n"
          "f:5:4: d: must be a duration such as 90s, 5m, 2h or 1d, found '5 minutes'\n"
          "f:6:4: s: must be a size such as 4096, 64KiB, 16MiB or 1GiB, found '64KB'\n"
          "f:7:4: l: must be a list of texts, found a map\n"
          "f:12:6: li[0]: must be text, found a list\n"
          "f:8:4: m: must be a map of keys and values, found 'text'\n"
          "f:11:1: empty: must be text, found nothing\n"
          "f:1:1: url: is missing\n"
          "f:9:1: ur1: unknown key; did you mean 'url'? allowed here: b, big, d, empty, l, li, m, n, s, t, url\n"
          "f:10:1: zzzzzz: unknown key; allowed here: b, big, d, empty, l, li, m, n, s, t, url\n");
}

TEST_CASE("a value that is no map is said once, where it is") {
    Problems problems;
    const SettingsNode root = parse_settings("- a\n", "f", problems);
    SettingsReader reader(root, problems);
    reader.finish();
    CHECK(problems.text() == "f:1:1: must be a map of keys and values, found a list\n");
}

TEST_CASE("nearest knows typing mistakes from other words") {
    const std::vector<std::string> known{"prometheus", "nagios", "url", "tokens"};
    CHECK(nearest("promethues", known) == "prometheus");
    CHECK(nearest("ur1", known) == "url");
    CHECK(nearest("Tokens", known) == "tokens");
    CHECK(nearest("token", known) == "tokens");
    CHECK(nearest("grafana", known) == "");
    CHECK(nearest("", known) == "");
    CHECK(nearest(std::string(1000, 'x'), known) == "");
}

TEST_CASE("sizes do not overflow, and what was found is shown harmlessly") {
    CHECK(parse_bytes("16GiB").value() == 17179869184ULL);
    CHECK(parse_bytes("18446744073709551615GiB").has_error());
    CHECK(parse_bytes("").has_error());
    CHECK(parse_bytes("-1").has_error());
    CHECK(shown("a\nb") == "'a\\x0ab'");
    CHECK(shown(std::string(59, 'x') + "\xC3\xA4z") == "'" + std::string(59, 'x') + "...'");
}

TEST_CASE("problems as JSON are one array whatever the texts hold") {
    Problems problems;
    CHECK(render_problems(problems, true) == "[]\n");
    problems.add({"f", 1, 2}, "a.\"b\"", "bad\n", "hint");
    problems.add({"g", 0, 0}, "", "worse");
    CHECK(render_problems(problems, true) ==
          "[\n  {\"severity\": \"error\", \"file\": \"f\", \"line\": 1, \"column\": 2, \"key\": \"a.\\\"b\\\"\", "
          "\"message\": \"bad\\u000a\", "
          "\"hint\": \"hint\"},\n  {\"severity\": \"error\", \"file\": \"g\", \"line\": 0, \"column\": 0, \"key\": "
          "\"\", \"message\": \"worse\", "
          "\"hint\": \"\"}\n]\n");
    CHECK(render_problems(problems, false) == "f:1:2: a.\"b\": bad\n; hint\ng: worse\n");
}
