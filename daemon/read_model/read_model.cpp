#include "daemon/read_model/read_model.hpp"

#include "adapters/json.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/read_model/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

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

std::string json_reasons(const std::vector<SuppressionReason>& reasons) {
    std::string out = "[";
    for (const SuppressionReason& reason : reasons) {
        if (out.size() > 1) out += ',';
        out += json_object(std::vector<std::pair<std::string_view, std::string>>{
            {"kind", std::string(to_string(reason.kind))}, {"by", reason.by}, {"since", to_rfc3339(reason.since)}});
    }
    return out += ']';
}

Result<std::int64_t> single_number(Database& database, std::string_view sql) {
    Result<Statement> statement = database.prepare(sql);
    if (!statement) return statement.error();
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    return *row ? statement->number(0) : 0;
}

// What came in one transaction and is no more than this becomes rows.
constexpr std::size_t rows_most = 200;

std::string prefix_bytes(const std::vector<std::uint32_t>& prefixes) {
    std::string out;
    out.reserve(prefixes.size() * sizeof(std::uint32_t));
    for (const std::uint32_t prefix : prefixes)
        for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(prefix >> shift);
    return out;
}

void set_aside(const std::string& file) {
    std::error_code ignored;
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(file + suffix, ignored);
    std::filesystem::rename(file, file + ".old", ignored);
}

// The journal is the truth: after a crash a few last transactions are simply derived again. Alerts are found by
// fingerprint, so writes land all over the file: with SQLite's own 2 MB of cache and a checkpoint every 4 MB, most of
// its time went into reading pages again and writing them twice.
constexpr const char* pragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=8192;";

Result<Database> open_with_schema(const std::string& file) {
    Result<Database> database = Database::open(file, Database::Mode::read_write_create);
    if (!database) return database;
    const Result<void> made = database->execute(std::string(pragmas) + read_model_schema);
    if (!made) return made.error();
    return database;
}

std::string json_of(const std::vector<RootCandidate>& roots) {
    std::string out = "[";
    for (const RootCandidate& root : roots) {
        out += out.size() > 1 ? ",{\"entity\":" : "{\"entity\":";
        append_json_string(out, root.entity);
        out += fmt::format(",\"percent\":{},\"silent\":{},\"reason\":", root.percent, root.silent);
        append_json_string(out, root.reason);
        out += '}';
    }
    return out + "]";
}

std::string json_of(const std::vector<Likeness>& earlier) {
    return json_list(earlier, [](JsonObject& object, const Likeness& one) {
        object.text("incident", to_string(one.incident));
        object.number("percent", std::int64_t{one.percent});
        object.flag("same_cause", one.same_cause);
        object.time("ended_at", one.ended_at);
        object.number("lasted_s", one.lasted.ms / 1000);
        object.number("times", static_cast<std::int64_t>(one.times));
        object.text("ended_by", ending_of(one));
        object.text("said_by", one.said_by);
        object.text("said", one.said);
        object.text("ticket", one.ticket);
        object.text("ticket_url", one.ticket_url);
    });
}

}  // namespace

std::string read_model_file(const std::string& state_directory) { return state_directory + "/incidents.sqlite"; }

ReadModelWriter::ReadModelWriter(Database database, Statements statements)
    : database_(std::move(database)), statements_(std::move(statements)) {}

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
    const Result<void> stamped = database->execute(fmt::format(
        "INSERT OR IGNORE INTO meta VALUES('version', {}), ('sequence', 0), ('told_through', 0), ('expected', 0)",
        read_model_version));
    if (!stamped) return stamped.error();
    Result<Statements> statements = prepare(*database);
    if (!statements) return statements.error();
    ReadModelWriter writer(std::move(*database), std::move(*statements));
    if (const Result<void> looked = writer.look_again(); !looked) return looked.error();
    return writer;
}

Result<ReadModelWriter> ReadModelWriter::rebuild(const std::string& file) {
    set_aside(file);
    return open(file);
}

Result<void> ReadModelWriter::expect(Sequence through) {
    return stamp("expected", static_cast<std::int64_t>(through.value));
}

Result<void> ReadModelWriter::look_again() {
    const Result<std::int64_t> sequence = single_number(database_, "SELECT value FROM meta WHERE name='sequence'");
    if (!sequence) return sequence.error();
    const Result<std::int64_t> told = single_number(database_, "SELECT value FROM meta WHERE name='told_through'");
    if (!told) return told.error();
    reflects_ = {static_cast<std::uint64_t>(*sequence)};
    told_through_ = {*told};
    return {};
}

