// Which onsets belong together: the judgement of the built-in correlator, by topology, time and what it has learned.
// Pure and deterministic. It knows alerts, entities and incidents by number and never decides what an incident means to
// people: that is lifecycle.cpp's.
//
// Nearness is measured on the onset clock: between the stamps of first alerts, corrected by how late each source
// notices, never to a repetition. Siblings belong together only through a parent that failed, or one whose failure can
// be inferred because enough of its children failed lately.
// Cost of one onset: O(links of its entity), of which at most `links_asked_max` are followed; hubs are not scanned.
#pragma once

#include "correlator/alert_similarity.hpp"
#include "correlator/check_habits.hpp"
#include "correlator/co_occurrence.hpp"
#include "correlator/estate.hpp"
#include "correlator/ids.hpp"
#include "correlator/incident_habit.hpp"
#include "correlator/labels.hpp"
#include "correlator/learning.hpp"
#include "correlator/recent_onsets.hpp"
#include "correlator/root_cause.hpp"
#include "correlator/severity.hpp"
#include "correlator/source_pace.hpp"
#include "correlator/time.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

constexpr std::size_t links_asked_max = 64;    // links of one entity that an onset follows; further ones do not count
constexpr std::size_t failed_lately_max = 64;  // children that a parent remembers as failed; the oldest go
constexpr std::size_t incidents_beside_asked = 16;  // the newest ones, when one is asked what else began with it
constexpr std::size_t incidents_beside_few = 10;    // of those; where more began, that they did says nothing
constexpr std::size_t dependants_asked_max = 64;    // of one entity, over any number of hops
constexpr std::size_t sources_paced_max = 1000;     // further sources share the pace of the last one
constexpr std::size_t checks_counted_max = 32;      // checks of one incident whose firing alerts are counted

// One onset as the association sees it.
struct Onset {
    Instant received;
    Instant claimed;  // the source's stamp; absent: none
    std::string_view source;
    std::string_view entity;              // what failed, by any of its names
    std::string_view node;                // where `entity`, a pod, is said to run; may be empty
    std::span<const std::string> wholes;  // what it is said to be a part of
    std::uint64_t check = 0;              // of the check's name: equal for the same check on another entity
    std::uint64_t partition = 0;          // onsets of different ones never share an incident
    Severity severity = Severity::unknown;
    bool is_silence = false;  // something expected did not come: never a root cause
    bool is_change = false;   // a deployment or the like
    std::string_view title, check_name;
    LabelsView labels;
};

struct AssociationCaps {
    Duration max_age = hours(24);        // an older incident takes no more
    std::uint32_t max_alerts = 100'000;  // likewise a larger one
    std::uint32_t max_depth = 12;        // hops from the first failure: chains do not grow for ever
};

class Association {
public:
    using Entity = Estate::Entity;

    struct Placement {
        IncidentId incident;  // to join, or `fresh` when nothing fits
        bool begins = false;
        IncidentId symptom_of;  // begins: an outage that it may be a symptom of; unset: none
        Entity entity = Estate::none;
        std::string because;  // in words a person can check
        // Young incidents that this onset shows to be parts of `incident`, in order. The oldest of them all goes on.
        std::vector<IncidentId> merged;
        std::string merged_because;
    };

    // `fresh`: the number of the incident that begins when nothing fits.
    Placement place(const Onset& onset, IncidentId fresh, const AssociationCaps& caps);
    void repeated(std::string_view source, Duration gap);  // a firing alert of it, which was last heard of `gap` ago
    void recovered(std::string_view source);               // it reported a recovery
    // An alert that `place` put there fires once more, or no longer.
    void fires_again(IncidentId incident, std::string_view entity, std::uint64_t check);
    void stopped(IncidentId incident, std::string_view entity, std::uint64_t check);

    struct Symptom {
        IncidentId of;
        std::string because;
    };
    // Of an incident that is one check of one entity: the largest outage near it in which that check fires elsewhere.
    // Cost: O(links of the entity), `failed_lately_max` for each.
    std::optional<Symptom> symptom(IncidentId lone) const;
    void attach(IncidentId lone, IncidentId outage);  // its entity is part of `outage` from now on
    // The incident takes nothing more and is forgotten; no-op for one that was not begun here.
    void close(IncidentId incident);

