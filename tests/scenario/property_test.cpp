// A log that gives other tickets when it is read back, in other portions or by another process breaks recovery.
#include "tests/scenario/random_log.hpp"
#include "tests/scenario/world.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace incidentd;
using namespace incidentd::scenario;

namespace {

constexpr int log_entries = 250;

EngineLimits tight_limits(std::uint64_t seed) {
    EngineLimits limits;
    limits.facts_per_update_max = 4;
    limits.alerts_shown_in_ticket_max = 2;
    if (seed % 3 == 0) limits.incidents_max = 3;
    if (seed % 4 == 0) limits.alerts_max = 12;
    if (seed % 5 == 0) limits.services_max = 2;
    return limits;
}

struct Run {
    std::string text;
    std::uint64_t digest = 0;
};

void add(const Effects& effects, std::string& text) {
    for (const Effect& effect : effects) text += describe(effect) + "\n";
}

// The first line in which two runs differ: a whole log is too long to read.
std::string first_difference(const std::string& a, const std::string& b) {
    std::size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
    if (at == a.size() && at == b.size()) return "";
    const std::size_t from = a.rfind('\n', at == 0 ? 0 : at - 1);
    const std::size_t begin = from == a.npos ? 0 : from + 1;
    return "expected " + a.substr(begin, a.find('\n', at) - begin) + "\ngot      " +
           b.substr(begin, b.find('\n', at) - begin);
}

std::string differences(const Run& expected, const Run& got) {
    if (const std::string lines = first_difference(expected.text, got.text); !lines.empty()) return lines;
    return expected.digest == got.digest ? "" : "equal effects, another digest";
}

Run replay(const std::vector<Entry>& log, std::uint64_t seed, std::uint64_t salt) {
    Correlator engine(tight_limits(seed), salt);
    Run run;
    for (const Entry& entry : log) {
        Effects effects;
        engine.apply(entry.input, entry.at, effects);
        add(effects, run.text);
    }
    run.digest = engine.digest();
    return run;
}

// Extra ticks between entries: the worker applies those unjournaled whenever they have no effect, and the clock decides
// when. Never before Started: it says that nobody watched the time.
Run replay_with_ticks(const std::vector<Entry>& log, std::uint64_t seed, RandomLog& random) {
    Correlator engine(tight_limits(seed));
    Run run;
    Instant last = log.front().at;
    for (const Entry& entry : log) {
        Effects effects;
        const auto gap = static_cast<std::uint64_t>((entry.at - last).ms) + 1;
        for (std::uint64_t ticks = std::holds_alternative<Started>(entry.input) ? 0 : random.below(4); ticks > 0;
             --ticks) {
            const Instant at{std::max(last.ms, entry.at.ms - static_cast<std::int64_t>(random.below(gap)))};
            engine.apply(Tick{}, at, effects);
            last = at;
        }
        const std::optional<Instant> due = engine.next_deadline();
        if (!std::holds_alternative<Started>(entry.input) && due && *due > last && *due < entry.at)
            engine.apply(Tick{}, *due, effects);
        engine.apply(entry.input, entry.at, effects);
        last = entry.at;
        add(effects, run.text);
    }
    run.digest = engine.digest();
    return run;
}

// As a restart reads it: every entry through its record, the rules compiled from their journaled text.
Run replay_from_journal(const std::vector<Entry>& log, std::uint64_t seed) {
    std::vector<std::string> journal;
    for (const Entry& entry : log) encode(entry.input, journal.emplace_back());
    Correlator engine(tight_limits(seed), 77);
    Run run;
    DecodeScratch scratch;
    for (std::size_t i = 0; i < log.size(); ++i) {
        Result<Input> input = decode(journal[i], scratch);
        REQUIRE(input.has_value());
        if (auto* rules = std::get_if<RulesActivated>(&*input)) rules->compiled = rules_from(*rules);
        Effects effects;
        engine.apply(*input, log[i].at, effects);
        add(effects, run.text);
    }
    run.digest = engine.digest();
    return run;
}

// The same messages once more: what sources do most of the time.
Entry again(const Entry& entry) {
    Entry copy{entry.at, {}, std::make_unique<AlertBatch>(entry.batch->source())};
    for (const AlertEvent& event : entry.batch->events()) {
        AlertDraft draft;
        draft.kind = event.kind;
        draft.severity = event.severity;
        draft.starts_at = event.starts_at;
        draft.expires_at = event.expires_at;
        draft.key = event.key;
        draft.episode = event.episode;
        draft.title = event.title;
        draft.text = event.text;
        draft.url = event.url;
        draft.labels.assign(event.labels.begin(), event.labels.end());
        draft.annotations.assign(event.annotations.begin(), event.annotations.end());
        REQUIRE(copy.batch->add(draft, {}).has_value());
    }
    copy.input = AlertsReceived{copy.batch->events()};
    return copy;
}

// Runs a random log with every promise checked after each entry, and keeps it.
std::string live(std::uint64_t seed, std::vector<Entry>& log, Run& run) {
    Correlator engine(tight_limits(seed));
    RandomLog random(seed);
    World world;
    for (int i = 0; i < log_entries; ++i) {
        const std::vector<Action> outstanding = engine.pending_actions();
        const bool repeat = !log.empty() && log.back().batch != nullptr && i % 3 == 0;
        log.push_back(repeat ? again(log.back()) : random.next(outstanding));
        Effects effects;
        if (log.back().batch != nullptr) {  // as the worker does it
            engine.apply(Tick{}, log.back().at, effects);
            Correlator::Changed changed;
            engine.note_refreshes(log.back().batch->events(), changed);
        }
        engine.apply(log.back().input, log.back().at, effects);
        add(effects, run.text);
        std::string broken = world.observe(effects);
        broken += world.check(engine);
        if (!broken.empty()) return "after entry " + std::to_string(i) + ": " + broken;
    }
    run.digest = engine.digest();
    return "";
}

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("random logs keep every promise, and give the same however they are read") {
    const std::uint64_t first = from_environment("INCIDENTD_SEED", 1);
    const std::uint64_t seeds = from_environment("INCIDENTD_SEEDS", 10);
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        CAPTURE(seed);
        std::vector<Entry> log;
        Run original;
        REQUIRE(live(seed, log, original) == "");
        CHECK(differences(original, replay(log, seed, 0)) == "");
        CHECK(differences(original, replay(log, seed, 0x9e3779b97f4a7c15ULL * seed)) == "");
        CHECK(differences(original, replay_from_journal(log, seed)) == "");
        RandomLog ticks(seed + 1'000'000);
        CHECK(differences(original, replay_with_ticks(log, seed, ticks)) == "");
        std::size_t refreshes = 0;
        for (Entry& entry : log)
            if (entry.batch != nullptr)
                for (AlertEvent& event : entry.batch->events()) {
                    refreshes += event.refresh ? 1 : 0;
                    event.refresh = false;
                }
        CHECK(refreshes > 0);
        CHECK_MESSAGE(differences(original, replay(log, seed, 0)) == "",
                      "a refresh is not the same as its whole message");
    }
}

