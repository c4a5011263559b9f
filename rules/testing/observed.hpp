// What a test found, in the words expectations use.
#pragma once

#include "rules/testing/case_file.hpp"
#include "rules/testing/stage.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::testing {

struct Observed {
    TextPairs fields;
    std::string summary;                            // one line for people
    bool counts = true;                             // among what a number speaks of: an open incident, a firing alert
    std::string value(std::string_view key) const;  // "" when absent
};

// `because` holds when it is part of the text; everything else must be equal.
bool holds(const ExpectedField& field, const Observed& found);
// An incident whose `state` is not named must be open, an alert among the suppressed ones must count.
bool holds(const ExpectedItem& item, const Observed& found);
std::size_t likeness(const ExpectedItem& item, const Observed& found);  // fields that hold

std::vector<Observed> observed(Expectation::Subject subject, const Memory& memory);  // incidents, alerts, suppressed
std::vector<Observed> observed_opened(const Memory& memory);
std::vector<Observed> observed_each_delivery(const Memory& memory);
std::vector<Observed> observed_deliveries(const Memory& memory);  // added up by sink, action and rule

std::vector<Fingerprint> matching_alerts(const ExpectedItem& labels, const Memory& memory);
// The decisions on one alert, and the reason of the incident it belongs to.
std::vector<Observed> observed_decisions(Fingerprint fingerprint, const Memory& memory);

// The last decisions in words, oldest first; on `alerts` alone if given.
std::vector<std::string> reasons(const Memory& memory, Instant start,
                                 const std::optional<std::vector<Fingerprint>>& alerts);

}  // namespace incidentd::testing
