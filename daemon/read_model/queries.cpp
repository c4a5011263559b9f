#include "daemon/read_model/queries.hpp"

#include "correlator/fingerprint.hpp"
#include "daemon/read_model/read_model.hpp"

#include <algorithm>
#include <filesystem>
#include <unordered_set>

namespace incidentd {
namespace {

constexpr const char* incident_columns =
    "SELECT id,key,state,title,rule,because,service,category,assignment_group,severity,peak_severity,impact,urgency,"
    "priority,acknowledged_by,began_at,opened_at,acknowledged_at,resolved_at,alerts_total,alerts_firing,messages_total,"
    "revision,group_labels,causes,merged_into,earlier FROM incidents ";

constexpr const char* alert_columns =
    "SELECT "
    "fingerprint,alertmanager_fingerprint,source,key,title,text,url,labels,annotations,severity,firing,suppressed,"
    "acknowledged,count,starts_at,first_seen,last_seen,resolved_at,incident,held_back FROM alerts ";

constexpr const char* delivery_columns =
    "SELECT incident,sink,kind,state,ticket,ticket_url,detail,revision,at FROM deliveries ";

StoredDelivery read_delivery(const Statement& row) {
    StoredDelivery out;
    out.incident.value = static_cast<std::uint64_t>(row.number(0));
    int column = 1;
    for (std::string* text : {&out.sink, &out.kind, &out.state, &out.ticket, &out.ticket_url, &out.detail})
        *text = row.text(column++);
    out.revision = row.number(column++);
    out.at.ms = row.number(column);
    return out;
}

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
    out.group_labels = row.text(column++);
    out.causes = row.text(column++);
    out.merged_into.value = static_cast<std::uint64_t>(row.number(column++));
    out.earlier = row.text(column);
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
    out.incident.value = static_cast<std::uint64_t>(row.number(column++));
    out.held_back = row.text(column);
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

// Rows and packed entries each come in order; together they are put in the order of time.
template <class Entry>
void sort_by_time(std::vector<Entry>& entries) {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.at < b.at; });
}

std::uint32_t prefix_at(std::string_view prefixes, std::size_t index) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(prefixes[4 * index + i])) << (8 * i);
    return value;
}

