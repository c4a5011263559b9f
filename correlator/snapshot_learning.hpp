// What was learned, in a snapshot. Private to correlator/.
#pragma once

#include "correlator/snapshot_fields.hpp"

namespace incidentd::snapshot {

void encode_learning(const Correlator::State& state, Save& save);
void decode_learning(Correlator::State& state, Load& load);

}  // namespace incidentd::snapshot
