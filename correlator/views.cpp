// State -> values: rows for the read model, summaries for tickets, and the digest.
#include "correlator/snapshot_sections.hpp"
#include "correlator/state.hpp"

#include "correlator/fingerprint.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <initializer_list>

namespace incidentd {
namespace {

std::vector<std::pair<std::string, std::string>> owned(LabelsView labels) {
    std::vector<std::pair<std::string, std::string>> out;
    out.reserve(labels.size());
    for (const LabelView& label : labels) out.emplace_back(label.name, label.value);
    return out;
}

std::string text_of(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    std::string text;
    text.reserve(size);
    for (const std::string_view part : parts) text += part;
    return text;
}

class Digest {
public:
    void text(std::string_view value) {
        hash_ = XXH3_64bits_withSeed(value.data(), value.size(), hash_ + value.size());
    }
    void number(std::uint64_t value) { hash_ = XXH3_64bits_withSeed(&value, sizeof value, hash_); }
    std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0;
};

}  // namespace

AlertRow Correlator::State::row(Slot slot) const {
    const AlertRecord& alert = alerts[slot];
    const WordsView said = words_of(alert);
    const std::vector<LabelView> labels = said.labels();
    AlertRow copy;
    copy.fingerprint = alert.fingerprint;
    copy.alertmanager_fingerprint = alertmanager_fingerprint(labels);
    copy.source = pool.view(alert.source);
    copy.key = pool.view(alert.key);
    copy.title = said.title();
    copy.text = said.text();
    copy.url = said.url();
    copy.labels = OwnedLabels(labels);
    copy.annotations = OwnedLabels(said.annotations());
    copy.severity = alert.severity;
    copy.firing = alert.firing;
    copy.suppressed = alert.suppressed;
    copy.reasons = reasons_of(slot);
    copy.acknowledged = alert.acknowledged;
    copy.count = alert.count;
    copy.starts_at = alert.starts_at;
    copy.first_seen = alert.first_seen;
    copy.last_seen = alert.last_seen;
    copy.resolved_at = alert.resolved_at;
    copy.incident = alert.incident;
    return copy;
}

AlertSummary Correlator::State::summary(Slot slot) const {
    const AlertRecord& alert = alerts[slot];
    const WordsView said = words_of(alert);
    AlertSummary copy;
    copy.fingerprint = alert.fingerprint;
    copy.source = pool.view(alert.source);
    copy.title = said.title();
    copy.text = said.text();
    copy.severity = alert.severity;
    copy.firing = alert.firing;
    copy.count = alert.count;
    copy.first_seen = alert.first_seen;
    copy.last_seen = alert.last_seen;
    copy.url = said.url();
    copy.labels = owned(said.labels());
    return copy;
}

std::string Correlator::State::name_of(const AlertRecord& alert) const {
    const WordsView said = words_of(alert);
    std::string_view name = said.title();
    if (name.empty()) name = said.find_label("alertname");
    if (name.empty()) name = pool.view(alert.key);
    std::string_view where = said.find_label("host");
    if (where.empty()) where = said.find_label("instance");
    const bool says_where = where.empty() || name.find(where) != std::string_view::npos;
    return text_of(
        {"\"", name, says_where ? "" : " on ", says_where ? "" : where, "\" (", to_string(alert.severity), ")"});
}

void Correlator::State::describe_state(const std::function<void(Effect&&)>& visit) const {
    for (const auto& [id, incident] : incidents) {
        visit(Effect{now, IncidentChanged{incident.view}});
        for (const SinkRecord& sink : incident.sinks) {
            DeliveryState state = DeliveryState::delivered;
            if (sink.outstanding) state = DeliveryState::due;
            if (sink.dead) state = DeliveryState::dead;
            visit(Effect{sink.last_sent, DeliveryChanged{id,
                                                         sink.name,
                                                         sink.outstanding_kind,
                                                         state,
                                                         sink.outstanding_revision,
                                                         sink.ticket,
                                                         sink.ticket_url,
                                                         {}}});
        }
    }
}

std::uint64_t Correlator::State::digest() const {
    Digest digest;
    digest.text(instance);
    digest.text(rules != nullptr ? rules->hash : std::string());
    digest.number(next_incident);
    digest.number(static_cast<std::uint64_t>(no_expiry_before.ms));
    digest.number(overflow.value);
    for (Slot slot = 0; slot < alerts.end(); ++slot) {
        if (!alerts[slot].used) continue;
        digest.number(slot);
        digest.text(describe(row(slot)));
        digest.number(static_cast<std::uint64_t>(alerts[slot].expires_at.ms));
        digest.text(pool.view(alerts[slot].episode));
        digest.number((alerts[slot].counted ? 1U : 0U) | (alerts[slot].resolved_by_message ? 2U : 0U) |
                      (alerts[slot].ever_fired ? 4U : 0U));
    }
    for (const auto& [id, incident] : incidents) {
        digest.text(describe(Effect{incident.last_onset, IncidentChanged{incident.view}}));
        digest.number(incident.alerts.size());
        for (const Slot slot : incident.alerts) digest.number(slot);
        for (const IncidentFact& fact : incident.facts) digest.text(fact.fact.text);
        for (const SinkRecord& sink : incident.sinks) {
            digest.text(sink.name);
            digest.number(static_cast<std::uint64_t>(sink.last_sent.ms));
            digest.text(sink.ticket);
            digest.number(sink.delivered_revision);
            digest.number(sink.told_revision);
            digest.number(sink.outstanding_revision);
            digest.number((sink.outstanding ? 1U : 0U) | (sink.created ? 2U : 0U) | (sink.settled ? 4U : 0U) |
                          (sink.dead ? 8U : 0U) | (sink.update_lost ? 16U : 0U));
        }
        for (const Acknowledgement& one : incident.acknowledgements) {
            digest.number(one.slot);
            digest.text(one.actor);
        }
        digest.number(static_cast<std::uint64_t>(incident.last_recovery.ms));
    }
    digest.number(association.digest());
    digest.number(memory.digest());
    for (const auto& [name, part] : topology_parts) {
        digest.text(name);
        digest.number(Topology(part).digest());
    }
    for (const auto& [id, gate] : gates) {
        digest.number(id.value);
        for (const std::uint64_t check : gate.checks) digest.number(check);
        for (const std::uint64_t check : gate.habitual) digest.number(check);
        digest.number(gate.fired);
        digest.number(static_cast<std::uint64_t>(gate.critical_since.ms));
        digest.number(static_cast<std::uint64_t>(gate.other_since.ms));
    }
    for (const auto& [service, at] : service_last_opened) {
        digest.text(service);
        digest.number(static_cast<std::uint64_t>(at.ms));
    }
    std::string sections;
    snapshot::encode_sections(*this, sections);
    digest.text(sections);
    return digest.value();
}

}  // namespace incidentd
