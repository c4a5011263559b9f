// An index that passes over an enrich rule, or asks one too many, rewrites labels wrongly, and only with many rules. So
// it is compared with asking every rule in turn.
#include "correlator/enrich.hpp"

#include "correlator/rule_index.hpp"
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>

using namespace incidentd;
using namespace incidentd::test;

namespace {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    std::string name() { return std::string(1, static_cast<char>('a' + below(5))); }
    std::string value() { return below(6) == 0 ? "" : std::to_string(below(4)); }

private:
    std::mt19937_64 engine_;
};

// Rules that read and write the same few labels, so that what one makes decides whether another applies.
EnrichRule random_rule(Random& random) {
    constexpr const char* ops[] = {"=", "!=", "=~", "!~"};
    EnrichRule rule;
    std::string text;
    for (std::uint64_t left = random.below(3); left > 0; --left) {
        const std::uint64_t op = random.below(4);
        const std::string value = op < 2 ? random.value() : random.below(2) == 0 ? "[0-2]" : "(?P<c>.+)";
        text += (text.empty() ? "" : ",") + random.name() + ops[op] + "\"" + value + "\"";
    }
    rule.match = match(text);
    constexpr const char* texts[] = {"", "1", "{{a}}", "{{b}}{{c}}", "2"};
    for (std::uint64_t left = random.below(3); left > 0; --left)
        rule.set.emplace_back(random.name(), place(texts[random.below(5)]));
    if (random.below(4) == 0) {
        auto table = std::make_shared<LookupTable>("t", std::vector<std::string>{"d", "e"});
        table->add("1", {"3", ""});
        table->add("2", {"", "0"});
        rule.lookup = table;
        rule.on = random.name();
        rule.take = {"d", "e"};
    }
    return rule;
}

}  // namespace

TEST_CASE("with the index of their matchers enrich rules make the same of every alert") {
    std::size_t changed = 0;
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        RuleSet set;
        for (std::uint64_t left = random.below(12); left > 0; --left) set.enrich.push_back(random_rule(random));
        const RuleIndex index(set);
        MatchMemory memory;
        for (int alert = 0; alert < 5; ++alert) {
            std::vector<std::pair<std::string, std::string>> words;
            for (const char* name : {"a", "b", "c", "d", "e"}) words.emplace_back(name, random.value());
            std::vector<LabelView> labels;
            for (const auto& [name, value] : words)
                if (!value.empty()) labels.push_back({name, value});
            AlertEvent event;
            event.labels = labels;
            LabelSheet in_turn(labels), indexed(labels);
            enrich(set.enrich, event, in_turn);
            enrich(set.enrich, index.enrich, memory, event, indexed);
            REQUIRE(std::ranges::equal(in_turn.view(), indexed.view()));
            changed += std::ranges::equal(in_turn.view(), labels) ? 0 : 1;
        }
    }
    CHECK(changed > 3000);
}

TEST_CASE("a set that changes nothing is no change") {
    const LabelView labels[] = {{"a", "1"}};
    LabelSheet sheet{LabelsView(labels)};
    sheet.set("a", "1");
    sheet.set("b", "");
    CHECK(sheet.changes() == 0);
    sheet.set("a", "2");
    sheet.set("b", "1");
    sheet.set("b", "");
    CHECK(sheet.changes() == 3);
    CHECK(sheet.view().size() == 1);
}
