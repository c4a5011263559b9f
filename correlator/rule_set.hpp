// The compiled rules the engine runs on: immutable values, made by rules/.
#pragma once

#include "correlator/matcher.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

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

// Correlation by labels and a sliding window.
struct GroupRule {
    std::string name;
    Matchers match;
    std::vector<std::string> by;  // labels whose values form the group; each must be present for the rule to apply
    bool by_optional = false;     // `require: optional`: a missing label counts as ""
    Duration within{0};  // joins only if the group's last onset is no older; 0: as long as the incident is open
    Duration hold{0};    // wait for more before opening
    Duration quiet = minutes(5);        // all alerts resolved for so long: the incident resolves
    Duration max_age = hours(24);       // an older incident takes no new alerts; the next one begins another
    std::uint32_t max_alerts = 10'000;  // likewise
    Template title, category, service, assign, impact, urgency;  // empty: the default of docs/rules.md
};

struct Route {
    Matchers match;               // against the incident: priority, severity, rule, category, service, group labels
    std::vector<std::string> to;  // names of sinks
    bool proceed = false;         // `continue: true`
    Duration update_every = minutes(1);  // least time between two updates of one ticket; open and resolve never wait
};

struct RuleSet {
    std::string hash;                  // of the text it was compiled from
    std::vector<GroupRule> correlate;  // first match wins; the last one matches everything
    // [impact][urgency]
    std::array<std::array<Priority, 4>, 3> priority{};
    std::vector<Route> routes;
};

}  // namespace incidentd
