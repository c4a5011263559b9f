// The engine's whole state and the steps that change it, one file a concern:
//   origins.cpp    messages -> the alert they are about (rewritten labels, dedup keys)
//   pairs.cpp      clears that name their problem differently
//   dedup.cpp      messages -> alerts (first, repeated, resolved, expired)
//   suppression.cpp, silence.cpp   alerts that open nothing, and until when
//   flapping.cpp   alerts that change too often
//   storm.cpp      too many new alerts at once
//   patterns.cpp, absence.cpp   rules that ask for more than one alert, or for one that does not come
//   grouping.cpp   onsets -> incidents (which rule, which group, join or begin)
//   topology_grouping.cpp  the same for rules of `op: topology`: association, opening gate, merges, root causes
//   likeness.cpp   incidents like earlier ones, and what became of those
//   topology_parts.cpp  what depends on what, as the API changes it
//   lifecycle.cpp  incidents: hold, open, acknowledge, quiet, resolve, forget
//   delivery.cpp   what each sink is owed, one action at a time
//   views.cpp      state -> values for effects, tickets and the API
// Private to correlator/.
#pragma once

#include "correlator/alert_index.hpp"
#include "correlator/alert_words.hpp"
#include "correlator/association.hpp"
#include "correlator/correlator.hpp"
#include "correlator/deadlines.hpp"
#include "correlator/flapping.hpp"
#include "correlator/incident_memory.hpp"
#include "correlator/opening_gate.hpp"
#include "correlator/origins.hpp"
#include "correlator/pairs.hpp"
#include "correlator/patterns.hpp"
#include "correlator/records.hpp"
#include "correlator/rule_index.hpp"
#include "correlator/slots.hpp"
#include "correlator/storm.hpp"
#include "correlator/string_pool.hpp"
#include "correlator/suppression.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace incidentd {

// The words of one place in a template: labels first, then the alert's own fields.
struct TemplateScope {
    LabelsView labels;
    std::string_view title, source, rule;
    Severity severity = Severity::unknown;
};
std::string render(const Template& text, const TemplateScope& scope);

// The group of an alert that the rule applies to, and its values for people.
Fingerprint group_of(const CorrelationRule& rule, LabelsView labels);
std::string group_text(const CorrelationRule& rule, LabelsView labels);
// What an alert says is wrong, by a name that is the same for other entities; and what it says it is wrong with.
// Part of `scope`, or what was put into `scratch`.
std::string_view check_of(const TemplateScope& scope, std::string& scratch);
std::uint64_t failed_of(std::string_view check,
                        std::string_view entity);  // what the signature of an incident is made of
std::string text_of(const Matchers& matchers);     // {a="b",c=~"d"}

struct Correlator::State {
    using Slot = std::uint32_t;

    State(EngineLimits l, std::uint64_t hash_salt)
        : limits(l),
          alert_index(alerts, hash_salt),
          groups(0, FingerprintHash{hash_salt}),
          origins(hash_salt),
          pairs(hash_salt),
          suppressions(hash_salt) {}

    // --- data -------------------------------------------------------------------------------------------------------
    EngineLimits limits;
    std::string instance;
    std::shared_ptr<const RuleSet> rules;
    std::shared_ptr<const RuleIndex> indexes;  // of `rules`
    mutable MatchMemory match_memory;          // what its regexes said of values; not part of the state
    std::string rules_hash, rules_text;        // as they were activated

    StringPool pool;
    WordStore word_store{pool};
    Slots<AlertRecord> alerts;
    AlertIndex alert_index;
    std::map<IncidentId, IncidentRecord> incidents;
    boost::unordered_flat_map<Fingerprint, IncidentId, FingerprintHash> groups;  // group -> the incident it would join
    std::set<IncidentId> evictable;  // over, and only dead letters keep them here: they make room first
    Deadlines deadlines;
    std::map<std::string, Instant, std::less<>> service_last_opened;
    std::uint64_t next_incident = 1;
    Instant no_expiry_before;  // of Started
    Association association;
    IncidentMemory memory;                    // what ended incidents were like
    TopologyParts topology_parts;             // beside the topology of the rules
    std::map<IncidentId, OpeningGate> gates;  // of pending incidents of topology rules
    IncidentId overflow;                      // takes alerts while limits.incidents_max incidents are in memory

