// Incidents, alerts, verdicts, timeline and deliveries as SQLite tables: derived from the journal, carrying the
// sequence they reflect, rebuildable, open to sqlite3. Written by one thread.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/effect.hpp"
#include "daemon/read_model/batch.hpp"
#include "daemon/read_model/sqlite.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace incidentd {

// The file inside a state directory.
std::string read_model_file(const std::string& state_directory);

class ReadModelWriter {
public:
    // Opens or makes the database. One of another schema version is set aside (renamed) and rebuilt from the journal.
    static Result<ReadModelWriter> open(const std::string& file);

    // Sets the file aside and begins an empty one.
    static Result<ReadModelWriter> rebuild(const std::string& file);

    Sequence reflects() const { return reflects_; }
    Instant told_through() const { return told_through_; }  // of alerts, see StateUpdate

    // In one transaction. `through`: what is reflected then.
    Result<void> write(const ReadModelBatch& batch, Sequence through);

    // What the journal holds by now: until the file reflects it, readers are told that something is still to come
    // (ReadModelQueries::missing).
    Result<void> expect(Sequence through);

    // After another process wrote the file.
    Result<void> look_again();

    // For a read model that missed entries nobody can read any more: shows what `engine` holds, and what it does not
    // hold as over. Each incident's timeline says that something is missing.
    Result<void> take_over(const Correlator& engine, Sequence through);

    // Forgets resolved incidents, their rows and alerts that are over, where nothing happened since `before`.
    Result<void> prune(Instant before);

private:
    struct Statements {
        Statement alert, alert_count, incident, verdict, timeline, packed, packed_prefixes, packed_incident, delivery,
            meta;
    };
    ReadModelWriter(Database database, Statements statements);
    static Result<Statements> prepare(Database& database);

    Result<void> in_transaction(const std::function<Result<void>()>& work);
    Result<void> put(const ReadModelBatch& batch);
    Result<void> put(const HistoryWriter& history, Instant last_at);
    Result<void> put_packed(const HistoryWriter& history, std::string_view bytes, Instant last_at);
    Result<void> put(const StateUpdate& state);
    Result<void> put(const AlertRow& row);
    Result<void> put(const IncidentView& view);
    Result<void> put(Instant at, const DeliveryChanged& delivery);
    Result<void> put_verdict(const VerdictView& verdict);
    Result<void> put_timeline(const TimelineView& timeline);
    Result<void> stamp(std::string_view name, std::int64_t value);

    Database database_;
    Statements statements_;
    Sequence reflects_;
    Instant told_through_;
};

}  // namespace incidentd
