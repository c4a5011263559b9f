// The engine's whole state and the steps that change it, one file a concern:
//   dedup.cpp      messages -> alerts (first, repeated, resolved, expired)
//   grouping.cpp   onsets -> incidents (which rule, which group, join or begin)
//   topology_grouping.cpp  the same for rules of `op: topology`: association, opening gate, merges, root causes
//   lifecycle.cpp  incidents: hold, open, acknowledge, quiet, resolve, forget
//   delivery.cpp   what each sink is owed, one action at a time
//   views.cpp      state -> values for effects, tickets and the API
// Private to correlator/.
#pragma once

#include "correlator/association.hpp"
#include "correlator/correlator.hpp"
#include "correlator/deadlines.hpp"
#include "correlator/opening_gate.hpp"
#include "correlator/records.hpp"
#include "correlator/rule_index.hpp"
#include "correlator/slots.hpp"
#include "correlator/string_pool.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// The words of one place in a template: labels first, then the alert's own fields.
struct TemplateScope {
    LabelsView labels;
    std::string_view title, source, rule;
    Severity severity = Severity::unknown;
};
std::string render(const Template& text, const TemplateScope& scope);

struct Correlator::State {
    using Slot = std::uint32_t;

    State(EngineLimits l, std::uint64_t hash_salt)
        : limits(l), alert_index(0, FingerprintHash{hash_salt}), groups(0, FingerprintHash{hash_salt}) {}

    // --- data -------------------------------------------------------------------------------------------------------
    EngineLimits limits;
    std::string instance;
    std::shared_ptr<const RuleSet> rules;
    std::shared_ptr<const RuleIndex> rule_index;  // of `rules`
    MatchMemory match_memory;                     // what its regexes said of values; not part of the state
    std::string rules_hash, rules_text;           // as they were activated

    StringPool pool;
    Slots<AlertRecord> alerts;
    boost::unordered_flat_map<Fingerprint, Slot, FingerprintHash> alert_index;
    std::map<IncidentId, IncidentRecord> incidents;
    boost::unordered_flat_map<Fingerprint, IncidentId, FingerprintHash> groups;  // group -> the incident it would join
    std::set<IncidentId> evictable;  // over, and only dead letters keep them here: they make room first
    Deadlines deadlines;
    std::map<std::string, Instant, std::less<>> service_last_opened;
    std::uint64_t next_incident = 1;
    Instant no_expiry_before;  // of Started
    Association association;
    std::map<IncidentId, OpeningGate> gates;  // of pending incidents of topology rules
    IncidentId overflow;                      // takes alerts while limits.incidents_max incidents are in memory

    EngineSizes sizes;
    Outcomes outcomes;          // of the apply() under way
    std::vector<Slot> touched;  // of visit_touched()

    std::vector<IncidentId> touched_incidents;

    Instant now;             // of the deadline or input under way
    Effects* out = nullptr;  // of the apply() under way

    // --- correlator.cpp ---------------------------------------------------------------------------------------------
    void fire(const Deadline& due);
    void activate(std::shared_ptr<const RuleSet> set);  // nullptr: none
    template <class What>
    void emit(What what) {
        out->push_back(Effect{now, std::move(what)});
    }

    // --- dedup.cpp --------------------------------------------------------------------------------------------------
    void on_event(const AlertEvent& event);
    void on_firing(const AlertEvent& event);
    void on_resolved(const AlertEvent& event);
    void on_person(const AlertEvent& event);       // acknowledged, unacknowledged, note
    void on_suppression(const AlertEvent& event);  // suppressed, unsuppressed
    void on_expiry(Slot slot);
    std::optional<Slot> add_alert(const AlertEvent& event);  // nullopt: table full, and said so
    void set_labels(AlertRecord& alert, LabelsView labels);
    void release_labels(const AlertRecord& alert);
    bool is_refresh(const AlertEvent& event) const;
    void refresh(Slot slot, const AlertEvent& event);
    void repeat(Slot slot, const AlertEvent& event);
    void stop_firing(Slot slot, Verdict verdict, std::string because);
    void set_firing(AlertRecord& alert, bool firing);
    void set_suppressed(AlertRecord& alert, bool suppressed);
    void watch_expiry(Slot slot);
    void forget_later(Slot slot);
    void forget_if_due(Slot slot);
    void free_alert(Slot slot);
    void touch(Slot slot);
    void count_message(IncidentRecord& incident);
    void decide(const AlertRecord& alert, Verdict verdict, std::string rule, std::string because);

    // --- grouping.cpp -----------------------------------------------------------------------------------------------
    void on_onset(Slot slot);
    bool rejoin(Slot slot);
    void group_by_rule(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    IncidentRecord* joinable(Fingerprint group, std::string& why_not);
    void join(Slot slot, IncidentRecord& incident, Verdict verdict, std::string because);
    IncidentRecord& begin_incident(const CorrelationRule& rule, Fingerprint group, const TemplateScope& scope);
    IncidentRecord& begin_overflow(const TemplateScope& scope);

    void join_overflow(Slot slot, const TemplateScope& scope);

    // --- topology_grouping.cpp --------------------------------------------------------------------------------------
    void group_by_topology(Slot slot, const CorrelationRule& rule, const TemplateScope& scope);
    void pass_gate(IncidentRecord& incident, Severity severity, std::uint64_t check);
    void gate_waited(IncidentRecord& incident);
    void use_topology();  // of the rules that hold now
    bool has_gone_silent(const AlertRecord& alert) const;
    bool comes_back_late(const AlertRecord& alert, bool was_silent) const;
    void merge_incident(IncidentRecord& into, IncidentId from, const std::string& why);
    void end_merged(IncidentRecord& from, IncidentId into, const std::string& because);
    void rank_roots_of(IncidentRecord& incident);

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
    void reassess(IncidentRecord& incident);                                      // severity, urgency, priority
    void add_fact(IncidentRecord& incident, std::string kind, std::string text);  // sinks are told
    void changed(const IncidentRecord& incident) { emit(IncidentChanged{incident.view}); }
    void retire(IncidentId id);  // leaves memory once it is over and every sink is settled
    bool evict_dead_incident();
    void on_command(const OperatorCommand& command);
    void sample(Kpi kpi, const IncidentRecord& incident, Duration value);
    void note_failure(const IncidentRecord& incident);

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

    // --- views.cpp --------------------------------------------------------------------------------------------------
    std::vector<LabelView> labels_of(const AlertRecord& alert) const;
    AlertRow row(Slot slot) const;
    AlertSummary summary(Slot slot) const;
    std::string name_of(const AlertRecord& alert) const;  // title and where, for facts
    void describe_state(const std::function<void(Effect&&)>& visit) const;
    std::uint64_t digest() const;
};

}  // namespace incidentd
