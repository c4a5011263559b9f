#include "correlator/snapshot.hpp"
#include "correlator/snapshot_association.hpp"
#include "correlator/snapshot_fields.hpp"
#include "correlator/snapshot_format.hpp"
#include "correlator/snapshot_learning.hpp"
#include "correlator/snapshot_sections.hpp"

#include <algorithm>

namespace incidentd {
namespace {

using State = snapshot::State;

void number_words(const State& state, snapshot::Numbers& strings, snapshot::Numbers& shapes) {
    for (State::Slot slot = 0; slot < state.alerts.end(); ++slot) {
        const AlertRecord& alert = state.alerts[slot];
        if (!alert.used) continue;
        const WordsView words = state.words_of(alert);
        if (shapes.use(alert.words.shape))
            for (std::size_t i = 0; i < words.name_count(); ++i) strings.use(words.name_handle(i));
        for (std::size_t i = 0; i < words.value_count(); ++i) strings.use(words.value_handle(i));
        for (const StringPool::Handle handle : {alert.source, alert.key, alert.episode}) strings.use(handle);
    }
}

void encode_words(const State& state, codec::Writer& w, const snapshot::Numbers& strings,
                  const snapshot::Numbers& shapes) {
    w.number(strings.in_order().size());
    for (const StringPool::Handle handle : strings.in_order()) w.text(state.pool.view(handle));
    w.number(shapes.in_order().size());
    for (const StringPool::Handle handle : shapes.in_order()) {
        const WordsView names = state.word_store.names_of(handle);
        w.number(names.label_count());
        w.number(names.annotation_count());
        for (std::size_t i = 0; i < names.name_count(); ++i) w.number(strings.of(names.name_handle(i)));
    }
}

std::vector<std::pair<Fingerprint, IncidentId>> sorted_groups(const State& state) {
    std::vector<std::pair<Fingerprint, IncidentId>> groups(state.groups.begin(), state.groups.end());
    std::sort(groups.begin(), groups.end());
    return groups;
}

void encode_alerts(const State& state, codec::Writer& w, snapshot::Save& save) {
    w.number(state.alerts.end());
    for (State::Slot slot = 0; slot < state.alerts.end(); ++slot) snapshot::alert_fields(save, state.alerts[slot]);
    w.number(state.alerts.free().size());
    for (const State::Slot slot : state.alerts.free()) w.number(slot);
}

void encode_incidents(const State& state, codec::Writer& w, snapshot::Save& save) {
    w.number(state.next_incident);
    w.number(state.overflow.value);
    w.number(state.incidents.size());
    for (const auto& [id, incident] : state.incidents) snapshot::incident_fields(save, incident);
    const auto groups = sorted_groups(state);
    w.number(groups.size());
    for (const auto& [group, id] : groups) {
        save.fixed(group);
        w.number(id.value);
    }
    w.number(state.evictable.size());
    for (const IncidentId id : state.evictable) w.number(id.value);
}

}  // namespace

std::vector<LearnedPair> EngineSnapshot::learned_pairs(const Correlator& engine, std::size_t most) {
    return engine.state_->association.co_occurrence().pairs(most, engine.state_->now);
}

void EngineSnapshot::encode(const Correlator& engine, std::string_view version, std::string& out) {
    const State& state = *engine.state_;
    codec::Writer w(out);
    w.byte(snapshot::format_version);
    w.text(version.substr(0, 255));
    w.text(state.instance);
    w.text(state.rules_hash);
    w.text(state.rules_text);
    w.time(state.now);
    w.time(state.no_expiry_before);
    w.number(state.service_last_opened.size());
    for (const auto& [service, at] : state.service_last_opened) {
        w.text(service);
        w.time(at);
    }
    snapshot::Numbers strings(state.pool.end()), shapes(state.word_store.shapes_end());
    number_words(state, strings, shapes);
    encode_words(state, w, strings, shapes);
    snapshot::Save save(out, state, strings, shapes);
    encode_alerts(state, w, save);
    encode_incidents(state, w, save);
    snapshot::encode_sections(state, out);
    snapshot::encode_association(state, save);
    snapshot::encode_learning(state, save);
    w.number(state.deadlines.next_order());
    w.number(state.deadlines.size());
    for (const Deadline& deadline : state.deadlines.in_order()) snapshot::deadline_fields(save, deadline);
}

}  // namespace incidentd
