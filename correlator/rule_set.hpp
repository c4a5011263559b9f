// The compiled rules the engine runs on: immutable values, made by rules/.
#pragma once

#include "correlator/learning.hpp"
#include "correlator/lookup_table.hpp"
#include "correlator/matcher.hpp"
#include "correlator/schedule.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"
#include "correlator/topology.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

struct RuleIndex;  // correlator/rule_index.hpp

// Text with {{label}} places. {{alertname}} etc. are labels; {{title}}, {{severity}}, {{source}} and {{rule}} are the
// alert's own fields unless a label of that name exists. Unknown names give "".
class Template {
public:
    Template() = default;
    // Errors: invalid (an unclosed or empty place), naming the byte offset.
    static Result<Template> parse(std::string_view text);
    struct Part {
        bool is_place = false;
        std::string text;  // literal text, or the label's name
    };
    const std::vector<Part>& parts() const { return parts_; }
    bool empty() const { return parts_.empty(); }

private:
    std::vector<Part> parts_;
};

// Adds or rewrites labels before anything else looks at them; in order, each sees what those before it made.
struct EnrichRule {
    Matchers match;
    // Places may also name the groups (?P<name>...) of the rule's own regexes. An empty result removes the label.
    std::vector<std::pair<std::string, Template>> set;
    std::shared_ptr<const LookupTable> lookup;  // shared: one table for all rules of a file; null: only `set`
    std::string on;                             // the label whose value is looked up
    std::vector<std::string> take;              // columns that become labels; an empty cell leaves the label as it is
};

// Identity where the source's own is not wanted: equal values of these labels are one alert of the source.
struct DedupRule {
    Matchers match;
    std::vector<std::string> key;  // all must be present, else the next rule is asked
};

// A clear that names its problem differently: it resolves every firing alert `problem` matches with equal values.
struct PairRule {
    std::string name;
    Matchers problem, clear;
    std::vector<std::string> equal;
    bool equal_optional = false;  // `require: optional`: a missing label counts as ""
};

// Alerts it matches open nothing while the schedule holds. Of rule files; those of the API are inputs.
struct SilenceRule {
    std::string name;
    Matchers match;
    std::string comment;
    Schedule schedule;
    bool is_maintenance = false;  // a maintenance window: stops the MTBF and MTTR clocks too
};

// While an alert fires that `source` matches, those that `target` matches with equal values open nothing.
struct InhibitRule {
    std::string name;
    Matchers source, target;
    std::vector<std::string> equal;
    bool equal_optional = false;
};

// An alert that changes too often keeps its incident open instead of opening and resolving with each change.
struct FlappingRule {
    std::string name;
    Matchers match;
    Duration window = minutes(30);
    std::uint32_t start = 6;            // changes (firing <-> resolved) within the window: it flaps
    Duration stop_quiet = minutes(15);  // without a change for so long: it does not flap any more
    // The check-count form of Nagios and Icinga 2 instead: weighted share of changes in the last 20 messages, percent.
    // Both zero: the time-window form.
    double high_percent = 0, low_percent = 0;
};

// Too many new alerts at once: they gather in one incident of the storm instead of opening one each.
struct StormRule {
    std::string name;
    Matchers match;
    std::string per = "source";  // "source", or the label whose values are watched each for itself
    std::uint32_t floor = 200;   // new alerts in `window` below which nothing is a storm
    double factor = 10;          // times the usual rate (an exponentially weighted mean)
    Duration window = minutes(1);
    Duration leave_after = minutes(5);   // below the bound for so long: the storm is over
    Severity pass = Severity::critical;  // alerts at least so severe are correlated as usual
};

enum class CorrelationOp : std::uint8_t {
    group = 0,
    threshold = 1,
    sequence = 2,
    absence = 3,
    topology = 4,
    similar = 5
};

// What an incident of `op: topology` must show before it opens.
// An incident of `op: topology` has no group; for routes and people it bears these labels of its first alert.
inline constexpr std::array<std::string_view, 6> topology_labels{"alertname", "cluster", "host",
                                                                 "instance",  "job",     "namespace"};

struct GateRule {
    std::uint32_t checks = 2;            // so many distinct checks worse than info, ...
    Duration critical_after{0};          // ... or a critical alert that fires for so long, ...
    Duration other_after = minutes(30);  // ... or any other one worse than info ...
    Duration habitual_after = hours(4);  // ... which, if its check usually fires alone, takes at least so long
};

// One rule of `correlate`: which alerts become which incident.
struct CorrelationRule {
    std::string name;
    CorrelationOp op = CorrelationOp::group;
    Matchers match;
    std::vector<std::string> by;  // labels whose values form the group; each must be present for the rule to apply
    bool by_optional = false;     // `require: optional`: a missing label counts as ""
    bool proceed = false;         // `continue: true`: the rules after it are asked too, if its incident did not open
    // group: joins only if the group's last onset is no older; 0: as long as the incident is open.
    // threshold, sequence: the span that must hold all of it; absence: how long nothing may come.
    Duration within{0};
    std::uint32_t count = 1;            // threshold: so many firing alerts ...
    std::string distinct;               // ... or so many values of this label; empty: alerts
    std::vector<Matchers> steps;        // sequence: an alert for each, in this order
    Matchers until;                     // absence: what must come in time; `match` starts the wait. Both equal, or
                                        // `match` empty: a dead-man's switch that each message winds up
    Duration hold{0};                   // wait for more before opening
    Duration quiet = minutes(5);        // all alerts resolved for so long: the incident resolves
    Duration max_age = hours(24);       // an older incident takes no new alerts; the next one begins another
    std::uint32_t max_alerts = 10'000;  // likewise
    Template title, category, service, assign, impact, urgency;  // empty: the default of docs/rules.md
    std::vector<std::string> knowledge;                          // articles named by the rule, as the sinks show them
    std::uint32_t max_depth = 12;                                // topology: hops from the first failure
    GateRule gate;                                               // topology
};

struct Route {
    Matchers match;               // against the incident: priority, severity, rule, category, service, group labels
    std::vector<std::string> to;  // names of sinks
    bool proceed = false;         // `continue: true`
    Duration update_every = minutes(1);  // least time between two updates of one ticket; open and resolve never wait
};

struct RuleSet {
    std::string hash;  // of the text it was compiled from
    std::vector<EnrichRule> enrich;
    std::vector<DedupRule> dedup;  // first match wins
    std::vector<PairRule> pairs;
    std::vector<SilenceRule> silences;  // maintenance windows too
    std::vector<InhibitRule> inhibit;
    std::vector<FlappingRule> flapping;      // first match wins
    std::vector<StormRule> storms;           // first match wins
    std::vector<CorrelationRule> correlate;  // first match wins; the last one matches everything
    // [impact][urgency]
    std::array<std::array<Priority, 4>, 3> priority{};
    std::vector<Route> routes;
    std::shared_ptr<const Topology> topology;  // shared with the engine's estate; null: none is configured
    LearnSettings learn;
    // Of all of the above, made by compile(): it takes too long for the engine's thread. Shared: immutable, by copies
    // of the set. Null in sets made by hand: the engine then makes it when they are activated.
    std::shared_ptr<const RuleIndex> index;
};

}  // namespace incidentd