Result<ReadModelWriter::Statements> ReadModelWriter::prepare(Database& database) {
    Statements out;
    const std::pair<Statement*, const char*> wanted[] = {
        {&out.alert, "INSERT OR REPLACE INTO alerts VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&out.alert_count, "UPDATE alerts SET count=?, last_seen=? WHERE fingerprint=?"},
        {&out.verdict, "INSERT INTO verdicts(at,fingerprint,verdict,incident,rule,because) VALUES(?,?,?,?,?,?)"},
        {&out.incident,
         "INSERT OR REPLACE INTO incidents VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&out.timeline, "INSERT INTO timeline(incident,at,kind,text) VALUES(?,?,?,?)"},
        {&out.packed, "INSERT INTO packed(last_at,bytes) VALUES(?,?)"},
        {&out.packed_prefixes, "INSERT INTO packed_prefixes VALUES(?,?)"},
        {&out.packed_incident, "INSERT INTO packed_incidents VALUES(?,?)"},
        {&out.delivery, "INSERT OR REPLACE INTO deliveries VALUES(?,?,?,?,?,?,?,?,?)"},
        {&out.meta, "UPDATE meta SET value=? WHERE name=?"},
    };
    for (const auto& [statement, sql] : wanted) {
        Result<Statement> prepared = database.prepare(sql);
        if (!prepared) return prepared.error();
        *statement = std::move(*prepared);
    }
    return out;
}

Result<void> ReadModelWriter::in_transaction(const std::function<Result<void>()>& work) {
    Result<void> done = database_.execute("BEGIN IMMEDIATE");
    if (done) done = work();
    if (done) done = database_.execute("COMMIT");
    if (!done) (void)database_.execute("ROLLBACK");
    return done;
}

Result<void> ReadModelWriter::write(const ReadModelBatch& batch, Sequence through) {
    Instant told = told_through_;
    for (const auto& state : batch.states()) told = state->told_through.value_or(told);
    Result<void> done = in_transaction([&]() -> Result<void> {
        if (Result<void> written = put(batch); !written) return written;
        if (Result<void> stamped = stamp("told_through", told.ms); !stamped) return stamped;
        return stamp("sequence", static_cast<std::int64_t>(std::max(through, reflects_).value));
    });
    if (!done) return done;
    reflects_ = std::max(through, reflects_);
    told_through_ = told;
    return {};
}

Result<void> ReadModelWriter::take_over(const Correlator& engine, Sequence through) {
    const Instant now = engine.now();
    const std::string gap = fmt::format("what happened between entries {} and {} of the journal is not shown",
                                        reflects_.value, through.value);
    ReadModelBatch batch;
    engine.describe_state([&](Effect&& effect) {
        batch.add(effect);
        if (const auto* incident = std::get_if<IncidentChanged>(&effect.what))
            batch.add(Effect{now, TimelineAdded{incident->incident->id, "gap", gap}});
    });
    Result<void> done = in_transaction([&]() -> Result<void> {
        if (Result<void> over = database_.execute(
                fmt::format("UPDATE incidents SET state='resolved', resolved_at={0}, alerts_firing=0 WHERE state "
                            "IN('pending','open'); UPDATE alerts SET firing=0, resolved_at={0} WHERE firing=1;",
                            now.ms));
            !over)
            return over;
        if (Result<void> written = put(batch); !written) return written;
        if (Result<void> stamped = stamp("told_through", 0); !stamped) return stamped;
        return stamp("sequence", static_cast<std::int64_t>(through.value));
    });
    return done ? look_again() : done;
}

Result<void> ReadModelWriter::put(const ReadModelBatch& batch) {
    for (const HistoryWriter& history : batch.history())
        if (Result<void> done = put(history, batch.last_at()); !done) return done;
    for (const auto& [id, view] : batch.incidents())
        if (Result<void> done = put(view); !done) return done;
    for (const auto& [key, one] : batch.deliveries())
        if (Result<void> done = put(one.at, one.delivery); !done) return done;
    for (const auto& state : batch.states())
        if (Result<void> done = put(*state); !done) return done;
    return {};
}

// Few entries become rows that sqlite3 shows as they are; many stay packed.
Result<void> ReadModelWriter::put(const HistoryWriter& history, Instant last_at) {
    const std::string bytes = history.encode();
    if (history.entries() > rows_most) return put_packed(history, bytes, last_at);
    Result<void> done;
    const Result<void> read = read_history(
        bytes,
        [&](const VerdictView& verdict) {
            if (done) done = put_verdict(verdict);
        },
        [&](const TimelineView& timeline) {
            if (done) done = put_timeline(timeline);
        });
    return done ? read : done;
}

Result<void> ReadModelWriter::put_packed(const HistoryWriter& history, std::string_view bytes, Instant last_at) {
    if (Result<void> done = statements_.packed.bind(1, last_at.ms).bind_bytes(2, bytes).run(); !done) return done;
    const std::int64_t id = database_.last_rowid();
    std::vector<std::uint32_t> prefixes = history.prefixes();
    std::sort(prefixes.begin(), prefixes.end());
    if (Result<void> done = statements_.packed_prefixes.bind(1, id).bind_bytes(2, prefix_bytes(prefixes)).run(); !done)
        return done;
    std::vector<IncidentId> incidents = history.incidents();
    std::sort(incidents.begin(), incidents.end());
    incidents.erase(std::unique(incidents.begin(), incidents.end()), incidents.end());
    for (const IncidentId incident : incidents)
        if (Result<void> done = statements_.packed_incident.bind(1, incident.value).bind(2, id).run(); !done)
            return done;
    return {};
}

Result<void> ReadModelWriter::put(const StateUpdate& state) {
    for (const AlertRow& row : state.alerts)
        if (Result<void> done = put(row); !done) return done;
    for (const Correlator::AlertCount& moved : state.counts) {
        Statement& s = statements_.alert_count;
        s.bind(1, moved.count).bind(2, moved.last_seen.ms).bind(3, to_string(moved.fingerprint));
        if (Result<void> done = s.run(); !done) return done;
    }
    return {};
}

Result<void> ReadModelWriter::put_verdict(const VerdictView& v) {
    return statements_.verdict.bind(1, v.at.ms)
        .bind(2, to_string(v.alert))
        .bind(3, to_string(v.verdict))
        .bind(4, v.incident.value)
        .bind(5, v.rule)
        .bind(6, v.because)
        .run();
}

Result<void> ReadModelWriter::put_timeline(const TimelineView& t) {
    return statements_.timeline.bind(1, t.incident.value).bind(2, t.at.ms).bind(3, t.kind).bind(4, t.text).run();
}

Result<void> ReadModelWriter::put(const AlertRow& r) {
    Statement& s = statements_.alert;
    s.bind(1, to_string(r.fingerprint)).bind(2, fmt::format("{:016x}", r.alertmanager_fingerprint)).bind(3, r.source);
    s.bind(4, r.key).bind(5, r.title).bind(6, r.text).bind(7, r.url).bind(8, json_object(r.labels));
    s.bind(9, json_object(r.annotations)).bind(10, to_string(r.severity)).bind(11, std::int64_t{r.firing});
    s.bind(12, std::int64_t{r.suppressed}).bind(13, std::int64_t{r.acknowledged}).bind(14, r.count);
    s.bind(15, r.starts_at.ms).bind(16, r.first_seen.ms).bind(17, r.last_seen.ms).bind(18, r.resolved_at.ms);
    return s.bind(19, r.incident.value).bind(20, json_reasons(r.reasons)).run();
}

Result<void> ReadModelWriter::put(const IncidentView& v) {
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
    s.bind(22, v.messages_total).bind(23, v.revision).bind(24, json_object(v.group_labels));
    return s.bind(25, json_of(v.roots)).bind(26, v.merged_into.value).bind(27, json_of(v.earlier)).run();
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

Result<void> ReadModelWriter::stamp(std::string_view name, std::int64_t value) {
    return statements_.meta.bind(1, value).bind(2, name).run();
}

Result<void> ReadModelWriter::prune(Instant before) {
    return in_transaction([this, before] {
        return database_.execute(fmt::format(
            "CREATE TEMP TABLE IF NOT EXISTS gone(id INTEGER PRIMARY KEY); DELETE FROM gone;"
            "INSERT INTO gone SELECT id FROM incidents WHERE state IN('resolved','dropped') AND "
            "resolved_at<{0} LIMIT 10000;"
            "DELETE FROM timeline WHERE incident IN gone; DELETE FROM deliveries WHERE incident IN gone;"
            "DELETE FROM incidents WHERE id IN gone;"
            "DELETE FROM verdicts WHERE at<{0} AND incident NOT IN(SELECT id FROM incidents);"
            "DELETE FROM packed WHERE last_at<{0} AND NOT EXISTS(SELECT 1 FROM packed_incidents p JOIN incidents i "
            "ON i.id=p.incident WHERE p.packed=packed.id);"
            "DELETE FROM packed_prefixes WHERE packed NOT IN(SELECT id FROM packed);"
            "DELETE FROM packed_incidents WHERE packed NOT IN(SELECT id FROM packed);"
            "DELETE FROM alerts WHERE firing=0 AND last_seen<{0};",
            before.ms));
    });
}

}  // namespace incidentd