    // What the sections of the rules keep. By slot: of used records alone.
    Origins origins;
    boost::unordered_flat_map<Slot, std::uint64_t>
        source_labels;  // hash of what the source said, where rules rewrote it
    Pairs pairs;
    Suppressions suppressions;
    boost::unordered_flat_map<Slot, FlapRecord> flaps;
    bool counts_checks = false;  // a flapping rule looks at every message
    std::vector<StormWatch> storms;
    std::map<std::pair<std::string, std::string>, std::size_t> storm_index;  // rule and value -> place in `storms`
    Patterns patterns;
    std::vector<std::uint32_t> absence_rules;  // places in RuleSet::correlate

    EngineSizes sizes;
    Outcomes outcomes;  // of the apply() under way

    // What the read model is still to be told; not part of the deterministic state. Each list names a slot at most
    // once.
    std::deque<Slot> touched;         // of visit_touched_alerts()
    std::deque<Slot> changed_alerts;  // of visit_changed_alerts()
    std::deque<IncidentId> touched_incidents;
    std::vector<AlertRow> last_rows;                      // of alerts that left memory while they waited to be told
    static constexpr std::size_t last_rows_max = 10'000;  // more: their last change, 20 minutes ago, stays untold
    std::vector<IncidentId> changed_incidents;            // of changed(); empty between two apply()

    Instant now;             // of the deadline or input under way
    Effects* out = nullptr;  // of the apply() under way; nullptr: nobody wants to know what comes of it

    // --- correlator.cpp ---------------------------------------------------------------------------------------------
    void apply(const Input& input, Instant at, Effects* effects);
    void fire(const Deadline& due);
    void activate(std::shared_ptr<const RuleSet> set);  // nullptr: none
    template <class What>
    void emit(What what) {
        if (out != nullptr) out->push_back(Effect{now, std::move(what)});
    }
    // For what is costly to make: `make` is asked only if somebody wants to know.
    template <class Make>
    void emit_made(const Make& make) {
        if (out != nullptr) out->push_back(Effect{now, make()});
    }

    void adopt(std::shared_ptr<const RuleSet> fresh);  // rules that hold from now on
    std::vector<std::uint32_t> matching(const MatcherIndex& section, LabelsView labels) const;
    void index_rules();  // what follows from rules and firing alerts, made anew

    // --- origins.cpp ------------------------------------------------------------------------------------------------
    void on_event(const AlertEvent& event);
    void identify(const AlertEvent& event, bool was_origin);
    void on_origin(const AlertEvent& event, Origin& origin);
    void on_origin_message(const AlertEvent& event, Origin& origin);
    void one_origin_recovered(Slot slot, std::size_t left);
    bool outlives_promise(Slot slot);
    void stop_origins(Slot slot);
    bool is_live(const Origin& origin) const;
    std::size_t live_origins(Slot slot) const;
    Severity worst_origin(Slot slot) const;
    Instant last_promise(Slot slot) const;
    bool is_origin_refresh(const AlertEvent& event, const Origin& origin) const;
    void relabel(Slot slot, const AlertEvent& event);
    void note_source_labels(Slot slot, const AlertEvent& event);

    // --- pairs.cpp --------------------------------------------------------------------------------------------------
    bool on_clear(const AlertEvent& event);
    void clear(const AlertEvent& event, const PairRule& rule, Fingerprint key);
    bool may_clear_others(const AlertEvent& event) const;
    std::string take_early_clear(const AlertEvent& event);
    void index_pairs(Slot slot, bool firing);

