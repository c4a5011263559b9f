// A replay of what happened, with the rules that ran, must come to the incidents that were: else nothing it says of
// other rules can be believed.
#include "adapters/journals/segments/compress.hpp"
#include "adapters/journals/segments/segments.hpp"
#include "daemon/replay/compare.hpp"
#include "daemon/replay/replay.hpp"
#include "tests/scenario/random_log.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace incidentd;
using namespace incidentd::scenario;

namespace {

constexpr int log_entries = 250;

class LogRecording : public Recording {
public:
    explicit LogRecording(const std::vector<Entry>& log) : log_(log) {}
    Result<void> read(const Visit& visit) override {
        for (const Entry& entry : log_) visit(entry.input, entry.at);
        return {};
    }
    Result<Correlator> engine() override {
        Correlator engine;
        return engine;
    }
    std::string described() const override { return "a log"; }

private:
    const std::vector<Entry>& log_;
};

Correlator fresh(Recording& recording) { return std::move(*recording.engine()); }

std::string text_of(const std::map<IncidentId, IncidentView>& incidents) {
    std::string out;
    for (const auto& [id, view] : incidents) out += describe(Effect{view.began_at, IncidentChanged{view}}) + "\n";
    return out;
}

// As whoever watched the daemon knows them.
std::map<IncidentId, IncidentView> lived(const std::vector<Entry>& log) {
    Correlator engine;
    std::map<IncidentId, IncidentView> incidents;
    for (const Entry& entry : log) {
        Effects effects;
        engine.apply(entry.input, entry.at, effects);
        for (Effect& effect : effects)
            if (auto* changed = std::get_if<IncidentChanged>(&effect.what))
                incidents.insert_or_assign(changed->incident->id, std::move(*changed->incident));
    }
    for (auto& [id, view] : incidents)
        if (auto known = engine.find_incident(id)) view = std::move(*known);
    std::erase_if(incidents, [](const auto& one) { return !one.second.opened_at.is_set(); });
    return incidents;
}

void write_journal(const std::vector<Entry>& log, const std::string& directory) {
    SegmentOptions options;
    options.directory = directory;
    options.segment_bytes = 4096;
    auto journal = open_segment_journal(options);
    REQUIRE(journal.has_value());
    for (std::size_t i = 0; i < log.size(); ++i) {
        std::string record;
        encode(log[i].input, record);
        const JournalEntry entry{{i + 1}, log[i].at, record};
        REQUIRE((*journal)->append({&entry, 1}).has_value());
        REQUIRE((*journal)->sync().has_value());
    }
}

std::size_t compressed_files(const std::string& directory) {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory))
        count += file.path().extension() == ".zst" ? 1 : 0;
    return count;
}

std::string replayed(const std::string& directory) {
    auto recording = open_journal_recording(directory);
    REQUIRE(recording.has_value());
    ReplayRun run(ReplayRules{"recorded", {}, nullptr}, fresh(**recording), false);
    const Result<ReplaySpan> span = replay(**recording, {&run}, Follow::nothing);
    REQUIRE_MESSAGE(span.has_value(), span.error().message);
    return std::to_string(span->messages) + " messages\n" + text_of(run.incidents());
}

std::vector<Entry> random_log(std::uint64_t seed) {
    RandomLog random(seed);
    Correlator engine;
    std::vector<Entry> log;
    for (int i = 0; i < log_entries; ++i) {
        log.push_back(random.next(engine.pending_actions()));
        Effects effects;
        engine.apply(log.back().input, log.back().at, effects);
    }
    return log;
}

}  // namespace

TEST_CASE("the recorded rules give exactly the incidents that were") {
    std::size_t incidents = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        const std::vector<Entry> log = random_log(seed);
        LogRecording recording(log);
        ReplayRun run(ReplayRules{"recorded", {}, nullptr}, fresh(recording), false);
        REQUIRE(replay(recording, {&run}, Follow::nothing).has_value());
        const bool equal = text_of(run.incidents()) == text_of(lived(log));
        REQUIRE(equal);
        incidents += run.incidents().size();
    }
    CHECK(incidents > 1000);
}

TEST_CASE("a comparison of rules with themselves finds nothing, and adds up when rules differ") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        const std::vector<Entry> log = random_log(seed);
        LogRecording recording(log);
        const auto rules_of = [](std::string text) {
            ReplayRules rules{"r", {{{"r.yaml", std::move(text)}}, {"rt"}}, nullptr};
            Problems problems;
            rules.set = compile(rules.bundle, problems);
            REQUIRE(rules.set != nullptr);
            return rules;
        };
        const std::string by_host = "version: 1\ncorrelate: [{name: h, by: [host], require: optional}]\n";
        const std::string by_service = "version: 1\ncorrelate: [{name: s, by: [service], require: optional}]\n";
        ReplayRun a(rules_of(by_host), fresh(recording), false), b(rules_of(by_host), fresh(recording), false),
            c(rules_of(by_service), fresh(recording), false);
        REQUIRE(replay(recording, {&a, &b, &c}, Follow::onsets).has_value());
        const Difference none = compare(a, b);
        CHECK(none.moved == 0);
        CHECK(none.changed.empty());
        CHECK(none.merged.empty());
        CHECK(none.split.empty());
        CHECK(none.alerts > 0);
        const Difference some = compare(a, c);
        CHECK(some.alerts == none.alerts);
        for (const Regrouped& one : some.merged) {
            std::uint64_t sum = 0;
            for (const auto& [id, count] : one.parts) sum += count;
            CHECK(sum <= some.alerts);
            CHECK(one.parts.size() > 1);
        }
    }
}

TEST_CASE("segments that were compressed since replay to the same incidents") {
    const std::vector<Entry> log = random_log(7);
    char name[] = "/tmp/incidentd-replay-XXXXXX";
    const std::string directory = mkdtemp(name);
    write_journal(log, directory);
    const std::string plain = replayed(directory);
    CHECK(plain.size() > 1000);
    const auto packed = segments::compress_segments(segments::system_calls(), directory, {log.size() - 20});
    REQUIRE(packed.has_value());
    CHECK(compressed_files(directory) > 3);
    const bool is_the_same = replayed(directory) == plain;
    CHECK(is_the_same);
    std::filesystem::remove_all(directory);
}
