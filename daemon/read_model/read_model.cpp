#include "daemon/read_model/read_model.hpp"

#include "adapters/json.hpp"
#include "daemon/read_model/schema.hpp"

#include <fmt/format.h>
#include <filesystem>

namespace incidentd {
namespace {

template <class Pairs>
std::string json_object(const Pairs& members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        if (out.size() > 1) out += ',';
        append_json_string(out, name);
        out += ':';
        append_json_string(out, value);
    }
    return out += '}';
}

Result<std::int64_t> single_number(Database& database, std::string_view sql) {
    Result<Statement> statement = database.prepare(sql);
    if (!statement) return statement.error();
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    return *row ? statement->number(0) : 0;
}

void set_aside(const std::string& file) {
    std::error_code ignored;
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(file + suffix, ignored);
    std::filesystem::rename(file, file + ".old", ignored);
}

Result<Database> open_with_schema(const std::string& file) {
    Result<Database> database = Database::open(file, Database::Mode::read_write_create);
    if (!database) return database;
    // The journal is the truth: after a crash a few last transactions are simply derived again.
    const Result<void> made =
        database->execute(std::string("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;") + read_model_schema);
    if (!made) return made.error();
    return database;
}

}  // namespace

std::string read_model_file(const std::string& state_directory) { return state_directory + "/incidents.sqlite"; }

ReadModelWriter::ReadModelWriter(Database database, Statements statements, Sequence reflects)
    : database_(std::move(database)), statements_(std::move(statements)), reflects_(reflects) {}

Result<ReadModelWriter> ReadModelWriter::open(const std::string& file) {
    Result<Database> database = open_with_schema(file);
    Result<std::int64_t> version =
        database ? single_number(*database, "SELECT value FROM meta WHERE name='version'") : database.error();
    if (!version || (*version != 0 && *version != read_model_version)) {
        database = Error(ErrorCode::unavailable, "reopened");  // closes the old file first
        set_aside(file);
        database = open_with_schema(file);
        if (!database) return database.error();
    }
    const Result<void> stamped = database->execute(
        fmt::format("INSERT OR IGNORE INTO meta VALUES('version', {}), ('sequence', 0)", read_model_version));
    if (!stamped) return stamped.error();
    Result<std::int64_t> sequence = single_number(*database, "SELECT value FROM meta WHERE name='sequence'");
    if (!sequence) return sequence.error();
    Result<Statements> statements = prepare(*database);
    if (!statements) return statements.error();
    return ReadModelWriter(std::move(*database), std::move(*statements),
                           Sequence{static_cast<std::uint64_t>(*sequence)});
}

Result<ReadModelWriter> ReadModelWriter::rebuild(const std::string& file) {
    set_aside(file);
    return open(file);
}

