// Private to correlator/: the association's part of a snapshot.
#pragma once

#include "correlator/snapshot_fields.hpp"

namespace incidentd::snapshot {

void encode_association(const Correlator::State& state, Save& save);
void decode_association(Correlator::State& state, Load& load);  // rejects what makes no sense
// Once the rules are compiled again: false when their topology is not the one the snapshot was made with.
bool attach_topology(Correlator::State& state);

}  // namespace incidentd::snapshot
