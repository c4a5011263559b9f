#include "correlator/snapshot.hpp"
#include "correlator/snapshot_association.hpp"
#include "correlator/snapshot_fields.hpp"
#include "correlator/snapshot_format.hpp"

#include <algorithm>

namespace incidentd {
namespace {

using State = Correlator::State;

// The table of strings in the order of their first use, and each handle's place in it.
std::vector<std::uint32_t> number_strings(const State& state, std::vector<StringPool::Handle>& in_order) {
    constexpr std::uint32_t none = UINT32_MAX;
    std::vector<std::uint32_t> numbers(state.pool.end(), none);
    const auto use = [&](StringPool::Handle handle) {
        if (numbers[handle] != none) return;
        numbers[handle] = static_cast<std::uint32_t>(in_order.size());
        in_order.push_back(handle);
    };
    for (State::Slot slot = 0; slot < state.alerts.end(); ++slot) {
        const AlertRecord& alert = state.alerts[slot];
        if (!alert.used) continue;
        for (std::uint16_t i = 0; i < alert.label_count; ++i) {
            use(alert.labels[i].name);
            use(alert.labels[i].value);
        }
        use(alert.source);
        use(alert.key);
    }
    return numbers;
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
    std::vector<StringPool::Handle> strings;
    const std::vector<std::uint32_t> numbers = number_strings(state, strings);
    w.number(strings.size());
    for (const StringPool::Handle handle : strings) w.text(state.pool.view(handle));
    snapshot::Save save(out, numbers);
    encode_alerts(state, w, save);
    encode_incidents(state, w, save);
    snapshot::encode_association(state, save);
    w.number(state.deadlines.next_order());
    w.number(state.deadlines.size());
    for (const Deadline& deadline : state.deadlines.in_order()) snapshot::deadline_fields(save, deadline);
}

}  // namespace incidentd
