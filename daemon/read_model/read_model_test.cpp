// What could break: effects written twice after a crash, a half-written transaction, text that is not what came in.
#include "daemon/read_model/read_model.hpp"

#include "daemon/read_model/queries.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

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

Effect alert_effect(std::uint64_t id, std::string title) {
    AlertRow row;
    row.fingerprint = {id, id};
    row.alertmanager_fingerprint = 0xABCDEF;
    row.title = std::move(title);
    row.labels = {{"alertname", "Quote\"s and \n lines"}, {"host", "db\t1"}};
    row.firing = true;
    row.count = 1;
    row.last_seen = Instant{1'500};
    row.incident = {id};
    return {Instant{1'000}, AlertChanged{row}};
}

Effect verdict_effect(std::uint64_t id) {
    return {Instant{1'000}, AlertDecided{{id, id}, Verdict::opened, {id}, "r", "because \xC3\xA9"}};
}

void write(ReadModelWriter& writer, std::initializer_list<Effect> effects, std::uint64_t sequence) {
    REQUIRE(writer.begin().has_value());
    for (const Effect& effect : effects) REQUIRE(writer.write(effect).has_value());
    REQUIRE(writer.commit(Sequence{sequence}).has_value());
}

}  // namespace

TEST_CASE("what was written reads back, and the sequence survives reopening") {
    const TemporaryDirectory directory;
    {
        Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
        REQUIRE(writer.has_value());
        CHECK(writer->reflects() == Sequence{0});
        write(*writer,
              {incident_effect(1, IncidentState::open, "O'Hara; DROP TABLE incidents"), alert_effect(1, "t"),
               verdict_effect(1)},
              7);
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

TEST_CASE("a transaction that is rolled back leaves nothing") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    REQUIRE(writer.has_value());
    REQUIRE(writer->begin().has_value());
    REQUIRE(writer->write(incident_effect(1, IncidentState::open, "t")).has_value());
    writer->rollback();
    write(*writer, {incident_effect(2, IncidentState::open, "t")}, 3);
    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    CHECK(queries->incidents("", 10)->size() == 1);
}

TEST_CASE("counts are brought up to date in place") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    write(*writer, {incident_effect(1, IncidentState::open, "t"), alert_effect(1, "t"), verdict_effect(1)}, 1);
    Counts counts;
    counts.alerts.push_back({{1, 1}, 42, Instant{9'000}});
    counts.incidents.push_back({{1}, 43});
    REQUIRE(writer->begin().has_value());
    REQUIRE(writer->refresh(counts).has_value());
    REQUIRE(writer->commit(Sequence{1}).has_value());
    Result<ReadModelQueries> queries = ReadModelQueries::open(directory.path());
    CHECK(queries->alerts_of({1})->front().count == 42);
    CHECK(queries->incident({1}).value()->messages_total == 43);
}

TEST_CASE("pruning takes what is over and old, and leaves what is open") {
    const TemporaryDirectory directory;
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory.path()));
    write(*writer,
          {incident_effect(1, IncidentState::resolved, "old"), verdict_effect(1),
           incident_effect(2, IncidentState::open, "open"), verdict_effect(2), alert_effect(2, "t")},
          1);
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
