// What could break: effects written twice after a crash, a half-written transaction, text that is not what came in.
#include "daemon/read_model/read_model.hpp"

#include "daemon/read_model/queries.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {
namespace {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        char name[] = "/tmp/incidentd-read-model-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

Effect incident_effect(std::uint64_t id, IncidentState state, std::string title) {
    IncidentView view;
    view.id = {id};
    view.key = "incidentd-test-" + std::to_string(id);
    view.state = state;
    view.title = std::move(title);
    view.began_at = Instant{1'000};
    view.resolved_at = state == IncidentState::resolved ? Instant{2'000} : Instant{};
    view.group_labels = {{"host", "db1"}};
    return {Instant{1'000}, IncidentChanged{view}};
}

AlertRow alert_row(std::uint64_t id, std::string title) {
    AlertRow row;
    row.fingerprint = {id, id};
    row.alertmanager_fingerprint = 0xABCDEF;
    row.title = std::move(title);
    row.labels = {{"alertname", "Quote\"s and \n lines"}, {"host", "db\t1"}};
    row.firing = true;
    row.count = 1;
    row.last_seen = Instant{1'500};
    row.incident = {id};
    return row;
}

Effect verdict_effect(std::uint64_t id) {
    return {Instant{1'000}, AlertDecided{{id, id}, Verdict::opened, {id}, "r", "because \xC3\xA9"}};
}

void write(ReadModelWriter& writer, const std::vector<Effect>& effects, std::vector<AlertRow> alerts,
           std::uint64_t sequence) {
    ReadModelBatch batch;
    for (const Effect& effect : effects) batch.add(effect);
    auto state = std::make_unique<StateUpdate>();
    state->alerts = std::move(alerts);
    batch.add(std::move(state));
    REQUIRE(writer.write(batch, Sequence{sequence}).has_value());
}

}  // namespace

TEST_CASE("what was written reads back, and the sequence survives reopening") {
    const TemporaryDirectory directory;
    {
        Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
        REQUIRE(writer.has_value());
        CHECK(writer->reflects() == Sequence{0});
        write(*writer, {incident_effect(1, IncidentState::open, "O'Hara; DROP TABLE incidents"), verdict_effect(1)},
              {alert_row(1, "t")}, 7);
    }
    Result<ReadModelWriter> again = ReadModelWriter::open(read_model_file(directory.path()));
    REQUIRE(again.has_value());
    CHECK(again->reflects() == Sequence{7});
    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    REQUIRE(queries.has_value());
    const auto incidents = queries->incidents("open", 10);
    REQUIRE(incidents.has_value());
    REQUIRE(incidents->size() == 1);
    CHECK(incidents->front().title == "O'Hara; DROP TABLE incidents");
    const auto alerts = queries->alerts_of({1});
    REQUIRE(alerts->size() == 1);
    const auto labels = labels_from_json(alerts->front().labels);
    REQUIRE(labels.size() == 2);
    CHECK(labels[0].second == "Quote\"s and \n lines");
    CHECK(labels[1].second == "db\t1");
    CHECK(queries->verdicts_of(alerts->front().fingerprint)->front().because == "because \xC3\xA9");
    CHECK(queries->alerts_by_fingerprint("0000000000abcdef")->size() == 1);
}

TEST_CASE("a transaction that cannot be written leaves nothing and can be tried again") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    REQUIRE(writer.has_value());
    Result<Database> other = Database::open(read_model_file(directory.path()), Database::Mode::read_write_create);
    REQUIRE(other->execute("ALTER TABLE incidents RENAME TO elsewhere").has_value());
    ReadModelBatch batch;
    batch.add(verdict_effect(1));
    batch.add(incident_effect(1, IncidentState::open, "t"));
    CHECK(writer->write(batch, Sequence{3}).has_error());
    CHECK(writer->reflects() == Sequence{0});
    REQUIRE(other->execute("ALTER TABLE elsewhere RENAME TO incidents").has_value());
    CHECK(writer->write(batch, Sequence{3}).has_value());
    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    CHECK(queries->incidents("", 10)->size() == 1);
    CHECK(queries->verdicts_of(to_string(Fingerprint{1, 1}))->size() == 1);
}

TEST_CASE("counts are brought up to date in place, and of an incident the last state counts") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    write(*writer, {incident_effect(1, IncidentState::open, "t"), verdict_effect(1)}, {alert_row(1, "t")}, 1);
    CHECK(writer->told_through() == Instant{});
    ReadModelBatch batch;
    auto state = std::make_unique<StateUpdate>();
    state->counts.push_back({{1, 1}, 42, Instant{9'000}});
    state->incidents.push_back(std::get<IncidentChanged>(incident_effect(1, IncidentState::open, "t").what).incident);
    state->incidents.back().messages_total = 43;
    state->told_through = Instant{9'500};
    batch.add(std::move(state));
    REQUIRE(writer->write(batch, Sequence{1}).has_value());
    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    CHECK(queries->alerts_of({1})->front().count == 42);
    CHECK(queries->incident({1}).value()->messages_total == 43);
    CHECK(writer->told_through() == Instant{9'500});
}

TEST_CASE("what comes in a storm is packed, and is found by alert and by incident like what comes alone") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    constexpr std::uint64_t storm = 5'000;
    std::vector<Effect> effects;
    std::vector<AlertRow> rows;
    for (std::uint64_t i = 0; i < storm; ++i) {
        const Fingerprint alert{i << 40, i};
        effects.push_back({Instant{2'000}, AlertDecided{alert, Verdict::joined, {1 + i % 10}, "r", "same group"}});
        effects.push_back({Instant{2'000}, TimelineAdded{{1 + i % 10}, "joined", std::to_string(i) + " joined"}});
        rows.push_back(alert_row(1 + i % 10, std::to_string(i)));
        rows.back().fingerprint = alert;
    }
    write(*writer, effects, std::move(rows), 1);
    write(*writer, {{Instant{3'000}, AlertDecided{{7ULL << 40, 7}, Verdict::resolved, {8}, "", "over"}}}, {}, 2);
    Result<Database> database = Database::open(read_model_file(directory.path()), Database::Mode::read_only);
    Result<Statement> count = database->prepare("SELECT COUNT(*) FROM verdicts");
    REQUIRE(count->step().value());
    CHECK(count->number(0) == 1);  // the one that came alone

    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    const auto verdicts = queries->verdicts_of(to_string(Fingerprint{7ULL << 40, 7}));
    REQUIRE(verdicts->size() == 2);
    CHECK(verdicts->front().because == "same group");
    CHECK(verdicts->front().incident == IncidentId{8});
    CHECK(verdicts->back().verdict == "resolved");
    const auto alerts = queries->alerts_of({8});
    REQUIRE(alerts->size() == storm / 10);
    CHECK(alerts->front().title == "7");
    CHECK(alerts->back().title == "4997");
    const auto timeline = queries->timeline_of({8});
    REQUIRE(timeline->size() == storm / 10);
    CHECK(timeline->at(1).text == "17 joined");
}

TEST_CASE("pruning takes what is over and old, and leaves what is open") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    write(*writer,
          {incident_effect(1, IncidentState::resolved, "old"), verdict_effect(1),
           incident_effect(2, IncidentState::open, "open"), verdict_effect(2)},
          {alert_row(2, "t")}, 1);
    REQUIRE(writer->prune(Instant{5'000}).has_value());
    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    const auto incidents = queries->incidents("", 10);
    REQUIRE(incidents->size() == 1);
    CHECK(incidents->front().title == "open");
    CHECK(queries->verdicts_of(to_string(Fingerprint{1, 1}))->empty());
    CHECK(queries->verdicts_of(to_string(Fingerprint{2, 2}))->size() == 1);
}

TEST_CASE("a database of an unknown version is set aside, not misread") {
    const TemporaryDirectory directory;
    const std::string file = read_model_file(directory.path());
    {
        Result<Database> other = Database::open(file, Database::Mode::read_write_create);
        REQUIRE(
            other
                ->execute(
                    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER); INSERT INTO meta VALUES('version', 99)")
                .has_value());
    }
    Result<ReadModelWriter> writer = ReadModelWriter::open(file);
    REQUIRE(writer.has_value());
    CHECK(writer->reflects() == Sequence{0});
    CHECK(std::filesystem::exists(file + ".old"));
}

TEST_CASE("asking where nothing ran says what to do") {
    const Result<ReadModelQueries> queries = ReadModelQueries::open("/nonexistent");
    REQUIRE(queries.has_error());
    CHECK(queries.error().message.find("--state-directory") != std::string::npos);
}

}  // namespace incidentd
