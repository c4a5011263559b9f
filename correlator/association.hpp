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
#include "correlator/co_occurrence.hpp"
#include "correlator/estate.hpp"
#include "correlator/ids.hpp"
#include "correlator/labels.hpp"
#include "correlator/learning.hpp"
#include "correlator/recent_onsets.hpp"
#include "correlator/root_cause.hpp"
#include "correlator/severity.hpp"
#include "correlator/source_pace.hpp"
#include "correlator/time.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

constexpr std::size_t links_asked_max = 64;      // links of one entity that an onset follows; further ones do not count
constexpr std::size_t failed_lately_max = 64;    // children that a parent remembers as failed; the oldest go
constexpr std::size_t sources_paced_max = 1000;  // further sources share the pace of the last one

// One onset as the association sees it.
struct Onset {
    Instant received;
    Instant claimed;  // the source's stamp; absent: none
    std::string_view source;
    std::string_view entity;      // what failed, by any of its names
    std::string_view group;       // what `entity` is said to be a member of; may be empty
    std::uint64_t check = 0;      // of the check's name: equal for the same check on another entity
    std::uint64_t partition = 0;  // onsets of different ones never share an incident
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
        IncidentId outage;  // begins: a large one that something its entity depends on is part of; unset: none
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
    // The incident takes nothing more and is forgotten; no-op for one that was not begun here.
    void close(IncidentId incident);

    // How long after its end a firing alert counts as the same problem again, for this source.
    Duration rejoin_within(std::string_view source) const;
    // A firing alert that was silent for so long is over, though nobody said so; a new message of it is a new onset.
    Duration stale_after(std::string_view source) const;

    // The likeliest root causes of an incident, the likeliest first; empty when its ranking is not due: it is after
    // each of the first onsets, later after each tenth part more.
    std::vector<RootCandidate> rank_if_due(IncidentId incident);

    void set_learning(const LearnSettings& learn);  // what is off is forgotten
    const LearnSettings& learning() const { return learn_; }
    const CoOccurrence& co_occurrence() const { return co_occurrence_; }

    // Another topology holds from now on; what fails now is found again under its names.
    void use(std::shared_ptr<const Topology> topology);
    Estate& estate() { return estate_; }
    const Estate& estate() const { return estate_; }
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
        IncidentId incident;  // unset: over, only `last` and `episodes` are still of use
        Entity cause = Estate::none;
        std::uint32_t member = 0;    // its place in the cluster's members
        std::uint32_t episodes = 0;  // incidents it ever was in
        std::uint16_t depth = 0;     // hops from the cluster's first failure
        std::uint16_t last_source = 0;
        std::uint8_t mark_count = 0;
        std::array<Mark, 4> marks{};  // the latest onsets; which one is oldest does not matter
        Instant last;
        std::vector<CheckMark> checks;  // at most 8 of this incident
    };
    struct Cluster {
        Instant began;
        std::uint32_t alerts = 0;
        std::uint32_t ranked_at = 0;  // members when it was last ranked
        std::uint64_t partition = 0;
        std::vector<FailedEntity> members;
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
        named_alike
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
    IncidentId outage_above(const Case& c);
    std::optional<Evidence> choose(const Case& c) const;
    std::string explain(const Case& c, const Evidence& evidence) const;
    std::string explain_beginning(const Case& c);

    void join(const Case& c, IncidentId incident, Entity cause);
    void tell_uppers(const Case& c);
    void merge_late_root(const Case& c, Placement& placement);
    void merge_siblings(const Case& c, IncidentId chosen, Placement& placement);
    bool merge(IncidentId with, Placement& placement);

    Estate estate_;
    std::map<std::string, std::uint16_t, std::less<>> source_numbers_;
    std::vector<SourcePace> paces_;
    boost::unordered_flat_map<Entity, Failure> failures_;
    boost::unordered_flat_map<Entity, Tally> tallies_;
    std::map<IncidentId, Cluster> clusters_;
    IncidentId last_incident_;  // of the last onset
    Instant last_claimed_;
    LearnSettings learn_;
    RecentOnsets recent_;
    CoOccurrence co_occurrence_;
    AlertSimilarity similarity_;
};

}  // namespace incidentd
