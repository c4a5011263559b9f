// A warning that is wrong teaches people to ignore all of them; one that is missing leaves a rule that does nothing.
#include "rules/lint.hpp"
#include "rules/matcher_sets.hpp"
#include "rules/rules.hpp"

#include <doctest/doctest.h>

#include <ctime>

using namespace incidentd;

namespace {

Matchers matchers(std::string_view text) {
    Result<Matchers> parsed = parse_matchers(text);
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

std::string warnings_of(std::string text, Problems& problems) {
    RuleBundle bundle{{{"r.yaml", "version: 1\n" + std::move(text)}}, {"rt"}};
    const auto set = load_and_compile(bundle, {}, *parse_rfc3339("2026-11-24T12:00:00Z"), problems);
    CHECK(problems.text() == "");
    CHECK(set != nullptr);
    std::string out;
    for (const Problem& warning : problems.warnings()) out += to_string(warning).substr(7) + "\n";
    return out;
}

std::string warnings_of(std::string text) {
    Problems problems;
    return warnings_of(std::move(text), problems);
}

}  // namespace

TEST_CASE("one list of matchers implies another only where that is certain") {
    struct Row {
        std::string_view narrow, wide;
        bool implies;
    };
    static constexpr Row rows[] = {
        {R"x(a="x")x", "{}", true},
        {"{}", R"x(a="x")x", false},
        {"{}", R"x(a=~".*")x", true},
        {R"x(a="x",b="y")x", R"x(a="x")x", true},
        {R"x(a="x")x", R"x(a="x",b="y")x", false},
        {R"x(a="x")x", R"x(a=~"x|y")x", true},
        {R"x(a=~"x|y")x", R"x(a="x")x", false},
        {R"x(a=~"x|y")x", R"x(a=~"z|y|x")x", true},
        {R"x(a=~"x|y")x", R"x(a=~"[xy]")x", true},
        {R"x(a=~"(?:x|y)",a!="y")x", R"x(a="x")x", true},
        {R"x(a=~"x.*")x", R"x(a=~"x.*")x", true},
        {R"x(a=~"x.*")x", R"x(a=~"x.+")x", false},
        {R"x(a=~"x.*")x", R"x(a!="")x", true},
        {R"x(a=~"x.*")x", R"x(a=~".+")x", true},
        {R"x(a=~".*")x", R"x(a!="")x", false},
        {R"x(a!="")x", R"x(a=~".+")x", true},
        {R"x(a="x")x", R"x(a!="y")x", true},
        {R"x(a=~"x.*")x", R"x(a!="y")x", true},
        {R"x(a=~"x.*")x", R"x(a!="xy")x", false},
        {R"x(a="x")x", R"x(b!="y")x", false},
        {R"x(a=~"web\\.1")x", R"x(a="web.1")x", true},
        {R"x(a=~"web.1")x", R"x(a="web.1")x", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.narrow);
        CAPTURE(row.wide);
        const Matchers narrow = row.narrow == "{}" ? Matchers{} : matchers(row.narrow);
        const Matchers wide = row.wide == "{}" ? Matchers{} : matchers(row.wide);
        CHECK(MatcherSet(narrow).implies(MatcherSet(wide)) == row.implies);
    }
}

TEST_CASE("matchers that exclude each other, and those that only seem to") {
    struct Row {
        std::string_view text;
        std::string_view why;
    };
    static constexpr Row rows[] = {
        {R"x(a="x",a="y")x", R"x(a="x" and a="y" exclude each other)x"},
        {R"x(a="x",a!="x")x", R"x(a="x" and a!="x" exclude each other)x"},
        {R"x(a="x",a=~"y.*")x", R"x(a="x" and a=~"y.*" exclude each other)x"},
        {R"x(a=~"x|y",a=~"z|w")x", R"x(a=~"x|y" and a=~"z|w" exclude each other)x"},
        {R"x(a=~"x.*",a!~"x.*")x", R"x(a=~"x.*" and a!~"x.*" exclude each other)x"},
        {R"x(a=~"x$y")x", R"x(a=~"x$y" never matches)x"},
        {R"x(a=~"x^y")x", R"x(a=~"x^y" never matches)x"},
        {R"x(a!~".*")x", R"x(a!~".*" never matches)x"},
        {R"x(a=~"^x$")x", ""},
        {R"x(a=~"x|y",a=~"y|z")x", ""},
        {R"x(a=~"x.*",a=~".*y")x", ""},
        {R"x(a="x",b="y")x", ""},
        {R"x(a="",a!="x")x", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const Matchers list = matchers(row.text);
        CHECK(MatcherSet(list).contradiction() == row.why);
    }
}

TEST_CASE("warnings name the place, the reason and what to do") {
    struct Row {
        std::string text, expected;
    };
    static const Row rows[] = {
        {"correlate:\n  - {name: a, match: ['env=\"x\"', 'env=\"y\"'], by: [host]}\n",
         "3:22: correlate[0].match: can never match: env=\"x\" and env=\"y\" exclude each other; mend it, or remove "
         "the "
         "rule\n"},
        {"correlate:\n  - {name: a, match: 'host=\"\"', by: [host]}\n",
         "3:22: correlate[0].match: can never match: `by` wants the label 'host' to be there, and this wants it to be "
         "absent; take the label out of `by`, or say require: optional\n"},
        {"correlate:\n  - {name: a, match: 'host=\"\"', by: [host], require: optional}\n", ""},
        {"inhibit:\n  - {name: a, source: 'alertname=\"x\"', target: 'host=\"\"', equal: [host]}\n",
         "3:48: inhibit[0].target: can never match: `equal` wants the label 'host' to be there, and this wants it to "
         "be "
         "absent; take the label out of `equal`, or say require: optional\n"},
        {"inhibit:\n  - {name: a, source: 'severity=\"critical\"', target: 'severity!=\"info\"'}\n",
         "3:54: inhibit[0].target: takes in every source of the rule too, and `equal` is empty: two sources anywhere "
         "keep each other quiet; exclude the sources from `target`, or name labels in `equal`\n"},
        {"inhibit:\n  - {name: a, source: 'severity=\"critical\"', target: 'severity!=\"info\"', equal: [host]}\n", ""},
        {"inhibit:\n  - {name: a, source: 'severity=\"critical\"', target: 'severity=\"info\"'}\n", ""},
        {"pair:\n  - {problem: 'job=\"x\"', clear: 'job=\"x\",state=\"up\"', equal: host}\n",
         "3:33: pair[0].clear: every clear is a problem of the rule, too; exclude the clears from `problem`\n"},
        {"silences:\n  - {name: a, match: [], to: 2026-11-24T11:00:00Z}\n",
         "3:30: silences[0].to: is over since 2026-11-24T11:00:00.000Z; remove the rule, or give it a later time\n"},
        {"silences:\n  - {name: a, match: [], to: 2026-11-24T13:00:00Z}\n", ""},
        {"maintenance:\n  - {name: a, match: [], schedule: {years: 2025, for: 1h}}\n",
         "3:36: maintenance[0].schedule: never comes again within the next ten years; remove the rule, or give it a "
         "later time\n"},
        {"correlate:\n  - {name: a, by: []}\n  - {name: b, by: [x]}\n",
         "4:5: correlate[1]: can never apply: the rule 'a' in line 3 takes all that it matches; move it up, or narrow "
         "the other one\n"},
        {"correlate:\n  - {name: a, match: 'env=~\"x|y\"', by: [host]}\n  - {name: b, match: 'env=\"x\",job=\"z\"', "
         "by: "
         "[host, job]}\n",
         "4:5: correlate[1]: can never apply: the rule 'a' in line 3 takes all that it matches; move it up, or narrow "
         "the other one\n"},
        {"correlate:\n  - {name: a, match: 'env=~\"x|y\"', by: [host]}\n  - {name: b, match: 'env=\"x\",job=\"z\"', "
         "by: "
         "[job]}\n",
         ""},
        {"correlate:\n  - {name: a, match: 'env=~\"x|y\"', by: [host]}\n  - {name: b, match: 'env=\"x\",host!=\"\"', "
         "by: "
         "[job]}\n",
         "4:5: correlate[1]: can never apply: the rule 'a' in line 3 takes all that it matches; move it up, or narrow "
         "the other one\n"},
        {"correlate:\n  - {name: a, match: 'env=\"x\"', by: [host], continue: true}\n  - {name: b, match: 'env=\"x\"', "
         "by: [host]}\n",
         ""},
        {"correlate:\n  - {name: a, match: 'env=\"x\",job=\"y\"', by: [host]}\n  - {name: b, match: "
         "'job=\"y\",env=\"x\"', by: [pod]}\n",
         "4:45: correlate[1].by: competes with the rule 'a' in line 3, which matches the same alerts and groups by "
         "host: alerts with these labels never come here; if that is meant, say so in `match`: host=\"\"\n"},
        {"route:\n  - {to: rt}\n  - {match: 'severity=\"info\"', to: []}\n  - {to: rt}\n",
         "4:5: route[1]: can never apply: the rule in line 3 takes all that it matches; move it up, or narrow the "
         "other "
         "one\n"
         "5:5: route[2]: can never apply: the rule in line 3 takes all that it matches; move it up, or narrow the "
         "other "
         "one\n"},
        {"dedup:\n  - {match: 'job=\"x\"', key: [host]}\n  - {match: 'job=\"x\"', key: [host, device]}\n",
         "4:5: dedup[1]: can never apply: the rule in line 3 takes all that it matches; move it up, or narrow the "
         "other "
         "one\n"},
        {"storm:\n  - {}\n  - {match: 'job=\"x\"'}\n",
         "4:5: storm[1]: can never apply: the rule in line 3 takes all that it matches; move it up, or narrow the "
         "other "
         "one\n"},
        {"correlate:\n  - {name: a, match: 'severty=\"critical\"', by: [host]}\n",
         "3:22: correlate[0].match: no other rule knows the label 'severty'; did you mean 'severity'?\n"},
        {"correlate:\n  - {name: a, match: 'severty=\"critical\"', by: [severty]}\n", ""},
        {"enrich:\n  - {match: 'host=~\"(?P<site>.).*\"', set: {rack: r}}\n",
         "3:13: enrich[0].match: captures the group 'site', which `set` does not use; use {{site}} in `set`, or write "
         "(?:...)\n"},
        {"correlate:\n  - {name: a, by: []}\ntopology:\n  learn: {similarity: false, recurrence: false}\n",
         "5:23: topology.learn.similarity: has no effect: no alert comes to a rule of op: topology; remove it, or "
         "write "
         "such a rule\n"},
        {"correlate:\n  - {name: a, by: []}\ntopology:\n  learn: {recurrence: false}\n", ""},
        {"correlate:\n  - {name: a, match: 'host!=\"\"', by: []}\n  - {name: b, op: topology}\n"
         "topology:\n  learn: {co_occurrence: false}\n",
         ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(warnings_of(row.text) == row.expected);
    }
}

TEST_CASE("ten thousand rules are compiled and compared in little time") {
    std::string text = "correlate:\n";
    for (int i = 0; i < 10'000; ++i) {
        const std::string n = std::to_string(i);
        const std::string match = i % 3 == 0   ? "'service=\"s" + n + "\"'"
                                  : i % 3 == 1 ? "'service=~\"s" + n + "|t" + n + "\"'"
                                               : "['service=~\"s" + n + "-.*\"', 'env!=\"test\"']";
        text += "  - {name: rule-" + n + ", match: " + match +
                ", by: [host], within: 5m, incident: {title: 'on {{host}}'}}\n";
    }
    Problems problems;
    const std::clock_t start = std::clock();
    const std::string warnings = warnings_of(text, problems);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    CHECK(warnings == "");
    MESSAGE("10,000 rules: ", seconds, " s of CPU");
    CHECK(seconds < 20);  // about half a second in a release build; sanitizers take their time
}

TEST_CASE("the search for shadowed rules has an end, and says so") {
    std::string text = "correlate:\n";
    for (int i = 0; i < 2'100; ++i) {
        const std::string n = std::to_string(i);
        const std::string match = i < 1'000 ? "=~\".*s" + n + "\"" : "=\"t" + n + "\"";
        text += "  - {name: rule-" + n + ", match: 'service" + match + "', by: [host]}\n";
    }
    const std::string warnings = warnings_of(text);
    CHECK(warnings.find("not all rules were compared with each other") != std::string::npos);
}
