// Incidents, alerts, verdicts, timeline and deliveries as SQLite tables: derived from the journal, carrying the
// sequence they reflect, rebuildable, open to sqlite3. Written by one thread.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/effect.hpp"
#include "daemon/read_model/sqlite.hpp"

#include <string>
#include <vector>

namespace incidentd {

// Counters that move without an effect: read from the engine now and then.
struct Counts {
    struct Alert {
        Fingerprint fingerprint;
        std::uint64_t count = 0;
        Instant last_seen;
    };
    struct Incident {
        IncidentId id;
        std::uint64_t messages_total = 0;
    };
    std::vector<Alert> alerts;
    std::vector<Incident> incidents;
    bool empty() const { return alerts.empty() && incidents.empty(); }
};

// The file inside a state directory.
std::string read_model_file(const std::string& state_directory);

class ReadModelWriter {
public:
    // Opens or makes the database. One of another schema version is set aside (renamed) and rebuilt from the journal.
    static Result<ReadModelWriter> open(const std::string& file);

    // Sets the file aside and begins an empty one.
    static Result<ReadModelWriter> rebuild(const std::string& file);

    Sequence reflects() const { return reflects_; }

    // Between begin() and commit(): any number of effects, then the sequence they belong to.
    Result<void> begin();
    Result<void> write(const Effect& effect);
    Result<void> refresh(const Counts& counts);
    Result<void> commit(Sequence reflects);
    void rollback();  // after an error

    // For a read model that missed entries nobody can read any more: shows what `engine` holds, and what it does not
    // hold as over. Each incident's timeline says that something is missing.
    Result<void> take_over(const Correlator& engine, Sequence through);

    // Forgets resolved incidents, their rows and alerts that are over, where nothing happened since `before`.
    Result<void> prune(Instant before);

private:
    struct Statements {
        Statement alert, alert_count, incident_count, verdict, incident, timeline, delivery, sequence;
    };
    ReadModelWriter(Database database, Statements statements, Sequence reflects);
    static Result<Statements> prepare(Database& database);

    Result<void> put(Instant at, const AlertDecided& effect);
    Result<void> put(Instant at, const AlertChanged& effect);
    Result<void> put(Instant at, const IncidentChanged& effect);
    Result<void> put(Instant at, const TimelineAdded& effect);
    Result<void> put(Instant at, const DeliveryChanged& effect);
    template <class Other>
    Result<void> put(Instant, const Other&) {
        return {};
    }

    Database database_;
    Statements statements_;
    Sequence reflects_;
};

}  // namespace incidentd
