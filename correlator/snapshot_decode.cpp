// Reads what snapshot_encode.cpp wrote and trusts nothing: whatever the engine later uses as an index is checked here.
#include "correlator/snapshot.hpp"
#include "correlator/snapshot_association.hpp"
#include "correlator/snapshot_fields.hpp"
#include "correlator/snapshot_format.hpp"
#include "correlator/snapshot_learning.hpp"
#include "correlator/snapshot_sections.hpp"

#include <utility>

namespace incidentd {
namespace {

using State = snapshot::State;

constexpr std::size_t slots_most = 200'000'000;

class Decoder {
public:
    Decoder(State& state, codec::Reader& reader) : state_(state), r_(reader), load_(reader, state, strings_, shapes_) {}

    bool read() {
        read_services();
        read_strings();
        read_shapes();
        read_alerts();
        read_free_slots();
        read_incidents();
        read_groups();
        if (!snapshot::decode_sections(state_, r_)) return false;
        snapshot::decode_association(state_, load_);
        snapshot::decode_learning(state_, load_);
        read_deadlines();
        // The tables' own uses.
        for (const StringPool::Handle shape : shapes_) state_.word_store.release_shape(shape);
        for (const StringPool::Handle handle : strings_) state_.pool.release(handle);
        return r_.done();
    }

private:
    void read_services() {
        for (std::size_t left = r_.count(2); left > 0 && !r_.failed(); --left) {
            std::string service = r_.string();
            state_.service_last_opened.emplace(std::move(service), r_.time());
        }
    }
    void read_strings() {
        const std::size_t count = r_.count(1);
        state_.pool.reserve(count);
        strings_.reserve(count);
        for (std::size_t i = 0; i < count && !r_.failed(); ++i) strings_.push_back(state_.pool.intern(r_.text()));
    }
    void read_shapes() {
        for (std::size_t left = r_.count(2); left > 0 && !r_.failed(); --left) {
            const std::size_t labels = r_.count(1), annotations = r_.count(1);
            std::vector<StringPool::Handle> names(labels + annotations);
            for (std::size_t i = 0; i < names.size() && !r_.failed(); ++i) load_.string(names[i]);
            if (!r_.failed()) shapes_.push_back(state_.word_store.restore_shape(labels, names));
        }
    }
    void read_alerts() {
        const std::size_t end = r_.count(2);
        if (end > slots_most) return r_.reject();
        state_.alerts.restore(static_cast<State::Slot>(end));
        state_.alert_index.reserve(end);
        for (State::Slot slot = 0; slot < end && !r_.failed(); ++slot) {
            AlertRecord& alert = state_.alerts[slot];
            snapshot::alert_fields(load_, alert);
            if (!r_.failed() && alert.used) take(alert, slot);
        }
    }
    void take(AlertRecord& alert, State::Slot slot) {
        if (!state_.alert_index.insert(alert.fingerprint, slot)) return r_.reject();
        ++state_.sizes.alerts_held;
        if (alert.firing) ++state_.sizes.alerts_firing;
        if (alert.firing && alert.suppressed) ++state_.sizes.alerts_suppressed;
        if (alert.ever_fired) state_.change(slot);
    }
    void read_free_slots() {
        std::vector<State::Slot> free;
        std::vector<bool> seen(state_.alerts.end());
        for (std::size_t left = r_.count(1); left > 0 && !r_.failed(); --left) {
            State::Slot slot = 0;
            load_.number(slot);
            if (r_.failed() || slot >= state_.alerts.end() || state_.alerts[slot].used || seen[slot])
                return r_.reject();
            seen[slot] = true;
            free.push_back(slot);
        }
        if (free.size() + state_.sizes.alerts_held != state_.alerts.end()) return r_.reject();
        state_.alerts.set_free(std::move(free));
    }
    void read_incidents() {
        state_.next_incident = r_.number();
        state_.overflow.value = r_.number();
        for (std::size_t left = r_.count(1); left > 0 && !r_.failed(); --left) {
            IncidentRecord incident;
            snapshot::incident_fields(load_, incident);
            if (!r_.failed()) take(std::move(incident));
        }
    }
    void take(IncidentRecord&& incident) {
        const IncidentView& view = incident.view;
        const bool in_order = state_.incidents.empty() || state_.incidents.rbegin()->first < view.id;
        if (!in_order || !view.id.is_set() || view.id.value >= state_.next_incident) return r_.reject();
        for (const State::Slot slot : incident.alerts)
            if (slot >= state_.alerts.end()) return r_.reject();
        for (const Acknowledgement& one : incident.acknowledgements)
            if (one.slot >= state_.alerts.end() && one.slot != Acknowledgement::by_operator) return r_.reject();
        for (const SinkRecord& sink : incident.sinks)
            if (sink.outstanding) ++state_.sizes.actions_outstanding;
        if (view.state == IncidentState::pending) ++state_.sizes.incidents_pending;
        if (view.state == IncidentState::open) ++state_.sizes.incidents_open;
        const IncidentId id = view.id;
        state_.touch(state_.incidents.emplace_hint(state_.incidents.end(), id, std::move(incident))->second);
    }
    void read_groups() {
        for (std::size_t left = r_.count(17); left > 0 && !r_.failed(); --left) {
            Fingerprint group;
            load_.fixed(group);
            state_.groups.emplace(group, IncidentId{r_.number()});
        }
        for (std::size_t left = r_.count(1); left > 0 && !r_.failed(); --left) {
            const IncidentId id{r_.number()};
            if (!state_.incidents.contains(id)) return r_.reject();
            state_.evictable.insert(id);
        }
    }
    void read_deadlines() {
        const std::uint64_t next_order = r_.number();
        const std::size_t count = r_.count(6);
        std::vector<Deadline> deadlines(count);
        for (std::size_t i = 0; i < count && !r_.failed(); ++i) {
            snapshot::deadline_fields(load_, deadlines[i]);
            const bool in_order =
                i == 0 || deadlines[i - 1].at < deadlines[i].at ||
                (deadlines[i - 1].at == deadlines[i].at && deadlines[i - 1].order < deadlines[i].order);
            if (!in_order || deadlines[i].order >= next_order || !has_subject(deadlines[i])) r_.reject();
        }
        state_.deadlines.restore(std::move(deadlines), next_order);
    }
    bool has_subject(const Deadline& deadline) const {
        if (deadline.kind == DeadlineKind::alert_expires || deadline.kind == DeadlineKind::alert_forgotten)
            return deadline.subject < state_.alerts.end();
        if (deadline.kind == DeadlineKind::flapping_over) return deadline.subject < state_.alerts.end();
        if (deadline.kind == DeadlineKind::silence_changes || deadline.kind == DeadlineKind::storm_over ||
            deadline.kind == DeadlineKind::absence_due)
            return true;  // looked up when they fire
        if (deadline.subject >= state_.next_incident) return false;
        const auto found = state_.incidents.find(IncidentId{deadline.subject});
        return deadline.kind != DeadlineKind::update_due || found == state_.incidents.end() ||
               deadline.detail < found->second.sinks.size();
    }

