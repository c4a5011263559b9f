// Questions to the read model, for the command line. Works while the daemon runs and while it does not.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/incident.hpp"
#include "correlator/matcher.hpp"
#include "correlator/result.hpp"
#include "correlator/time.hpp"
#include "daemon/read_model/history.hpp"
#include "daemon/read_model/sqlite.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

struct StoredIncident {
    IncidentId id;
    std::string key, state, title, rule, because, service, category, assignment_group;
    std::string severity, peak_severity, impact, urgency, priority, acknowledged_by, group_labels;  // labels: JSON
    std::string causes;                                                                             // a JSON list
    std::string earlier;                                                                            // likewise
    IncidentId merged_into;
    Instant began_at, opened_at, acknowledged_at, resolved_at;
    std::int64_t alerts_total = 0, alerts_firing = 0, messages_total = 0, revision = 0;
};

struct StoredAlert {
    std::string fingerprint, alertmanager_fingerprint, source, key, title, text, url, labels, annotations, severity;
    bool firing = false, suppressed = false, acknowledged = false;
    std::int64_t count = 0;
    Instant starts_at, first_seen, last_seen, resolved_at;
    IncidentId incident;
    std::string held_back;  // JSON, see held_back_from_json()
};

struct StoredReason {
    std::string kind, by, since;  // as SuppressionReason; since: RFC 3339
};
std::vector<StoredReason> held_back_from_json(const std::string& json);

// An earlier incident like one; `ended_at` as RFC 3339.
struct StoredLikeness {
    std::string incident, ended_at, ended_by, ticket, ticket_url;
    std::int64_t percent = 0, lasted_s = 0, times = 1;
};

struct StoredVerdict {
    Instant at;
    std::string fingerprint, verdict, rule, because;
    IncidentId incident;
};

struct StoredTimeline {
    Instant at;
    std::string kind, text;
};

struct StoredDelivery {
    IncidentId incident;
    std::string sink, kind, state, ticket, ticket_url, detail;
    std::int64_t revision = 0;
    Instant at;
};

class ReadModelQueries {
public:
    // Errors: not_found when there is no read model yet, with what to do.
    static Result<ReadModelQueries> open(const std::string& state_directory);

    // How many entries of the journal are known to be there and not reflected yet; 0: what is shown is up to date, but
    // for what happened a moment ago.
    Result<std::uint64_t> missing();

    // Newest first. `state`: empty for all.
    Result<std::vector<StoredIncident>> incidents(const std::string& state, std::int64_t most);
    Result<std::optional<StoredIncident>> incident(IncidentId id);
    Result<std::vector<StoredAlert>> alerts_of(IncidentId id);  // that joined it, in that order
    Result<std::vector<StoredTimeline>> timeline_of(IncidentId id);
    Result<std::vector<StoredDelivery>> deliveries_of(IncidentId id);
    Result<std::vector<RootCandidate>> causes_of(IncidentId id);      // the likeliest first
    Result<std::vector<StoredLikeness>> earlier_than(IncidentId id);  // and like it, the most similar first
    Result<std::vector<IncidentId>> merged_into(IncidentId id);       // incidents that went on in this one
    // Newest incident first. `state`: empty for all.
    Result<std::vector<StoredDelivery>> deliveries(const std::string& state, std::int64_t most);

    // By fingerprint (32 hex digits), Alertmanager fingerprint (16), or the start of either (at least 6).
    Result<std::vector<StoredAlert>> alerts_by_fingerprint(const std::string& start);
    // By matchers on the labels; newest first, at most `most`.
    Result<std::vector<StoredAlert>> alerts_by_labels(const Matchers& matchers, std::size_t most);
    Result<std::vector<StoredVerdict>> verdicts_of(const std::string& fingerprint);

private:
    explicit ReadModelQueries(Database database) : database_(std::move(database)) {}
    Result<std::vector<StoredAlert>> alerts_where(const std::string& where, const std::vector<std::string>& values,
                                                  const Matchers& matchers, std::size_t most);
    Result<std::vector<std::string>> joined(IncidentId id);
    Result<std::vector<std::int64_t>> packed_with(Fingerprint alert);
    Result<void> read_packed_of(IncidentId id, const std::function<void(const VerdictView&)>& verdict,
                                const std::function<void(const TimelineView&)>& timeline);
    Database database_;
};

// A JSON object of texts, as the read model keeps labels, back into pairs.
std::vector<std::pair<std::string, std::string>> labels_from_json(const std::string& json);

}  // namespace incidentd
