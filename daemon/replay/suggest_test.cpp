// What could break: rules proposed for chance, for the clock or for too few cases; proposals that do not compile.
#include "daemon/replay/suggest.hpp"
#include "rules/rules.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

void fail_together(SuggestionMiner& miner, int cases, bool also_alone, std::string_view first = "HostDown") {
    for (int i = 0; i < cases; ++i) {
        const std::string host = "h" + std::to_string(i % 3);
        const std::vector<LabelView> cause{{"alertname", first}, {"host", host}};
        const std::vector<LabelView> effect{{"alertname", "It's \"slow\""}, {"host", host}};
        const Instant at = start + minutes(187) * i;
        miner.onset(cause, at);
        miner.onset(effect, at + seconds(20));
        if (also_alone) miner.onset(effect, at + minutes(93));
    }
}

bool compiles(const std::string& yaml) {
    RuleBundle bundle;
    bundle.files.emplace_back("suggested.yaml", yaml);
    Problems problems;
    const bool is_sound = compile(bundle, problems) != nullptr;
    CHECK_MESSAGE(is_sound, yaml << render_problems(problems, false));
    return is_sound;
}

}  // namespace

TEST_CASE("What hardly ever comes without another alert is proposed to be inhibited by it") {
    SuggestionMiner miner(minutes(5));
    fail_together(miner, 12, false);
    const auto found = miner.suggestions(10, start + minutes(187) * 12);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Suggestion::Kind::inhibit);
    CHECK(found[0].first == "HostDown");
    CHECK(found[0].shared == "host");
    CHECK(found[0].cases == 12);
    CHECK(found[0].examples.size() == 3);
    CHECK(compiles(found[0].yaml));
}

TEST_CASE("What also comes alone is proposed to be grouped with it") {
    SuggestionMiner miner(minutes(5));
    fail_together(miner, 12, true, "Host.Down|x\\");
    const auto found = miner.suggestions(10, start + minutes(187) * 12);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Suggestion::Kind::group);
    CHECK(found[0].shared_cases == 12);
    CHECK(compiles(found[0].yaml));
}

TEST_CASE("A few cases, or such as have no label in common, make no rule") {
    SuggestionMiner few(minutes(5));
    fail_together(few, 4, false);
    CHECK(few.suggestions(10, start + hours(24)).empty());
    SuggestionMiner apart(minutes(5));
    for (int i = 0; i < 12; ++i) {
        const std::string a = "a" + std::to_string(i), b = "b" + std::to_string(i);
        apart.onset(std::vector<LabelView>{{"alertname", "A"}, {"host", a}}, start + minutes(187) * i);
        apart.onset(std::vector<LabelView>{{"alertname", "B"}, {"host", b}}, start + minutes(187) * i + seconds(9));
    }
    CHECK(apart.suggestions(10, start + minutes(187) * 12).empty());
}