    State& state_;
    codec::Reader& r_;
    std::vector<StringPool::Handle> strings_, shapes_;
    snapshot::Load load_;
};

}  // namespace

Result<RestoredEngine> EngineSnapshot::decode(std::string_view bytes, EngineLimits limits, const Compile& compile,
                                              std::uint64_t hash_salt) {
    codec::Reader reader(bytes);
    if (const std::uint8_t version = reader.byte(); version != snapshot::format_version)
        return Error(ErrorCode::corrupt, "engine snapshot format " + std::to_string(version) +
                                             " is not known to this version, which reads " +
                                             std::to_string(snapshot::format_version));
    RestoredEngine restored{Correlator(limits, hash_salt), reader.string()};
    State& state = *restored.engine.state_;
    state.instance = reader.string();
    state.rules_hash = reader.string();
    state.rules_text = reader.string();
    state.now = reader.time();
    state.no_expiry_before = reader.time();
    if (!Decoder(state, reader).read())
        return Error(ErrorCode::corrupt,
                     "the engine snapshot of incidentd " + restored.version + " does not read back");
    if (!state.rules_text.empty()) {
        state.activate(compile(state.rules_text));
        if (state.rules == nullptr)
            return Error(ErrorCode::invalid, "the rules in the snapshot of incidentd " + restored.version +
                                                 " do not compile with this version");
    }
    if (!snapshot::link_sections(state))
        return Error(ErrorCode::corrupt,
                     "the snapshot of incidentd " + restored.version + " knows a silence that its rules do not");
    if (!snapshot::attach_topology(state))
        return Error(ErrorCode::corrupt, "the engine snapshot of incidentd " + restored.version +
                                             " knows another topology than its rules give");
    return restored;
}

}  // namespace incidentd
