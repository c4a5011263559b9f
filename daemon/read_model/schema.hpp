// The read model's tables. Times are ms since the epoch, 0 when absent; labels are JSON objects, causes a list
// of them, the likeliest first, earlier incidents one of those like it, the most similar first. Verdicts and timeline
// entries are rows, or, when many came at once, packed (daemon/read_model/history.hpp): found by the start of a
// fingerprint (little-endian 32-bit numbers, sorted) or by incident. What holds an alert back is a list of objects with
// the texts kind, by and since (RFC 3339).
#pragma once

namespace incidentd {

constexpr int read_model_version = 5;

constexpr const char* read_model_schema = R"sql(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incidents(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL, title TEXT NOT NULL, rule TEXT NOT NULL,
  because TEXT NOT NULL, service TEXT NOT NULL, category TEXT NOT NULL, assignment_group TEXT NOT NULL,
  severity TEXT NOT NULL, peak_severity TEXT NOT NULL, impact TEXT NOT NULL, urgency TEXT NOT NULL,
  priority TEXT NOT NULL, acknowledged_by TEXT NOT NULL, began_at INTEGER NOT NULL, opened_at INTEGER NOT NULL,
  acknowledged_at INTEGER NOT NULL, resolved_at INTEGER NOT NULL, alerts_total INTEGER NOT NULL,
  alerts_firing INTEGER NOT NULL, messages_total INTEGER NOT NULL, revision INTEGER NOT NULL, group_labels TEXT NOT NULL,
  causes TEXT NOT NULL, merged_into INTEGER NOT NULL, earlier TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS incidents_by_state ON incidents(state, id);
CREATE INDEX IF NOT EXISTS incidents_by_survivor ON incidents(merged_into, id) WHERE merged_into != 0;
CREATE TABLE IF NOT EXISTS alerts(
  fingerprint TEXT PRIMARY KEY, alertmanager_fingerprint TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL,
  title TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL, labels TEXT NOT NULL, annotations TEXT NOT NULL,
  severity TEXT NOT NULL, firing INTEGER NOT NULL, suppressed INTEGER NOT NULL, acknowledged INTEGER NOT NULL,
  count INTEGER NOT NULL, starts_at INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  resolved_at INTEGER NOT NULL, incident INTEGER NOT NULL, held_back TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS alerts_by_alertmanager_fingerprint ON alerts(alertmanager_fingerprint);
CREATE TABLE IF NOT EXISTS verdicts(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, fingerprint TEXT NOT NULL, verdict TEXT NOT NULL,
  incident INTEGER NOT NULL, rule TEXT NOT NULL, because TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS verdicts_by_alert ON verdicts(fingerprint, id);
CREATE INDEX IF NOT EXISTS verdicts_by_incident ON verdicts(incident, id);
CREATE TABLE IF NOT EXISTS timeline(
  id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timeline_by_incident ON timeline(incident, id);
CREATE TABLE IF NOT EXISTS packed(id INTEGER PRIMARY KEY, last_at INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS packed_prefixes(packed INTEGER PRIMARY KEY, prefixes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS packed_incidents(
  incident INTEGER NOT NULL, packed INTEGER NOT NULL, PRIMARY KEY(incident, packed)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries(
  incident INTEGER NOT NULL, sink TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, revision INTEGER NOT NULL,
  ticket TEXT NOT NULL, ticket_url TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(incident, sink)) WITHOUT ROWID;
)sql";

}  // namespace incidentd
