// Effects as lines of words, in the language scenarios expect them in.
#pragma once

#include "correlator/effect.hpp"
#include "tests/scenario/script.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace incidentd::scenario {

// One thing that happened: "opened INC-1" and its attributes.
struct Event {
    std::vector<std::string> positional;
    std::vector<std::pair<std::string, std::string>> attributes;
    std::string text() const;
    bool matches(const Words& expected) const;
};

// What later lines refer to.
struct Memory {
    Instant start;
    std::map<Fingerprint, std::string> names;      // of alerts, as the scenario wrote them
    std::map<IncidentId, IncidentView> incidents;  // last told, as the read model has them
    std::map<std::pair<IncidentId, std::string>, std::pair<std::uint64_t, ActionKind>> handed_out;  // by sink
};

// Nothing for effects that scenarios do not show; takes note of all of them.
std::vector<Event> events_of(const Effects& effects, const Scenario& scenario, Memory& memory);

std::vector<std::pair<std::string, std::string>> attributes_of(const IncidentView& view);

// "INC-7"; 0 for anything else.
IncidentId incident_from(std::string_view text);

}  // namespace incidentd::scenario
