// Simple methods to compare with, one fixed setting each, over the same stream. They place the first message of an
// alert; its repetitions and its recovery follow it, and it is over when it recovered or was silent for an hour.
//   labels      Alertmanager's group_by [alertname, cluster]: a group lives while any of its alerts fires
//   window      windows of five minutes, one after the other
//   gap         a pause of a minute between first messages begins a new incident
//   host        the same host (under its name in the topology), within fifteen minutes of its last message
//   one_hop     the host or a direct neighbour in the topology, within five minutes of its last message
// What they name as the root is the first alert of the incident.
#pragma once

#include "bench/quality/dataset.hpp"
#include "bench/quality/score.hpp"
#include "correlator/topology.hpp"

#include <string>
#include <utility>
#include <vector>

namespace incidentd::quality {

// Names in the order of the list above.
std::vector<std::pair<std::string, Prediction>> run_baselines(const Dataset& set, const Topology& topology);

}  // namespace incidentd::quality
