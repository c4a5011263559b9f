// An index that misses a rule, finds one too many or changes their order routes alerts to the wrong people, and only at
// scale. So it is compared with asking every rule in turn.
#include "correlator/matcher_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace incidentd;

namespace {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    template <class T>
    const T& of(const std::vector<T>& choices) {
        return choices[below(choices.size())];
    }

private:
    std::mt19937_64 engine_;
};

using Labels = std::map<std::string, std::string>;

std::vector<LabelView> views(const Labels& labels) {
    std::vector<LabelView> out;
    for (const auto& [name, value] : labels)
        if (!value.empty()) out.push_back({name, value});
    return out;
}

const std::vector<std::string> names{"alertname", "env", "service", "host", "team", "na me", "ünïcode"};

// Values that rules and labels draw from alike, so that rules hold now and then.
std::string value(Random& random) {
    static const std::vector<std::string> odd{"",      "a|b", "a",   "b",    ".*", "web.1", "web-1", "(x",
                                              "prod ", "\\d", "☃☃☃", "\t\n", "|",  "^a$",   "A",     "x\0y"};
    if (random.below(3) == 0) return random.of(odd);
    return random.of<std::string>({"web", "db", "cache"}) + "-" + std::to_string(random.below(6));
}

std::string regex(Random& random) {
    static const std::vector<std::string> shapes{
        "web-[0-3]",  "web-1|db-2",   "db-.*",       ".*-1",          ".+",          ".*",       "",
        "a|b",        "|a",           "a\\|b",       "web\\.1",       "(?i)a",       "[^a]*",    "☃+",
        "\\t\\n",     "(web|db)-\\d", "\\Qweb-1\\E", "^a$",           "web-1$",      "(?s).+",   "(?P<n>db)-(.)",
        "cache-5|",   "\\^a\\$",      "\\x61",       "db-[1-9]{1,3}", "(?m)^web-2$", ".*-2",     ".*[bw]-.+",
        "[a-z]+-3",   "(web|db).*1",  ".*(?i)WEB.*", "(?i).*CACHE-1", "a*b*",        "w.*b-\\d", "x|y|z|a|b|c",
        "web-\\d+|a|"};
    if (random.below(4) == 0) return value(random) + "|" + value(random);
    return random.of(shapes);
}

Matchers matchers(Random& random) {
    Matchers list;
    for (std::uint64_t i = random.below(4); i > 0; --i) {
        const auto op = static_cast<MatchOp>(random.below(4));
        const bool is_regex = op == MatchOp::regex || op == MatchOp::not_regex;
        Result<Matcher> matcher = Matcher::make(random.of(names), op, is_regex ? regex(random) : value(random));
        if (matcher.has_value()) list.push_back(std::move(*matcher));
    }
    return list;
}

Labels labels(Random& random) {
    Labels out;
    for (const std::string& name : names)
        if (random.below(3) != 0) out[name] = value(random);
    if (random.below(10) == 0) out["host"] = std::string(1 + random.below(2000), 'a');
    if (random.below(10) == 0) out["service"] = "web-" + std::to_string(random.below(1'000'000));
    return out;
}

std::vector<const Matchers*> pointers(const std::vector<Matchers>& rules) {
    std::vector<const Matchers*> out;
    for (const Matchers& rule : rules) out.push_back(&rule);
    return out;
}

std::vector<MatcherIndex::Rule> asked_in_turn(const std::vector<Matchers>& rules, LabelsView of) {
    std::vector<MatcherIndex::Rule> out;
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (matches_all(rules[i], of)) out.push_back(static_cast<MatcherIndex::Rule>(i));
    return out;
}

std::vector<MatcherIndex::Rule> found(const MatcherIndex& index, LabelsView of, MatchMemory& memory) {
    std::vector<MatcherIndex::Rule> out;
    index.each(of, memory, [&out](MatcherIndex::Rule rule) {
        out.push_back(rule);
        return true;
    });
    return out;
}

std::vector<Matchers> parse_all(const std::vector<std::string>& texts) {
    std::vector<Matchers> rules;
    for (const std::string& text : texts) rules.push_back(parse_matchers(text).value());
    return rules;
}

}  // namespace

