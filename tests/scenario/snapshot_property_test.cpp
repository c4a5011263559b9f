// An engine that goes on from a snapshot differently than without one would, after a restart, forget or double tickets.
#include "correlator/snapshot.hpp"
#include "tests/scenario/random_log.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace incidentd;
using namespace incidentd::scenario;

namespace {

constexpr int log_entries = 250;

EngineLimits limits_of(std::uint64_t seed) {
    EngineLimits limits;
    limits.facts_per_update_max = 4;
    if (seed % 3 == 0) limits.incidents_max = 3;
    if (seed % 4 == 0) limits.alerts_max = 12;
    if (seed % 5 == 0) limits.services_max = 2;
    return limits;
}

std::shared_ptr<const RuleSet> compile_text(const std::string& text) { return rules_from({"", text, nullptr}); }

struct Original {
    std::vector<Entry> log;
    std::vector<std::string> effects;    // by entry
    std::vector<std::string> snapshots;  // after each entry
    std::vector<std::uint64_t> digests;
};

std::string text_of(const Effects& effects) {
    std::string text;
    for (const Effect& effect : effects) text += describe(effect) + "\n";
    return text;
}

std::string snapshot_of(const Correlator& engine) {
    std::string bytes;
    EngineSnapshot::encode(engine, "1.2.3", bytes);
    return bytes;
}

Original uninterrupted(std::uint64_t seed) {
    Original run;
    Correlator engine(limits_of(seed));
    RandomLog random(seed);
    for (int i = 0; i < log_entries; ++i) {
        run.log.push_back(random.next(engine.pending_actions()));
        Effects effects;
        engine.apply(run.log.back().input, run.log.back().at, effects);
        run.effects.push_back(text_of(effects));
        run.snapshots.push_back(snapshot_of(engine));
        run.digests.push_back(engine.digest());
    }
    return run;
}

bool same_sizes(const EngineSizes& a, const EngineSizes& b) {
    return a.alerts_firing == b.alerts_firing && a.alerts_suppressed == b.alerts_suppressed &&
           a.alerts_held == b.alerts_held && a.incidents_pending == b.incidents_pending &&
           a.incidents_open == b.incidents_open && a.actions_outstanding == b.actions_outstanding;
}

// Goes on from the snapshot after entry `at`; the first entry whose effects or state differ, or -1.
int first_difference(const Original& run, std::size_t at, std::uint64_t seed) {
    Result<RestoredEngine> restored =
        EngineSnapshot::decode(run.snapshots[at], limits_of(seed), compile_text, 0x9e3779b97f4a7c15ULL * seed);
    REQUIRE(restored.has_value());
    CHECK(restored->version == "1.2.3");
    Correlator& engine = restored->engine;
    if (engine.digest() != run.digests[at] || snapshot_of(engine) != run.snapshots[at]) return static_cast<int>(at);
    for (std::size_t i = at + 1; i < run.log.size(); ++i) {
        Effects effects;
        engine.apply(run.log[i].input, run.log[i].at, effects);
        if (text_of(effects) != run.effects[i] || engine.digest() != run.digests[i] ||
            snapshot_of(engine) != run.snapshots[i])
            return static_cast<int>(i);
    }
    return -1;
}

}  // namespace

TEST_CASE("a snapshot anywhere in a random log, and the rest replayed, gives the same bytes as the uninterrupted run") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const Original run = uninterrupted(seed);
        RandomLog random(seed + 77);
        for (int i = 0; i < 6; ++i) {
            const std::size_t at = random.below(run.log.size());
            CAPTURE(at);
            CHECK(first_difference(run, at, seed) == -1);
        }
    }
}

TEST_CASE("the sizes after a snapshot are those of before, and what is owed too") {
    for (std::uint64_t seed = 30; seed < 34; ++seed) {
        Correlator engine(limits_of(seed));
        RandomLog random(seed);
        for (int i = 0; i < log_entries; ++i) {
            const Entry entry = random.next(engine.pending_actions());
            Effects effects;
            engine.apply(entry.input, entry.at, effects);
            if (i % 10 != 0) continue;
            const Result<RestoredEngine> restored =
                EngineSnapshot::decode(snapshot_of(engine), limits_of(seed), compile_text);
            REQUIRE(restored.has_value());
            CHECK(same_sizes(restored->engine.sizes(), engine.sizes()));
            CHECK(restored->engine.pending_actions().size() == engine.pending_actions().size());
            CHECK(restored->engine.next_deadline() == engine.next_deadline());
            CHECK(restored->engine.now() == engine.now());
            CHECK(restored->engine.rules_hash() == engine.rules_hash());
        }
    }
}

TEST_CASE("damaged snapshots are refused or give an engine that works, and never bring the reader down") {
    const Original run = uninterrupted(7);
    const std::string& whole = run.snapshots.back();
    RandomLog random(99);
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 16)
        CHECK_FALSE(EngineSnapshot::decode(whole.substr(0, size), limits_of(7), compile_text).has_value());
    CHECK_FALSE(EngineSnapshot::decode(whole + "x", limits_of(7), compile_text).has_value());
    for (int i = 0; i < 3000; ++i) {
        std::string bytes = whole;
        for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips)
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        Result<RestoredEngine> restored = EngineSnapshot::decode(bytes, limits_of(7), compile_text);
        if (!restored) continue;
        Effects effects;
        const Instant later{std::max(restored->engine.now().ms, run.log.back().at.ms)};
        restored->engine.apply(run.log.back().input, later, effects);
        (void)restored->engine.pending_actions();
        (void)restored->engine.digest();
    }
}

TEST_CASE("an engine that held nothing, and one of another format") {
    const Result<RestoredEngine> empty = EngineSnapshot::decode(snapshot_of(Correlator()), {}, compile_text);
    REQUIRE(empty.has_value());
    CHECK(empty->engine.digest() == Correlator().digest());
    std::string other = snapshot_of(Correlator());
    other[0] = 99;
    const Result<RestoredEngine> refused = EngineSnapshot::decode(other, {}, compile_text);
    REQUIRE(refused.has_error());
    CHECK(refused.error().message.find("format 99") != std::string::npos);
}

TEST_CASE("rules that no longer compile are named, not left out") {
    const Original run = uninterrupted(1);
    const Result<RestoredEngine> refused =
        EngineSnapshot::decode(run.snapshots.back(), limits_of(1), [](const std::string&) { return nullptr; });
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::invalid);
}