    // --- suppression.cpp --------------------------------------------------------------------------------------------
    std::vector<std::uint32_t> silences_of(LabelsView labels) const;
    std::optional<Slot> inhibitor_of(Slot slot, std::size_t place, LabelsView labels) const;
    std::vector<std::string> inhibits_of(Slot slot, LabelsView labels) const;
    bool update_suppression(Slot slot);
    bool keep_suppression(Slot slot, Suppression fresh);
    void count_suppression(Suppression& why, bool firing);
    void mark_source_suppression(Slot slot, bool suppressed, std::string_view words);
    void end_suppression(Slot slot);
    std::string silence_text(const Silence& silence) const;
    std::string suppression_text(Slot slot) const;  // for people, as it is now; "" when nothing suppresses it
    std::vector<SuppressionReason> reasons_of(Slot slot) const;  // change only with the alert's row
    void look_again(const std::vector<Slot>& slots, const std::string& cause);
    void tell_of_suppression(IncidentId id, std::uint32_t begun, std::uint32_t ended, const std::string& cause);
    std::vector<Slot> firing_slots() const;
    SuppressedBy suppressed_by(Slot slot) const;
    void index_inhibition(Slot slot, bool firing);
    void look_at_targets(Slot source, bool began);

    // --- silence.cpp ------------------------------------------------------------------------------------------------
    void on_silence_set(const SilenceSet& set);
    void on_silence_expired(const SilenceExpired& expired);
    std::size_t api_silences() const;
    bool forget_oldest_silence();
    bool takes_silence() const;
    void count_silences();
    void forget_silence(std::uint32_t number);
    void adopt_silences();
    void link_silence(SilenceRecord& record, std::uint32_t place);
    void set_holding(std::uint32_t number, bool holds);
    void follow_silence(std::uint32_t number, std::vector<Slot> affected);
    void watch_silence(std::uint32_t number);
    std::vector<Slot> slots_silenced_by(std::uint32_t number) const;
    std::vector<Silence> told_silences() const;
    Silence with_window(const SilenceRecord& record) const;
    Duration maintenance_within(LabelsView labels, Instant from, Instant to) const;

    // --- flapping.cpp -----------------------------------------------------------------------------------------------
    const FlappingRule* flapping_rule(Slot slot) const;
    bool is_flapping(Slot slot) const;
    std::vector<Slot> flapping_slots() const;
    void watch_flapping(Slot slot, bool is_first);
    void begin_flapping(Slot slot, const FlappingRule& rule, const std::string& because);
    void on_flapping_deadline(Slot slot);
    void end_flapping(Slot slot, const std::string& because);
    void on_onset_while_flapping(Slot slot);

    // --- storm.cpp --------------------------------------------------------------------------------------------------
    std::size_t storm_watch(const StormRule& rule, std::string_view value);
    const StormRule* storm_rule(std::string_view name) const;
    bool gather_in_storm(Slot slot, const TemplateScope& scope);
    bool join_storm(Slot slot, const StormRule& rule, const StormWatch& watch, const std::string& title,
                    const std::string& because, const TemplateScope& scope);
    Fingerprint storm_group(const StormWatch& watch) const;
    void on_storm_deadline(std::size_t index);