    // How long after its end a firing alert counts as the same problem again, for this source.
    Duration rejoin_within(std::string_view source) const;
    // A firing alert that was silent for so long is over, though nobody said so; a new message of it is a new onset.
    Duration stale_after(std::string_view source) const;

    // The likeliest root causes of an incident, the likeliest first; empty when its ranking is not due: it is after
    // each of the first onsets, later after each tenth part more.
    std::vector<RootCandidate> rank_if_due(IncidentId incident);
    // After it: other incidents whose ranking changed with that, oldest first.
    std::vector<std::pair<IncidentId, std::vector<RootCandidate>>> rank_beside(IncidentId incident);

    void set_learning(const LearnSettings& learn);  // what is off is forgotten
    const LearnSettings& learning() const { return learn_; }
    const CheckHabits& habits() const { return check_habits_; }
    const CoOccurrence& co_occurrence() const { return co_occurrence_; }

    // Another topology holds from now on; what fails now is found again under its names.
    void use(std::shared_ptr<const Topology> topology);
    Estate& estate() { return estate_; }
    const Estate& estate() const { return estate_; }
    // "cart lives on 1 of 3 members, needs 2"; "" for what is no redundancy group.
    std::string standing_of(Entity whole) const;
    // Of each group that it is a member of, "; " before each.
    std::string standing_of_groups(Entity member) const;
    // All that failed in it are members of groups that live without them.
    bool can_be_spared(IncidentId incident) const;
    bool owns(IncidentId incident) const { return clusters_.contains(incident); }
    const SourcePace* find_pace(std::string_view source) const;  // nullptr: no onset of it was placed yet
    std::uint64_t digest() const;

private:
    friend struct AssociationSnapshot;
    friend struct LearningSnapshot;

    struct Mark {
        Instant at;
        Duration scale;
    };
    struct CheckMark {
        std::uint64_t check = 0;
        Instant at;
    };
    // An entity that failed lately.
    struct Failure {
        IncidentId incident;                          // unset: over, only `last` and `habit` are still of use
        IncidentId before;                            // the one it was part of before, if any; may be over
        std::uint16_t firing = 0, firing_before = 0;  // its alerts that fire in these two
        Entity cause = Estate::none;
        std::uint32_t member = 0;  // its place in the cluster's members
        HabitCount habit;          // incidents it was in
        std::uint16_t depth = 0;   // hops from the cluster's first failure
        std::uint16_t last_source = 0;
        std::uint8_t mark_count = 0;
        std::array<Mark, 4> marks{};  // the latest onsets; which one is oldest does not matter
        Instant last;
        std::vector<CheckMark> checks;  // at most 8 of this incident; a check twice if it began twice
        bool is_only(std::uint64_t check) const {
            return !checks.empty() && std::all_of(checks.begin(), checks.end(),
                                                  [check](const CheckMark& one) { return one.check == check; });
        }
    };
    struct CheckFiring {
        std::uint64_t check = 0;
        std::uint32_t alerts = 0;
    };
    // Another incident that began with this one and whose cause fails seldom, while this one's fails always. Something
    // depends on both causes: strangers begin together all the time.
    struct Beside {
        IncidentId incident;
        Entity entity = Estate::none;
        std::uint32_t earlier = 0;      // as in FailedEntity
        Entity through = Estate::none;  // what depends on both causes
        Duration after;                 // it began so much later
    };
    struct Cluster {
        Instant began, last;  // on the onset clock
        Duration reach;       // what began within it before or after is beside this one
        std::uint32_t alerts = 0;
        std::uint32_t ranked_at = 0;  // members when it was last ranked
        std::uint64_t partition = 0;
        std::uint64_t lone_check = 0;  // of the only one that failed so far; 0: several did, or it is no news
        std::vector<FailedEntity> members;
        std::vector<CheckFiring> firing;  // of the first checks_counted_max checks
        FailedEntity likeliest;           // cause of those; entity unset: it sent no alert
        Beside beside;
    };
    // What a parent remembers of its children's failures.
    struct Tally {
        struct One {
            Entity child = Estate::none;
            Instant at;
        };
        std::vector<One> failed;  // a ring of failed_lately_max
        std::uint32_t next = 0;
    };
    enum class Why : std::uint8_t {
        same,
        upper,
        lower,
        member,
        silent_upper,
        silent_lower,
        inferred,
        sibling,
        step,
        similar,
        follows,
        named_alike,
        lost_group
    };
    struct Evidence {
        IncidentId incident;
        double score = 0;
        Entity other = Estate::none;
        Why why = Why::same;
        Duration gap;           // this onset is so much later
        std::uint8_t word = 0;  // of the link
        Entity through = Estate::none;
        std::uint32_t failed = 0, of = 0;  // inferred: so many of so many
        bool is_below = false;             // `other` depends on the onset's entity
        std::uint64_t check = 0;           // follows: the one that came before
    };
    // One onset while it is being placed.
    struct Case {
        const Onset& onset;
        const AssociationCaps& caps;
        Instant at;      // on the onset clock
        Duration scale;  // of its source
        std::uint64_t source = 0;
        Entity entity = Estate::none;
        boost::container::small_vector<Evidence, 8> found;
        RecentOnset seen;
        bool is_refused = false;  // evidence speaks for an incident that takes no more
    };

