// Which routes an incident takes: what their matchers see of it. Shared by the engine and by what explains it.
#pragma once

#include "correlator/incident.hpp"
#include "correlator/labels.hpp"

#include <vector>

namespace incidentd {

// The incident as routes see it: its group labels, and over them priority, severity, rule, category, service and
// assignment_group. Sorted by name; borrows from `view`.
std::vector<LabelView> route_labels(const IncidentView& view);

}  // namespace incidentd