TEST_CASE("a restart at any entry owes exactly what was handed out and goes on as if nothing had happened") {
    for (std::uint64_t seed = 500; seed < 503; ++seed) {
        CAPTURE(seed);
        std::vector<Entry> log;
        Run original;
        REQUIRE(live(seed, log, original) == "");
        RandomLog random(seed);
        const std::size_t crash = 1 + random.below(log.size() - 1);
        Correlator before(tight_limits(seed));
        Correlator after(tight_limits(seed), 5);
        Effects lost, again;
        for (std::size_t i = 0; i < crash; ++i) before.apply(log[i].input, log[i].at, lost);
        for (std::size_t i = 0; i < crash; ++i) after.apply(log[i].input, log[i].at, again);
        CHECK(before.digest() == after.digest());
        CHECK(before.pending_actions().size() == after.pending_actions().size());
        Run run;
        add(again, run.text);
        for (std::size_t i = crash; i < log.size(); ++i) {
            Effects effects;
            after.apply(log[i].input, log[i].at, effects);
            add(effects, run.text);
        }
        run.digest = after.digest();
        CHECK(differences(original, run) == "");
    }
}

TEST_CASE("the logs reach every verdict, action and end of an incident") {
    std::string all;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        std::vector<Entry> log;
        Run run;
        REQUIRE(live(seed, log, run) == "");
        all += run.text;
    }
    for (std::size_t i = 0; i < verdict_count; ++i) {
        const std::string verdict(to_string(static_cast<Verdict>(i)));
        CAPTURE(verdict);
        CHECK(all.find("verdict=" + std::to_string(verdict.size()) + ":" + verdict) != all.npos);
    }
    for (const char* word : {":open_ticket", ":update_ticket", ":resolve_ticket", "state=7:dropped", "state=8:resolved",
                             "state=4:dead", "rule=8:overflow", "kpi=0", "kpi=1", "kpi=2"}) {
        CAPTURE(word);
        CHECK(all.find(word) != all.npos);
    }
}