    std::uint16_t source_number(std::string_view source);
    Failure* failure(Entity entity);
    Cluster* open_cluster(IncidentId incident, const Case& c);

    void observe(Case& c);
    void gather(Case& c);
    void ask_same(Case& c);
    void ask_uppers(Case& c);
    void ask_lowers(Case& c);
    void ask_siblings(Case& c);
    bool can_spare(Entity whole) const;
    void ask_lost_groups(Case& c);
    void ask_through(Case& c, const Topology::Link& link, double weight);
    void ask_inferred(Case& c, const Topology::Link& link);
    void ask_step(Case& c);
    void note_words(Case& c) const;
    void ask_learned(Case& c);
    void ask_similar(Case& c);
    void ask_follows(Case& c);
    void ask_named_alike(Case& c);
    void add_learned(Case& c, const RecentOnset& other, double weight, Evidence evidence);
    void learn(const Case& c);
    std::string explain_learned(const Case& c, const Evidence& evidence, const std::string& when) const;
    void ask(Case& c, Entity other, double weight, bool other_is_upper, Evidence evidence);
    std::optional<Evidence> choose(const Case& c) const;
    std::string explain(const Case& c, const Evidence& evidence) const;
    std::string explain_beginning(const Case& c);

    void join(const Case& c, IncidentId incident, Entity cause);
    void tell_uppers(const Case& c);
    void merge_late_root(const Case& c, Placement& placement);
    void merge_siblings(const Case& c, IncidentId chosen, Placement& placement);
    bool merge(IncidentId with, Placement& placement);
    using Clusters = std::map<IncidentId, Cluster>;
    void move_into(Clusters::iterator target, Clusters::iterator source);

    static void add_firing(Cluster& cluster, const Cluster& other);
    void count_firing(IncidentId incident, Cluster& cluster, Entity entity, std::uint64_t check, bool fires);
    void recount(IncidentId incident, std::string_view name, std::uint64_t check, bool fires);
    Entity lone_entity(const Cluster& cluster, IncidentId incident) const;
    template <class Consider>
    void consider_upper(Entity upper, const Consider& consider) const;
    void learn_habit(const Case& c, Cluster& cluster, bool is_known_check);
    void meet_others(Cluster& cluster);
    using Newest = std::vector<std::pair<IncidentId, Cluster*>>;
    Newest newest_clusters();
    std::vector<RootCandidate> rank_own(Cluster& cluster) const;
    std::vector<RootCandidate> with_beside(const Cluster& cluster, std::vector<RootCandidate> own) const;
    bool look_beside(const Newest& newest, Cluster& cluster, IncidentId id, const Cluster& other) const;
    std::vector<Entity> dependants(Entity entity) const;
    Entity dependant_of_both(Entity one, Entity other) const;
    std::string depends_on_both(const Beside& beside, Entity usual) const;

    Estate estate_;
    std::map<std::string, std::uint16_t, std::less<>> source_numbers_;
    std::vector<SourcePace> paces_;
    boost::unordered_flat_map<Entity, Failure> failures_;
    boost::unordered_flat_map<Entity, Tally> tallies_;
    Clusters clusters_;
    IncidentHabit habit_;
    IncidentId last_incident_;  // of the last onset
    Instant last_claimed_;
    LearnSettings learn_;
    CheckHabits check_habits_;
    RecentOnsets recent_;
    CoOccurrence co_occurrence_;
    AlertSimilarity similarity_;
};

}  // namespace incidentd