TEST_CASE("the index finds what asking each rule in turn finds, in the same order") {
    MatchMemory memory;  // one for all of them: what it knows of one index must not answer for another
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        std::vector<Matchers> rules;
        for (std::uint64_t i = random.below(seed % 6 == 0 ? 400 : 40); i > 0; --i) rules.push_back(matchers(random));
        const MatcherIndex index(pointers(rules));
        REQUIRE(index.size() == rules.size());
        for (int i = 0; i < 150; ++i) {
            const Labels set = labels(random);
            const std::vector<LabelView> of = views(set);
            const auto expected = asked_in_turn(rules, of);
            REQUIRE(found(index, of, memory) == expected);
            REQUIRE(found(index, of, memory) == expected);  // and again, from memory
            REQUIRE(index.first(of, memory) == (expected.empty() ? MatcherIndex::none : expected.front()));
        }
    }
}

TEST_CASE("a missing label is the empty string, for every operator") {
    const std::vector<Matchers> rules =
        parse_all({R"(a="")", R"(a!="")", R"(a=~"")", R"(a!~"")", R"(a=~".*")", R"(a=~".+")", R"(a!~".+")",
                   R"(a=~"x|")", R"(a!="x")", R"(a!~"x|")", R"({})"});
    const MatcherIndex index(pointers(rules));
    MatchMemory memory;
    using Rules = std::vector<MatcherIndex::Rule>;
    CHECK(found(index, {}, memory) == Rules{0, 2, 4, 6, 7, 8, 10});
    const LabelView x[] = {{"a", "x"}};
    CHECK(found(index, x, memory) == Rules{1, 3, 4, 5, 7, 10});
    const LabelView y[] = {{"a", "y"}};
    CHECK(found(index, y, memory) == Rules{1, 3, 4, 5, 8, 9, 10});
}

TEST_CASE("visiting ends when the visitor says so") {
    const std::vector<Matchers> rules = parse_all({"a=x", "a=~\"x.*\"", "b!=y", "a=x"});
    const MatcherIndex index(pointers(rules));
    MatchMemory memory;
    const LabelView x[] = {{"a", "x"}};
    std::vector<MatcherIndex::Rule> seen;
    index.each(x, memory, [&seen](MatcherIndex::Rule rule) {
        seen.push_back(rule);
        return seen.size() < 2;
    });
    CHECK(seen == std::vector<MatcherIndex::Rule>{0, 1});
    CHECK(MatcherIndex().first(x, memory) == MatcherIndex::none);
}

TEST_CASE("thousands of regexes, some of them greedy, answer as they do alone") {
    std::vector<std::string> texts;
    for (int i = 0; i < 3000; ++i) {
        const std::string n = std::to_string(i);
        texts.push_back(i % 3 == 0   ? "host=~\"web-" + n + "-.*\""
                        : i % 3 == 1 ? "host=~\".*x" + n + "x.*\""
                                     : "host=~\"(db|app)[" + std::to_string(i % 10) + "]{2,5}-" + n + "\"");
    }
    const std::vector<Matchers> rules = parse_all(texts);
    const MatcherIndex index(pointers(rules));
    MatchMemory memory;
    Random random(7);
    for (int i = 0; i < 40; ++i) {
        std::string host =
            random.of<std::string>({"web-", "x", "db22-", "app555-", ""}) + std::to_string(random.below(3000));
        host += random.of<std::string>({"", "x", "-", "-x17x"});
        if (i % 8 == 7) {
            for (int j = 0; j < 300; ++j) host += "x" + std::to_string(random.below(3000));
        }
        const LabelView of[] = {{"host", host}};
        CHECK(found(index, of, memory) == asked_in_turn(rules, of));
    }
}

TEST_CASE("what is remembered of hostile labels is bounded") {
    const std::vector<Matchers> rules = parse_all({"a=~\"x.*\"", "a=~\".*7\""});
    const MatcherIndex index(pointers(rules));
    MatchMemory memory;
    const std::string padding(200, 'p');
    for (int i = 0; i < 100'000; ++i) {
        const std::string text = padding + std::to_string(i);
        const LabelView of[] = {{"a", text}};
        const bool ends_in_7 = i % 10 == 7;
        REQUIRE(index.first(of, memory) == (ends_in_7 ? 1 : MatcherIndex::none));
    }
    CHECK(memory.bytes() > MatchMemory::bytes_max);  // both generations are in use
    CHECK(memory.bytes() <= 2 * MatchMemory::bytes_max);
}
