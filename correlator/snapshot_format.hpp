// Private to correlator/: the version of what snapshot_encode.cpp writes and snapshot_decode.cpp reads. Raise it with
// any change of fields; docs/journal-format.md describes them.
#pragma once

#include <cstdint>

namespace incidentd::snapshot {

constexpr std::uint8_t format_version = 13;

}  // namespace incidentd::snapshot