bool has_prefix(std::string_view prefixes, std::uint32_t wanted) {
    std::size_t low = 0;
    for (std::size_t high = prefixes.size() / 4; low < high;) {
        const std::size_t middle = (low + high) / 2;
        if (prefix_at(prefixes, middle) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < prefixes.size() / 4 && prefix_at(prefixes, low) == wanted;
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

std::vector<StoredReason> held_back_from_json(const std::string& json) {
    std::vector<StoredReason> out;
    for (auto& [name, value] : labels_from_json(json)) {
        if (name == "kind")
            out.push_back({std::move(value), {}, {}});
        else if (!out.empty())
            (name == "by" ? out.back().by : out.back().since) = std::move(value);
    }
    return out;
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

Result<std::uint64_t> ReadModelQueries::missing() {
    Result<Statement> statement = database_.prepare(
        "SELECT max(0, e.value - s.value) FROM meta e JOIN meta s ON s.name='sequence' WHERE e.name='expected'");
    if (!statement) return statement.error();
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    return *row ? static_cast<std::uint64_t>(statement->number(0)) : 0;
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
    Result<std::vector<std::string>> fingerprints = joined(id);
    if (!fingerprints) return fingerprints.error();
    Result<Statement> statement = database_.prepare(std::string(alert_columns) + "WHERE fingerprint=?");
    if (!statement) return statement.error();
    std::vector<StoredAlert> out;
    for (const std::string& fingerprint : *fingerprints) {
        statement->bind(1, fingerprint);
        const Result<bool> row = statement->step();
        if (!row) return row.error();
        if (!*row) continue;
        out.push_back(read_alert(*statement));
        statement->reset();
    }
    return out;
}

// Fingerprints of the alerts that ever joined, each once, in the order of their first joining.
Result<std::vector<std::string>> ReadModelQueries::joined(IncidentId id) {
    Result<Statement> rows = database_.prepare(
        "SELECT MIN(at),fingerprint FROM verdicts WHERE incident=? AND verdict IN('opened','joined') GROUP BY "
        "fingerprint ORDER BY MIN(id)");
    if (rows) rows->bind(1, id.value);
    using Joined = std::pair<std::int64_t, std::string>;
    Result<std::vector<Joined>> all = collect<Joined>(std::move(rows), [](const Statement& row) {
        return Joined{row.number(0), row.text(1)};
    });
    if (!all) return all.error();
    const auto note = [&all, id](const VerdictView& v) {
        if (v.incident == id && (v.verdict == Verdict::opened || v.verdict == Verdict::joined))
            all->emplace_back(v.at.ms, to_string(v.alert));
    };
    if (const Result<void> read = read_packed_of(id, note, {}); !read) return read.error();
    std::stable_sort(all->begin(), all->end(), [](const Joined& a, const Joined& b) { return a.first < b.first; });
    std::vector<std::string> out;
    std::unordered_set<std::string> seen;
    for (Joined& one : *all)
        if (seen.insert(one.second).second) out.push_back(std::move(one.second));
    return out;
}

Result<std::vector<StoredTimeline>> ReadModelQueries::timeline_of(IncidentId id) {
    Result<Statement> statement = database_.prepare("SELECT at,kind,text FROM timeline WHERE incident=? ORDER BY id");
    if (statement) statement->bind(1, id.value);
    Result<std::vector<StoredTimeline>> out = collect<StoredTimeline>(std::move(statement), [](const Statement& row) {
        return StoredTimeline{{row.number(0)}, row.text(1), row.text(2)};
    });
    if (!out) return out;
    const auto note = [&out, id](const TimelineView& t) {
        if (t.incident == id) out->push_back({t.at, std::string(t.kind), std::string(t.text)});
    };
    if (const Result<void> read = read_packed_of(id, {}, note); !read) return read.error();
    sort_by_time(*out);
    return out;
}

Result<void> ReadModelQueries::read_packed_of(IncidentId id, const std::function<void(const VerdictView&)>& verdict,
                                              const std::function<void(const TimelineView&)>& timeline) {
    Result<Statement> pieces =
        database_.prepare("SELECT bytes FROM packed JOIN packed_incidents ON packed=id WHERE incident=? ORDER BY id");
    if (!pieces) return pieces.error();
    pieces->bind(1, id.value);
    for (;;) {
        const Result<bool> row = pieces->step();
        if (!row) return row.error();
        if (!*row) return {};
        if (Result<void> read = read_history(pieces->bytes(0), verdict, timeline); !read) return read;
    }
}

Result<std::vector<StoredDelivery>> ReadModelQueries::deliveries_of(IncidentId id) {
    Result<Statement> statement = database_.prepare(std::string(delivery_columns) + "WHERE incident=? ORDER BY sink");
    if (statement) statement->bind(1, id.value);
    return collect<StoredDelivery>(std::move(statement), read_delivery);
}

Result<std::vector<RootCandidate>> ReadModelQueries::causes_of(IncidentId id) {
    Result<Statement> statement = database_.prepare(
        "SELECT json_extract(value,'$.entity'), json_extract(value,'$.reason'), json_extract(value,'$.percent'), "
        "json_extract(value,'$.silent') FROM incidents, json_each(incidents.causes) WHERE incidents.id=? ORDER BY "
        "json_each.key");
    if (statement) statement->bind(1, id.value);
    return collect<RootCandidate>(std::move(statement), [](const Statement& row) {
        return RootCandidate{row.text(0), static_cast<std::uint32_t>(row.number(2)), row.number(3) != 0, row.text(1)};
    });
}

Result<std::vector<StoredLikeness>> ReadModelQueries::earlier_than(IncidentId id) {
    Result<Statement> statement = database_.prepare(
        "SELECT json_extract(value,'$.incident'), json_extract(value,'$.ended_at'), json_extract(value,'$.ended_by'), "
        "json_extract(value,'$.ticket'), json_extract(value,'$.ticket_url'), json_extract(value,'$.percent'), "
        "json_extract(value,'$.lasted_s'), json_extract(value,'$.times') FROM incidents, json_each(incidents.earlier) "
        "WHERE incidents.id=? ORDER BY json_each.key");
    if (statement) statement->bind(1, id.value);
    return collect<StoredLikeness>(std::move(statement), [](const Statement& row) {
        return StoredLikeness{row.text(0), row.text(1),   row.text(2),   row.text(3),
                              row.text(4), row.number(5), row.number(6), row.number(7)};
    });
}

Result<std::vector<IncidentId>> ReadModelQueries::merged_into(IncidentId id) {
    Result<Statement> statement =
        database_.prepare("SELECT id FROM incidents WHERE merged_into != 0 AND merged_into=? ORDER BY id");
    if (statement) statement->bind(1, id.value);
    return collect<IncidentId>(std::move(statement), [](const Statement& row) {
        return IncidentId{static_cast<std::uint64_t>(row.number(0))};
    });
}

Result<std::vector<StoredDelivery>> ReadModelQueries::deliveries(const std::string& state, std::int64_t most) {
    Result<Statement> statement = database_.prepare(std::string(delivery_columns) +
                                                    "WHERE ?1='' OR state=?1 ORDER BY incident DESC, sink LIMIT ?2");
    if (statement) statement->bind(1, state).bind(2, most);
    return collect<StoredDelivery>(std::move(statement), read_delivery);
}

Result<std::vector<StoredAlert>> ReadModelQueries::alerts_by_fingerprint(const std::string& start) {
    std::string digits = start;
    for (char& c : digits) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    return alerts_where(
        "WHERE (fingerprint>=?1 AND fingerprint<?1||'g') OR (alertmanager_fingerprint>=?1 AND "
        "alertmanager_fingerprint<?1||'g')",
        {digits}, {}, 20);
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
    Result<std::vector<StoredVerdict>> out = collect<StoredVerdict>(std::move(statement), [](const Statement& row) {
        return StoredVerdict{{row.number(0)}, row.text(1), row.text(2),
                             row.text(3),     row.text(4), {static_cast<std::uint64_t>(row.number(5))}};
    });
    const std::optional<Fingerprint> alert = fingerprint_from(fingerprint);
    if (!out || !alert) return out;
    const Result<std::vector<std::int64_t>> pieces = packed_with(*alert);
    if (!pieces) return pieces.error();
    const auto note = [&](const VerdictView& v) {
        if (v.alert == *alert)
            out->push_back({v.at, fingerprint, std::string(to_string(v.verdict)), std::string(v.rule),
                            std::string(v.because), v.incident});
    };
    Result<Statement> piece = database_.prepare("SELECT bytes FROM packed WHERE id=?");
    if (!piece) return piece.error();
    for (const std::int64_t id : *pieces) {
        piece->bind(1, id);
        const Result<bool> row = piece->step();
        if (!row) return row.error();
        if (!*row) continue;
        if (const Result<void> read = read_history(piece->bytes(0), note, {}); !read) return read.error();
        piece->reset();
    }
    sort_by_time(*out);
    return out;
}

// Packed pieces that may hold something of the alert: the start of its fingerprint is there.
Result<std::vector<std::int64_t>> ReadModelQueries::packed_with(Fingerprint alert) {
    const auto prefix = static_cast<std::uint32_t>(alert.high >> 32);
    Result<Statement> all = database_.prepare("SELECT packed,prefixes FROM packed_prefixes ORDER BY packed");
    if (!all) return all.error();
    std::vector<std::int64_t> out;
    for (;;) {
        const Result<bool> row = all->step();
        if (!row) return row.error();
        if (!*row) return out;
        if (has_prefix(all->bytes(1), prefix)) out.push_back(all->number(0));
    }
}

}  // namespace incidentd
