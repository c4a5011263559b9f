// When a sender is answered.
#pragma once

#include <cstdint>

namespace incidentd {

enum class Durability : std::uint8_t {
    synced = 0,   // its alerts are on the disk
    relaxed = 1,  // they are written: a crash of the daemon loses nothing, one of the machine what was not synced yet
};

}  // namespace incidentd
