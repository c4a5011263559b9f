// The engine: one deterministic state machine per shard. Pure: no thread, clock, file, socket, log or random.
// The same inputs at the same times give byte-equal effects and digest, in one go or in any split.
#pragma once

#include "correlator/effect.hpp"
#include "correlator/fingerprint.hpp"
#include "correlator/input.hpp"
#include "correlator/limits.hpp"
#include "correlator/silence.hpp"
#include "correlator/time.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace incidentd {

// Sizes for gauges; exact at the instant of the call.
struct EngineSizes {
    std::uint64_t alerts_firing = 0;
    std::uint64_t alerts_suppressed = 0;     // firing, but open nothing
    std::uint64_t suppressed_by_source = 0;  // these four: firing alerts, each under all that suppresses it
    std::uint64_t suppressed_by_silence = 0;
    std::uint64_t suppressed_by_maintenance = 0;
    std::uint64_t suppressed_by_inhibition = 0;
    std::uint64_t alerts_flapping = 0;
    std::uint64_t storms = 0;
    std::array<std::uint64_t, silence_state_count> silences{};  // by SilenceState; those of rules too
    std::uint64_t alerts_held = 0;                              // records in memory, resolved ones included
    std::uint64_t incidents_pending = 0;
    std::uint64_t incidents_open = 0;
    std::uint64_t actions_outstanding = 0;
};

// How the messages of one apply() ended, for counters.
struct Outcomes {
    std::uint64_t repeated = 0;  // refreshed a known alert, changed nothing else
    std::array<std::uint64_t, verdict_count> by_verdict{};
};

// Not thread-safe: owned by the shard's thread.
class Estate;  // correlator/estate.hpp

class Correlator {
public:
    // `hash_salt` changes the order within hash tables and must change nothing else: for tests.
    explicit Correlator(EngineLimits limits = {}, std::uint64_t hash_salt = 0);
    ~Correlator();
    Correlator(Correlator&&) noexcept;
    Correlator& operator=(Correlator&&) noexcept;

    // Fires deadlines up to `now` in (time, order of setting), each effect bearing its deadline's time, then the input.
    // `now` never goes backwards: the sequencer sees to it (asserted). Appends to `out`.
    void apply(const Input& input, Instant now, Effects& out);
    // The same step for those who do not ask what came of it: the state is the same, no effect is made.
    void replay(const Input& input, Instant now);

    // Marks the events that only refresh an alert which is firing with the same words: their record is a tenth as long.
    // Call it right before the events are journaled, with no deadline due and nothing but inputs of the same instant
    // between it and their apply(): then the alert cannot be forgotten before they arrive. `changed` gathers, over all
    // inputs that are journaled together, the known alerts that an earlier message says something new of.
    using Changed = boost::unordered_flat_set<Fingerprint, FingerprintHash>;
    void note_refreshes(std::span<AlertEvent> events, Changed& changed) const;

    // When apply(Tick) has something to do; nullopt: never, without other input.
    std::optional<Instant> next_deadline() const;

    // Every action handed out and never reported, with `may_have_been_sent` set: what is owed after a restart.
    std::vector<Action> pending_actions() const;

    // Hash over the whole state; equal states give equal digests.
    std::uint64_t digest() const;

    EngineSizes sizes() const;
    const Outcomes& last_outcomes() const;  // of the last apply()
    const std::string& instance() const;    // of Genesis; empty before
    const std::shared_ptr<const RuleSet>& rules() const;
    const std::string& rules_hash() const;  // of the last RulesActivated; empty before
    Instant now() const;                    // of the last apply(): the next one may not be earlier

    // What a read model that knows nothing must be told to show what is in memory now: incidents and deliveries; alerts
    // come with visit_changed_alerts().
    void describe_state(const std::function<void(Effect&&)>& visit) const;

    // The read model is told the latest state of what changed, whenever there is time for it: these call `visit` for
    // what changed since it was last told, oldest change first, at most `most`, and forget it. They return false when
    // nothing is left. Not part of the deterministic state.
    bool visit_changed_alerts(std::size_t most, const std::function<void(AlertRow&&)>& visit);
    bool has_changed_alerts() const;
    // Alerts of which only these two moved.
    struct AlertCount {
        Fingerprint fingerprint;
        std::uint64_t count = 0;
        Instant last_seen;
    };
    bool visit_touched_alerts(std::size_t most, const std::function<void(const AlertCount&)>& visit);
    // Incidents whose only change is the number of messages.
    bool visit_touched_incidents(std::size_t most, const std::function<void(const IncidentView&)>& visit);
    // Takes every alert off the list where nothing happened since `known`: it was told before.
    void forget_changes_before(Instant known);

    // Read access for the API. Slots stay valid until the next apply().
    std::vector<std::uint32_t> alert_slots() const;  // every record, in slot order
    struct AlertState {
        bool held;  // false: the slot is free by now; nothing else may be asked of it
        bool firing;
        bool suppressed;
        bool acknowledged;
        bool flapping;
        bool waiting;  // for more alerts, as its rule asks
        IncidentId incident;
        Instant expires_at;
    };
    AlertState alert_state(std::uint32_t slot) const;
    AlertRow alert_row(std::uint32_t slot) const;
    std::optional<std::uint32_t> find_alert(Fingerprint fingerprint) const;
    std::optional<IncidentView> find_incident(IncidentId id) const;
    // Active, pending, then expired ones; active by their end, pending by their beginning, expired by their end, the
    // last first. Those of rules bear the window that holds or comes next; they are left out when none comes any more.
    std::vector<Silence> silences() const;
    bool takes_silence() const;                                      // whether there is room for another one
    std::optional<Silence> find_silence(std::string_view id) const;  // of the API, or else the rule of that name
    // What suppresses a firing alert: silences by id, and the fingerprints of alerts that inhibit it.
    struct SuppressedBy {
        bool source = false;
        std::vector<std::string> silences;
        std::vector<std::uint64_t> inhibitors;  // Alertmanager's fingerprints
    };
    SuppressedBy suppressed_by(std::uint32_t slot) const;
    // What depends on what as it is now; of the API, by part; and why a change would be refused. Until the next
    // apply().
    const Estate& estate() const;
    const LearnSettings& learning() const;  // as the rules say
    const TopologyParts& topology_parts() const;
    std::optional<std::string> topology_refusal(const TopologyChanged& change) const;
    // Whether an operator can retry or drop something at `sink` (empty: at any); nullopt: no such incident or sink.
    std::optional<bool> has_dead_delivery(IncidentId id, std::string_view sink) const;

    struct State;  // correlator/state.hpp, private to this folder

private:
    friend class EngineSnapshot;  // correlator/snapshot.hpp
    std::unique_ptr<State> state_;
};

}  // namespace incidentd