Result<ReadModelWriter::Statements> ReadModelWriter::prepare(Database& database) {
    Statements out;
    const std::pair<Statement*, const char*> wanted[] = {
        {&out.alert, "INSERT OR REPLACE INTO alerts VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&out.alert_count, "UPDATE alerts SET count=?, last_seen=? WHERE fingerprint=?"},
        {&out.incident_count, "UPDATE incidents SET messages_total=? WHERE id=?"},
        {&out.verdict, "INSERT INTO verdicts(at,fingerprint,verdict,incident,rule,because) VALUES(?,?,?,?,?,?)"},
        {&out.incident, "INSERT OR REPLACE INTO incidents VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&out.timeline, "INSERT INTO timeline(incident,at,kind,text) VALUES(?,?,?,?)"},
        {&out.delivery, "INSERT OR REPLACE INTO deliveries VALUES(?,?,?,?,?,?,?,?,?)"},
        {&out.sequence, "UPDATE meta SET value=? WHERE name='sequence'"},
    };
    for (const auto& [statement, sql] : wanted) {
        Result<Statement> prepared = database.prepare(sql);
        if (!prepared) return prepared.error();
        *statement = std::move(*prepared);
    }
    return out;
}

Result<void> ReadModelWriter::begin() { return database_.execute("BEGIN IMMEDIATE"); }

Result<void> ReadModelWriter::commit(Sequence reflects) {
    statements_.sequence.bind(1, reflects.value);
    if (Result<void> stamped = statements_.sequence.run(); !stamped) return stamped;
    if (Result<void> done = database_.execute("COMMIT"); !done) return done;
    reflects_ = reflects;
    return {};
}

void ReadModelWriter::rollback() { (void)database_.execute("ROLLBACK"); }

Result<void> ReadModelWriter::write(const Effect& effect) {
    return std::visit([this, &effect](const auto& what) { return put(effect.at, what); }, effect.what);
}

Result<void> ReadModelWriter::take_over(const Correlator& engine, Sequence through) {
    const Instant now = engine.now();
    if (Result<void> begun = begin(); !begun) return begun;
    Result<void> done = database_.execute(
        fmt::format("UPDATE incidents SET state='resolved', resolved_at={0}, alerts_firing=0 WHERE state "
                    "IN('pending','open'); UPDATE alerts SET firing=0, resolved_at={0} WHERE firing=1;",
                    now.ms));
    const std::string gap = fmt::format("what happened between entries {} and {} of the journal is not shown",
                                        reflects_.value, through.value);
    engine.describe_state([&](Effect&& effect) {
        if (!done) return;
        done = write(effect);
        const auto* incident = std::get_if<IncidentChanged>(&effect.what);
        if (done && incident != nullptr) done = put(now, TimelineAdded{incident->incident->id, "gap", gap});
    });
    if (done) done = commit(through);
    if (!done) rollback();
    return done;
}

Result<void> ReadModelWriter::refresh(const Counts& counts) {
    for (const Counts::Alert& alert : counts.alerts) {
        statements_.alert_count.bind(1, alert.count).bind(2, alert.last_seen.ms).bind(3, to_string(alert.fingerprint));
        if (Result<void> done = statements_.alert_count.run(); !done) return done;
    }
    for (const Counts::Incident& incident : counts.incidents) {
        statements_.incident_count.bind(1, incident.messages_total).bind(2, incident.id.value);
        if (Result<void> done = statements_.incident_count.run(); !done) return done;
    }
    return {};
}

Result<void> ReadModelWriter::put(Instant at, const AlertDecided& e) {
    return statements_.verdict.bind(1, at.ms)
        .bind(2, to_string(e.alert))
        .bind(3, to_string(e.verdict))
        .bind(4, e.incident.value)
        .bind(5, e.rule)
        .bind(6, e.because)
        .run();
}

Result<void> ReadModelWriter::put(Instant, const AlertChanged& e) {
    const AlertRow& r = *e.row;
    Statement& s = statements_.alert;
    s.bind(1, to_string(r.fingerprint)).bind(2, fmt::format("{:016x}", r.alertmanager_fingerprint)).bind(3, r.source);
    s.bind(4, r.key).bind(5, r.title).bind(6, r.text).bind(7, r.url).bind(8, json_object(r.labels));
    s.bind(9, json_object(r.annotations)).bind(10, to_string(r.severity)).bind(11, std::int64_t{r.firing});
    s.bind(12, std::int64_t{r.suppressed}).bind(13, std::int64_t{r.acknowledged}).bind(14, r.count);
    s.bind(15, r.starts_at.ms).bind(16, r.first_seen.ms).bind(17, r.last_seen.ms).bind(18, r.resolved_at.ms);
    return s.bind(19, r.incident.value).run();
}

Result<void> ReadModelWriter::put(Instant, const IncidentChanged& e) {
    const IncidentView& v = *e.incident;
    Statement& s = statements_.incident;
    s.bind(1, v.id.value)
        .bind(2, v.key)
        .bind(3, to_string(v.state))
        .bind(4, v.title)
        .bind(5, v.rule)
        .bind(6, v.because);
    s.bind(7, v.service).bind(8, v.category).bind(9, v.assignment_group).bind(10, to_string(v.severity));
    s.bind(11, to_string(v.peak_severity)).bind(12, to_string(v.impact)).bind(13, to_string(v.urgency));
    s.bind(14, to_string(v.priority)).bind(15, v.acknowledged_by).bind(16, v.began_at.ms).bind(17, v.opened_at.ms);
    s.bind(18, v.acknowledged_at.ms).bind(19, v.resolved_at.ms).bind(20, v.alerts_total).bind(21, v.alerts_firing);
    return s.bind(22, v.messages_total).bind(23, v.revision).bind(24, json_object(v.group_labels)).run();
}

Result<void> ReadModelWriter::put(Instant at, const TimelineAdded& e) {
    return statements_.timeline.bind(1, e.incident.value).bind(2, at.ms).bind(3, e.kind).bind(4, e.text).run();
}

Result<void> ReadModelWriter::put(Instant at, const DeliveryChanged& e) {
    Statement& s = statements_.delivery;
    s.bind(1, e.incident.value)
        .bind(2, e.sink)
        .bind(3, to_string(e.kind))
        .bind(4, to_string(e.state))
        .bind(5, e.revision);
    return s.bind(6, e.ticket).bind(7, e.ticket_url).bind(8, e.detail).bind(9, at.ms).run();
}

Result<void> ReadModelWriter::prune(Instant before) {
    return database_.execute(
        fmt::format("BEGIN IMMEDIATE;"
                    "CREATE TEMP TABLE IF NOT EXISTS gone(id INTEGER PRIMARY KEY); DELETE FROM gone;"
                    "INSERT INTO gone SELECT id FROM incidents WHERE state IN('resolved','dropped') AND "
                    "resolved_at<{0} LIMIT 10000;"
                    "DELETE FROM timeline WHERE incident IN gone; DELETE FROM deliveries WHERE incident IN gone;"
                    "DELETE FROM incidents WHERE id IN gone;"
                    "DELETE FROM verdicts WHERE at<{0} AND incident NOT IN(SELECT id FROM incidents);"
                    "DELETE FROM alerts WHERE firing=0 AND last_seen<{0};"
                    "COMMIT;",
                    before.ms));
}

}  // namespace incidentd
