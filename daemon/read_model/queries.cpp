#include "daemon/read_model/queries.hpp"

#include "daemon/read_model/read_model.hpp"

#include <algorithm>
#include <filesystem>

namespace incidentd {
namespace {

constexpr const char* incident_columns =
    "SELECT id,key,state,title,rule,because,service,category,assignment_group,severity,peak_severity,impact,urgency,"
    "priority,acknowledged_by,began_at,opened_at,acknowledged_at,resolved_at,alerts_total,alerts_firing,messages_total,"
    "revision,group_labels FROM incidents ";

constexpr const char* alert_columns =
    "SELECT "
    "fingerprint,alertmanager_fingerprint,source,key,title,text,url,labels,annotations,severity,firing,suppressed,"
    "acknowledged,count,starts_at,first_seen,last_seen,resolved_at,incident FROM alerts ";

StoredIncident read_incident(const Statement& row) {
    StoredIncident out;
    out.id.value = static_cast<std::uint64_t>(row.number(0));
    std::string* const texts[] = {&out.key,      &out.state,          &out.title,    &out.rule,
                                  &out.because,  &out.service,        &out.category, &out.assignment_group,
                                  &out.severity, &out.peak_severity,  &out.impact,   &out.urgency,
                                  &out.priority, &out.acknowledged_by};
    int column = 1;
    for (std::string* text : texts) *text = row.text(column++);
    for (Instant* at : {&out.began_at, &out.opened_at, &out.acknowledged_at, &out.resolved_at})
        at->ms = row.number(column++);
    for (std::int64_t* number : {&out.alerts_total, &out.alerts_firing, &out.messages_total, &out.revision})
        *number = row.number(column++);
    out.group_labels = row.text(column);
    return out;
}

StoredAlert read_alert(const Statement& row) {
    StoredAlert out;
    std::string* const texts[] = {&out.fingerprint, &out.alertmanager_fingerprint,
                                  &out.source,      &out.key,
                                  &out.title,       &out.text,
                                  &out.url,         &out.labels,
                                  &out.annotations, &out.severity};
    int column = 0;
    for (std::string* text : texts) *text = row.text(column++);
    out.firing = row.number(column++) != 0;
    out.suppressed = row.number(column++) != 0;
    out.acknowledged = row.number(column++) != 0;
    out.count = row.number(column++);
    for (Instant* at : {&out.starts_at, &out.first_seen, &out.last_seen, &out.resolved_at})
        at->ms = row.number(column++);
    out.incident.value = static_cast<std::uint64_t>(row.number(column));
    return out;
}

// Every row of `statement` through `read`.
template <class Row, class Read>
Result<std::vector<Row>> collect(Result<Statement> statement, Read read) {
    if (!statement) return statement.error();
    std::vector<Row> out;
    for (;;) {
        const Result<bool> row = statement->step();
        if (!row) return row.error();
        if (!*row) return out;
        out.push_back(read(*statement));
    }
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The read model writes its own JSON: strings only, escaped as append_json_string does (control characters as \u00XX).
std::string read_string(std::string_view& rest) {
    std::string out;
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
        char c = rest.front();
        rest.remove_prefix(1);
        if (c == '\\' && !rest.empty()) {
            c = rest.front();
            rest.remove_prefix(1);
            if (c == 'u' && rest.size() >= 4) {
                c = static_cast<char>(hex_value(rest[2]) * 16 + hex_value(rest[3]));
                rest.remove_prefix(4);
            } else {
                constexpr std::string_view names = "bfnrt", codes = "\b\f\n\r\t";
                if (const std::size_t at = names.find(c); at != std::string_view::npos) c = codes[at];
            }
        }
        out += c;
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> labels_from_json(const std::string& json) {
    std::vector<std::pair<std::string, std::string>> out;
    std::string_view rest(json);
    for (;;) {
        const std::size_t at = rest.find('"');
        if (at == std::string_view::npos) return out;
        rest.remove_prefix(at);
        std::string name = read_string(rest);
        const std::size_t value = rest.find('"');
        if (value == std::string_view::npos) return out;
        rest.remove_prefix(value);
        out.emplace_back(std::move(name), read_string(rest));
    }
}

Result<ReadModelQueries> ReadModelQueries::open(const std::string& state_directory) {
    const std::string file = read_model_file(state_directory);
    if (!std::filesystem::exists(file))
        return Error(ErrorCode::not_found, "there is no " + file +
                                               ": the daemon has not run with this state directory yet; "
                                               "name another with --state-directory or --config");
    Result<Database> database = Database::open(file, Database::Mode::read_only);
    if (!database) return database.error();
    return ReadModelQueries(std::move(*database));
}

Result<std::vector<StoredIncident>> ReadModelQueries::incidents(const std::string& state, std::int64_t most) {
    Result<Statement> statement =
        database_.prepare(std::string(incident_columns) + "WHERE ?1='' OR state=?1 ORDER BY id DESC LIMIT ?2");
    if (statement) statement->bind(1, state).bind(2, most);
    return collect<StoredIncident>(std::move(statement), read_incident);
}

Result<std::optional<StoredIncident>> ReadModelQueries::incident(IncidentId id) {
    Result<Statement> statement = database_.prepare(std::string(incident_columns) + "WHERE id=?");
    if (statement) statement->bind(1, id.value);
    Result<std::vector<StoredIncident>> found = collect<StoredIncident>(std::move(statement), read_incident);
    if (!found) return found.error();
    return found->empty() ? std::nullopt : std::optional<StoredIncident>(std::move(found->front()));
}

Result<std::vector<StoredAlert>> ReadModelQueries::alerts_of(IncidentId id) {
    Result<Statement> statement = database_.prepare(std::string(alert_columns) +
                                                    "JOIN (SELECT fingerprint AS f, MIN(id) AS first FROM verdicts "
                                                    "WHERE incident=? AND verdict IN('opened','joined') GROUP BY f) "
                                                    "ON f=fingerprint ORDER BY first");
    if (statement) statement->bind(1, id.value);
    return collect<StoredAlert>(std::move(statement), read_alert);
}

Result<std::vector<StoredTimeline>> ReadModelQueries::timeline_of(IncidentId id) {
    Result<Statement> statement = database_.prepare("SELECT at,kind,text FROM timeline WHERE incident=? ORDER BY id");
    if (statement) statement->bind(1, id.value);
    return collect<StoredTimeline>(std::move(statement), [](const Statement& row) {
        return StoredTimeline{{row.number(0)}, row.text(1), row.text(2)};
    });
}

Result<std::vector<StoredDelivery>> ReadModelQueries::deliveries_of(IncidentId id) {
    Result<Statement> statement = database_.prepare(
        "SELECT sink,kind,state,ticket,ticket_url,detail,revision,at FROM deliveries WHERE incident=? ORDER BY sink");
    if (statement) statement->bind(1, id.value);
    return collect<StoredDelivery>(std::move(statement), [](const Statement& row) {
        return StoredDelivery{row.text(0), row.text(1), row.text(2),   row.text(3),
                              row.text(4), row.text(5), row.number(6), {row.number(7)}};
    });
}

Result<std::vector<StoredAlert>> ReadModelQueries::alerts_by_fingerprint(const std::string& start) {
    // Hex digits were checked by the caller, so the pattern holds no wildcard of its own.
    return alerts_where("WHERE fingerprint LIKE ?1||'%' OR alertmanager_fingerprint LIKE ?1||'%'", {start}, {}, 20);
}

Result<std::vector<StoredAlert>> ReadModelQueries::alerts_by_labels(const Matchers& matchers, std::size_t most) {
    return alerts_where("ORDER BY last_seen DESC", {}, matchers, most);
}

Result<std::vector<StoredAlert>> ReadModelQueries::alerts_where(const std::string& where,
                                                                const std::vector<std::string>& values,
                                                                const Matchers& matchers, std::size_t most) {
    Result<Statement> statement = database_.prepare(alert_columns + where);
    if (!statement) return statement.error();
    for (std::size_t i = 0; i < values.size(); ++i) statement->bind(static_cast<int>(i + 1), values[i]);
    std::vector<StoredAlert> out;
    while (out.size() < most) {
        const Result<bool> row = statement->step();
        if (!row) return row.error();
        if (!*row) break;
        StoredAlert alert = read_alert(*statement);
        const auto pairs = labels_from_json(alert.labels);
        std::vector<LabelView> labels;
        for (const auto& [name, value] : pairs) labels.push_back({name, value});
        std::sort(labels.begin(), labels.end(), [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
        if (matches_all(matchers, labels)) out.push_back(std::move(alert));
    }
    return out;
}

Result<std::vector<StoredVerdict>> ReadModelQueries::verdicts_of(const std::string& fingerprint) {
    Result<Statement> statement = database_.prepare(
        "SELECT at,fingerprint,verdict,rule,because,incident FROM verdicts WHERE fingerprint=? ORDER BY id");
    if (statement) statement->bind(1, fingerprint);
    return collect<StoredVerdict>(std::move(statement), [](const Statement& row) {
        return StoredVerdict{{row.number(0)}, row.text(1), row.text(2),
                             row.text(3),     row.text(4), {static_cast<std::uint64_t>(row.number(5))}};
    });
}

}  // namespace incidentd
