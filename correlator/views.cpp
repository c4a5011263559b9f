// State -> values: rows for the read model, summaries for tickets, and the digest.
#include "correlator/packed_text.hpp"
#include "correlator/state.hpp"

#include "correlator/fingerprint.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>

namespace incidentd {
namespace {

std::vector<std::pair<std::string, std::string>> owned(LabelsView labels) {
    std::vector<std::pair<std::string, std::string>> out;
    out.reserve(labels.size());
    for (const LabelView& label : labels) out.emplace_back(label.name, label.value);
    return out;
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

std::vector<LabelView> Correlator::State::labels_of(const AlertRecord& alert) const {
    std::vector<LabelView> labels(alert.label_count);
    for (std::uint16_t i = 0; i < alert.label_count; ++i)
        labels[i] = {pool.view(alert.labels[i].name), pool.view(alert.labels[i].value)};
    return labels;
}

AlertRow Correlator::State::row(Slot slot) const {
    const AlertRecord& alert = alerts[slot];
    const std::vector<LabelView> labels = labels_of(alert);
    UnpackedDetails details = unpack_details(alert.details);
    AlertRow copy;
    copy.fingerprint = alert.fingerprint;
    copy.alertmanager_fingerprint = alertmanager_fingerprint(labels);
    copy.source = pool.view(alert.source);
    copy.key = pool.view(alert.key);
    copy.title = details.title;
    copy.text = details.text;
    copy.url = details.url;
    copy.labels = owned(labels);
    copy.annotations = std::move(details.annotations);
    copy.severity = alert.severity;
    copy.firing = alert.firing;
    copy.suppressed = alert.suppressed;
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
    const UnpackedDetails details = unpack_details(alert.details);
    AlertSummary copy;
    copy.fingerprint = alert.fingerprint;
    copy.source = pool.view(alert.source);
    copy.title = details.title;
    copy.text = details.text;
    copy.severity = alert.severity;
    copy.firing = alert.firing;
    copy.count = alert.count;
    copy.first_seen = alert.first_seen;
    copy.last_seen = alert.last_seen;
    copy.url = details.url;
    copy.labels = owned(labels_of(alert));
    return copy;
}

std::string Correlator::State::name_of(const AlertRecord& alert) const {
    const std::vector<LabelView> labels = labels_of(alert);
    const UnpackedDetails details = unpack_details(alert.details);
    std::string name(details.title);
    if (name.empty()) name = find_label(labels, "alertname");
    if (name.empty()) name = pool.view(alert.key);
    constexpr std::array<std::string_view, 2> places{"host", "instance"};
    for (const std::string_view place : places) {
        const std::string_view where = find_label(labels, place);
        if (where.empty()) continue;
        if (name.find(where) == std::string::npos) name += " on " + std::string(where);
        break;
    }
    return "\"" + name + "\" (" + std::string(to_string(alert.severity)) + ")";
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
    for (Slot slot = 0; slot < alerts.end(); ++slot)
        if (alerts[slot].used && alerts[slot].ever_fired) visit(Effect{now, AlertChanged{row(slot)}});
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
        digest.text(describe(Effect{alerts[slot].expires_at, AlertChanged{row(slot)}}));
        digest.text(alerts[slot].episode);
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
    for (const auto& [id, gate] : gates) {
        digest.number(id.value);
        for (const std::uint64_t check : gate.checks) digest.number(check);
        digest.number(gate.critical_waits ? 1U : 0U);
    }
    for (const auto& [service, at] : service_last_opened) {
        digest.text(service);
        digest.number(static_cast<std::uint64_t>(at.ms));
    }
    return digest.value();
}

}  // namespace incidentd
