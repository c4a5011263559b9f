// What the sections of the rules keep, in a snapshot. Private to correlator/.
#pragma once

#include "correlator/codec.hpp"
#include "correlator/state.hpp"

#include <string>

namespace incidentd::snapshot {

void encode_sections(const Correlator::State& state, std::string& out);

// After alerts and incidents. False: it makes no sense.
bool decode_sections(Correlator::State& state, codec::Reader& r);

// Once the rules are there: makes what follows from both. False: a silence of a rule that the rules do not have.
bool link_sections(Correlator::State& state);

}  // namespace incidentd::snapshot