    // --- patterns.cpp -----------------------------------------------------------------------------------------------
    std::uint64_t definition_of(const CorrelationRule& rule) const;
    const CorrelationRule* correlation_rule(std::string_view name) const;
    bool says_the_same(std::string_view name, std::uint64_t definition) const;
    WaitGroup* wait_group(Fingerprint group, const CorrelationRule& rule);
    void add_waiter(Fingerprint group, WaitGroup& waiting, Slot slot, std::uint64_t value);
    void stop_waiting(Slot slot);
    bool is_waiting(Slot slot) const;
    bool wait(Slot slot, const CorrelationRule& rule, const std::string& because);
    bool on_threshold(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    bool on_sequence(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    std::vector<Slot> take_waiters(Fingerprint group);
    void open_pattern(Fingerprint group, const CorrelationRule& rule, const std::string& progress);
    void adopt_patterns();

    // --- absence.cpp ------------------------------------------------------------------------------------------------
    AbsenceWatch* absence_watch(Fingerprint group, const CorrelationRule& rule, LabelsView labels);
    void expect(AbsenceWatch& watch, Duration within);
    bool on_absence(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    void index_winds(Slot slot, bool firing);
    void wind(Slot slot);
    std::optional<Slot> absence_alert(std::uint32_t number) const;
    void end_absence(std::uint32_t number, const std::string& because);
    void on_absence_deadline(std::uint32_t number, std::uint32_t generation);
    void raise_absence(std::uint32_t number, const CorrelationRule& rule);
    bool open_absence(Slot slot);
    void adopt_absences();

    // --- dedup.cpp --------------------------------------------------------------------------------------------------
    void dispatch(const AlertEvent& event);
    std::optional<Slot> find_slot(Fingerprint fingerprint) const;
    void begin_firing(Slot slot, bool is_first);
    void on_overtaken(Slot slot, const std::string& because);
    bool has_source_labels(Slot slot, LabelsView labels) const;
    void severity_changed(Slot slot, Severity before);
    void index_labels(Slot slot, bool firing);
    void on_firing(const AlertEvent& event);
    void on_resolved(const AlertEvent& event);
    void on_person(const AlertEvent& event);       // acknowledged, unacknowledged, note
    void on_suppression(const AlertEvent& event);  // suppressed, unsuppressed
    void on_expiry(Slot slot);
    std::optional<Slot> add_alert(const AlertEvent& event);  // nullopt: table full, and said so
    bool is_refresh(const AlertEvent& event) const;
    void set_labels(AlertRecord& alert, LabelsView labels);
    void set_episode(AlertRecord& alert, std::string_view episode);
    void refresh(Slot slot, const AlertEvent& event);
    void repeat(Slot slot, const AlertEvent& event);
    void stop_firing(Slot slot, Verdict verdict, std::string because);
    void set_firing(AlertRecord& alert, bool firing);
    void set_suppressed(AlertRecord& alert, bool suppressed);
    void watch_expiry(Slot slot);
    void forget_later(Slot slot);
    void forget_if_due(Slot slot);
    void free_alert(Slot slot);
    void touch(Slot slot);   // its count or last_seen moved
    void change(Slot slot);  // more than that
    void touch(IncidentRecord& incident);
    void count_message(IncidentRecord& incident);
    // `because` makes the words: a text, or a function for what is costly to say.
    template <class Because>
    void decide(const AlertRecord& alert, Verdict verdict, std::string_view rule, const Because& because) {
        ++outcomes.by_verdict[static_cast<std::size_t>(verdict)];
        if (out == nullptr) return;
        if constexpr (std::is_invocable_v<Because>)
            emit(AlertDecided{alert.fingerprint, verdict, alert.incident, std::string(rule), because()});
        else
            emit(AlertDecided{alert.fingerprint, verdict, alert.incident, std::string(rule), std::string(because)});
    }

    // --- grouping.cpp -----------------------------------------------------------------------------------------------
    void on_onset(Slot slot);
    bool rejoin(Slot slot);
    bool correlate(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    // `progress`: what made the rule apply, before the reason. `opens`: at once, if the rule holds nothing back.
    void group_by_rule(Slot slot, const CorrelationRule& rule, const TemplateScope& scope,
                       const std::string& progress = {}, bool opens = true);
    IncidentRecord* joinable(Fingerprint group, std::string& why_not);
    template <class Because>  // as of decide(); made in grouping.cpp for functions and for std::string
    void join(Slot slot, IncidentRecord& incident, Verdict verdict, const Because& because,
              std::optional<std::uint64_t> what = {});                            // as of note_failed()
    void leave(Slot slot, IncidentRecord& incident, const std::string& because);  // before it opened
    IncidentRecord& begin_incident(const CorrelationRule& rule, Fingerprint group, const TemplateScope& scope);
    IncidentRecord& begin_overflow(const TemplateScope& scope);

    void join_overflow(Slot slot, const TemplateScope& scope);

    // --- topology_grouping.cpp --------------------------------------------------------------------------------------
    void group_by_topology(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    void pass_gate(IncidentRecord& incident, Severity severity, std::uint64_t check, const CheckHabit* alone);
    void set_gate(IncidentRecord& incident, const CorrelationRule& rule, IncidentId symptom_of);
    void watch_gate(IncidentRecord& incident);
    bool attach_symptom(IncidentRecord& incident);
    void tell_firing(const AlertRecord& alert);  // that it fires in its incident again, or no longer
    void watch_quiet(IncidentRecord& incident);
    void use_topology();
    // --- group_standing.cpp -----------------------------------------------------------------------------------------
    void index_member(Slot slot, bool firing);  // what redundancy groups know of their members
    void count_members();                       // likewise, made anew
    void set_severity(Slot slot, Severity severity);
    void judge_impact(IncidentRecord& incident, const CorrelationRule& rule, bool begins);
    // --- topology_parts.cpp -----------------------------------------------------------------------------------------
    void on_topology_changed(const TopologyChanged& change);
    std::shared_ptr<const Topology> whole_topology()
        const;  // of the rules and of all parts  // of the rules that hold now
    bool has_gone_silent(const AlertRecord& alert) const;
    bool comes_back_late(const AlertRecord& alert, bool was_silent) const;
    void merge_incident(IncidentRecord& into, IncidentId from, const std::string& why);
    void end_merged(IncidentRecord& from, IncidentId into, const std::string& because);
    void rank_roots_of(IncidentRecord& incident);
    void name_roots(IncidentRecord& incident, std::vector<RootCandidate> roots);

    // --- likeness.cpp -----------------------------------------------------------------------------------------------
    bool remembers(const IncidentRecord& incident) const;
    // `what`: failed_of() the alert, if it is known already.
    void note_failed(IncidentRecord& incident, Slot slot, std::optional<std::uint64_t> what);
    std::uint64_t what_failed(Slot slot) const;
    void tell_likeness(IncidentRecord& incident);
    void note_said(const IncidentRecord& incident, std::string_view who, std::string_view words);
    void remember(const IncidentRecord& incident);

    // --- lifecycle.cpp ----------------------------------------------------------------------------------------------
    IncidentRecord* live_incident(IncidentId id);  // pending or open; nullptr otherwise
    void open(IncidentRecord& incident);
    void resolve(IncidentRecord& incident);
    void drop(IncidentRecord& incident);  // resolved within its hold
    void alert_stopped(IncidentRecord& incident, const AlertRecord& alert, Verdict verdict);
    void alert_worsened(IncidentRecord& incident, const AlertRecord& alert, Severity before);
    void acknowledge(IncidentRecord& incident, Acknowledgement by, std::string_view comment);
    void unacknowledge(IncidentRecord& incident, std::uint32_t by, std::string_view actor);
    void drop_stale_acknowledgements(IncidentRecord& incident);
    void acknowledgements_changed(IncidentRecord& incident, const std::string& why);
    void reassess(IncidentRecord& incident);                                           // severity, urgency, priority
    void add_fact(IncidentRecord& incident, std::string_view kind, std::string text);  // sinks are told
    void changed(IncidentRecord& incident);                                            // told once, as it is in the end
    void tell_changes();
    void tell_change(IncidentRecord& incident);  // at once
    void retire(IncidentId id);                  // leaves memory once it is over and every sink is settled
    bool evict_dead_incident();
    void on_command(const OperatorCommand& command);
    void sample(Kpi kpi, const IncidentRecord& incident, Duration value);
    void note_failure(const IncidentRecord& incident);
    Duration maintenance_of(const IncidentRecord& incident, Instant from, Instant to) const;

    // --- delivery.cpp -----------------------------------------------------------------------------------------------
    void choose_sinks(IncidentRecord& incident);
    void advance_sinks(IncidentRecord& incident);
    void advance(IncidentRecord& incident, std::size_t sink_index);
    void hand_out(IncidentRecord& incident, SinkRecord& sink, ActionKind kind);
    void on_report(const DeliveryReported& report);
    void retry_dead(IncidentRecord& incident, std::string_view sink);
    void drop_dead(IncidentRecord& incident, std::string_view sink);
    bool all_settled(const IncidentRecord& incident) const;
    Action make_action(const IncidentRecord& incident, const SinkRecord& sink) const;
    std::vector<Slot> worst_alerts(const IncidentRecord& incident) const;

    // --- views.cpp --------------------------------------------------------------------------------------------------
    std::vector<LabelView> labels_of(const AlertRecord& alert) const { return words_of(alert).labels(); }
    WordsView words_of(const AlertRecord& alert) const { return word_store.view(alert.words); }
    AlertRow row(Slot slot) const;
    AlertSummary summary(Slot slot) const;
    std::string name_of(const AlertRecord& alert) const;  // title and where, for facts
    void describe_state(const std::function<void(Effect&&)>& visit) const;
    std::uint64_t digest() const;
};

}  // namespace incidentd
