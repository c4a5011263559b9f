// What an observer of the engine knows from its effects alone, and the promises that can be checked against it.
#pragma once

#include "correlator/correlator.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace incidentd::scenario {

class World {
public:
    // Takes note of the effects; returns the promises they break, one a line.
    std::string observe(const Effects& effects);

    // What the engine says of itself, against what it has told so far and against itself.
    std::string check(Correlator& engine);

    const std::map<IncidentId, IncidentView>& incidents() const { return incidents_; }

private:
    using Delivery = std::pair<IncidentId, std::string>;
    void take(const IncidentView& view);
    void check_alerts(const Correlator& engine);
    void check_incidents(const Correlator& engine);
    void check_actions(const Correlator& engine);
    void check_read_model(Correlator& engine);
    void broken(const std::string& what) { broken_ += what + "\n"; }

    std::map<IncidentId, IncidentView> incidents_;   // as the read model has them
    std::map<Fingerprint, AlertRow> rows_;           // likewise
    std::map<Delivery, std::uint64_t> outstanding_;  // revision of what is handed out and not reported
    std::map<IncidentId, std::uint64_t> firing_;     // recounted
    std::string broken_;
};

}  // namespace incidentd::scenario
