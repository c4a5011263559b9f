// One rule set over one recording: the daemon's engine with its effects kept from the world, and what they add up to.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/regex_group.hpp"
#include "rules/rules.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// The rules to replay with; `set` null: those the recording itself holds, with its own deliveries and operators.
struct ReplayRules {
    std::string name;
    RuleBundle bundle;
    std::shared_ptr<const RuleSet> set;
};

struct SinkTally {
    std::uint64_t created = 0, updated = 0, resolved = 0;
};
struct RuleTally {
    std::uint64_t incidents = 0;  // opened
    std::uint64_t alerts = 0;     // that were in them
};

struct ReplayTally {
    std::uint64_t messages = 0;
    std::uint64_t alerts = 0;        // times that an alert began to fire
    std::uint64_t in_incidents = 0;  // of these
    std::uint64_t suppressed = 0;    // of these: in none, because something suppressed them until they were over
    std::uint64_t opened = 0, dropped = 0, resolved = 0, open_at_end = 0;
    std::uint64_t commands_left_out = 0;  // of operators, on incidents that other rules did not form
    std::map<std::string, SinkTally> sinks;
    std::map<std::string, RuleTally> rules;
    std::map<std::string, std::uint64_t> priorities;  // as they were at the end of each incident
};

// A change of an incident, for the list of them that an export is.
struct IncidentStep {
    enum class Kind : std::uint8_t { open, update, close };
    Instant at;
    IncidentId incident;
    Kind kind = Kind::open;
};

// The ranked root causes of an incident from `at` on.
struct RootStep {
    Instant at;
    IncidentId incident;
    std::vector<std::string> entities;  // the likeliest first
};

class ReplayRun {
public:
    ReplayRun(ReplayRules rules, Correlator engine, bool keep_steps);

    void apply(const Input& input, Instant at);

    // Is called with every effect, in order, before the run itself takes it up.
    void watch(std::function<void(const Effect&)> watcher) { watcher_ = std::move(watcher); }

    // Of the input just applied: the alert began to fire, or what it fires for was decided anew.
    bool is_onset(const AlertEvent& event);
    // A message of the input just applied is number `number` of those whose incident is asked for later: dense, from 0.
    void follow(const AlertEvent& event, std::uint32_t number);
    void finish();  // after the last input

    // What goes on instead of an incident that was merged; else itself.
    IncidentId survivor(IncidentId id) const;

    // The incident of each followed message, by number; 0: it was in none that opened. Of merged ones what goes on.
    const std::vector<std::uint32_t>& incident_of() const { return incident_of_; }
    const std::map<IncidentId, IncidentView>& incidents() const {
        return incidents_;
    }  // opened ones alone after finish()
    const std::vector<IncidentStep>& steps() const { return steps_; }
    const std::vector<RootStep>& root_steps() const { return root_steps_; }
    const ReplayTally& tally() const { return tally_; }
    const ReplayRules& rules() const { return rules_; }
    const Correlator& engine() const { return engine_; }

private:
    void catch_up(Instant to);
    void perform(const Input& input, Instant at);
    void note(Effect& effect);
    void note_decision(const AlertDecided& decided);
    struct Episode {  // of one firing alert
        bool in_incident = false, suppressed = false;
    };
    Fingerprint alert_of(const AlertEvent& event);
    Episode& note_onset(Fingerprint alert);
    void note_end(Fingerprint alert);
    void note_incident(const AlertDecided& decided);
    void count(const Episode& episode);
    void note_action(Action& action);
    void note_roots(const IncidentView& view, Instant at);
    void note_over(IncidentId id);
    bool is_over(IncidentId id) const { return id.value < over_.size() && over_[id.value]; }

    std::function<void(const Effect&)> watcher_;
    ReplayRules rules_;
    Correlator engine_;
    const bool keep_steps_;
    Effects effects_;
    std::vector<DeliveryReported> reports_;
    std::map<std::string, std::uint64_t> tickets_;
    std::map<IncidentId, IncidentView> incidents_;
    std::vector<IncidentStep> steps_;
    std::vector<RootStep> root_steps_;
    std::map<IncidentId, IncidentId> merged_;
    std::vector<std::uint32_t> incident_of_;
    // Followed messages whose alert has no incident yet.
    boost::unordered_flat_map<Fingerprint, std::vector<std::uint32_t>, FingerprintHash> waiting_;
    boost::unordered_flat_map<Fingerprint, Episode, FingerprintHash> episodes_;        // of what fires now
    boost::unordered_flat_map<Fingerprint, Fingerprint, FingerprintHash> identities_;  // of sources, under dedup rules
    std::vector<bool> over_;            // incidents that take no more alerts, by number
    std::vector<Fingerprint> decided_;  // alerts that began to fire in the last input
    MatchMemory match_memory_;
    ReplayTally tally_;
};

}  // namespace incidentd
