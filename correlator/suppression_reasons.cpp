// What suppresses an alert, in words and as values: for explanations, tickets, the API and the read model.
#include "correlator/suppression.hpp"

#include "correlator/state.hpp"

#include <algorithm>

namespace incidentd {
namespace {

std::string list_of(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
    return out;
}

std::string title_of(const Silence& silence) {
    return (silence.is_maintenance ? "maintenance window " : "silence ") + silence.id;
}

}  // namespace

std::string Correlator::State::silence_text(const Silence& silence) const {
    std::string text = title_of(silence);
    if (!silence.created_by.empty()) text += " by " + silence.created_by;
    if (!silence.comment.empty()) text += " (" + silence.comment + ")";
    if (silence.ends_at.is_set()) text += " until " + to_rfc3339(silence.ends_at);
    return text;
}

std::string Correlator::State::suppression_text(Slot slot) const {
    const auto known = suppressions.of.find(slot);
    if (known == suppressions.of.end()) return {};
    const Suppression& why = known->second;
    std::vector<std::string> texts;
    if (why.by_source)
        texts.push_back("suppressed by its source" +
                        (why.source_words.empty() ? std::string() : ": " + why.source_words));
    for (const std::uint32_t number : why.silences)
        texts.push_back(silence_text(suppressions.silences.at(number).told));
    const auto labels = labels_of(alerts[slot]);
    for (std::size_t i = 0; !why.inhibits.empty() && rules != nullptr && i < rules->inhibit.size(); ++i)
        if (const auto source = inhibitor_of(slot, i, labels))
            texts.push_back("inhibited by rule " + rules->inhibit[i].name + ": " + name_of(alerts[*source]) + " fires");
    return list_of(texts);
}

// Besides what suppresses it: what else keeps it from being told as others are, while it fires.
std::vector<SuppressionReason> Correlator::State::reasons_of(Slot slot) const {
    std::vector<SuppressionReason> reasons;
    const AlertRecord& alert = alerts[slot];
    if (const auto known = suppressions.of.find(slot); known != suppressions.of.end()) {
        const Suppression& why = known->second;
        if (why.by_source) reasons.push_back({SuppressionKind::source, {}, why.source_since});
        for (std::size_t i = 0; i < why.silences.size(); ++i) {
            const Silence& silence = suppressions.silences.at(why.silences[i]).told;
            const SuppressionKind kind =
                silence.is_maintenance ? SuppressionKind::maintenance : SuppressionKind::silence;
            reasons.push_back({kind, silence.id, why.silenced_since[i]});
        }
        for (std::size_t i = 0; i < why.inhibits.size(); ++i)
            reasons.push_back({SuppressionKind::inhibition, why.inhibits[i], why.inhibited_since[i]});
    }
    if (const auto flap = flaps.find(slot); flap != flaps.end() && flap->second.flapping) {
        const FlappingRule* rule = flapping_rule(slot);
        reasons.push_back(
            {SuppressionKind::flapping, rule == nullptr ? std::string() : rule->name, flap->second.flapping_since});
    }
    const auto incident = alert.counted ? incidents.find(alert.incident) : incidents.end();
    if (incident != incidents.end() && incident->second.gathers_storm) {
        const IncidentView& view = incident->second.view;
        reasons.push_back({SuppressionKind::storm, view.rule, std::max(view.began_at, alert.first_seen)});
    }
    std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
    return reasons;
}

Correlator::SuppressedBy Correlator::State::suppressed_by(Slot slot) const {
    SuppressedBy by;
    const auto known = suppressions.of.find(slot);
    if (known == suppressions.of.end()) return by;
    by.source = known->second.by_source;
    for (const std::uint32_t number : known->second.silences)
        by.silences.push_back(suppressions.silences.at(number).told.id);
    const auto labels = labels_of(alerts[slot]);
    for (std::size_t i = 0; !known->second.inhibits.empty() && rules != nullptr && i < rules->inhibit.size(); ++i)
        if (const auto source = inhibitor_of(slot, i, labels))
            by.inhibitors.push_back(alertmanager_fingerprint(labels_of(alerts[*source])));
    return by;
}

}  // namespace incidentd
