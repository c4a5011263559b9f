// Clears that came before their problems. Private to correlator/.
#pragma once

#include "correlator/fingerprint.hpp"
#include "correlator/time.hpp"
#include "correlator/value_index.hpp"

#include <cstddef>
#include <vector>

namespace incidentd {

struct EarlyClear {
    Fingerprint key;  // of the pair rule and its `equal` values
    Instant at;       // receipt
    Instant claimed;  // what its source says; absent: nothing
};

struct Pairs {
    static constexpr std::size_t early_max = 1000;  // past it the oldest is forgotten: its problem opens

    explicit Pairs(std::uint64_t hash_salt) : problems(hash_salt) {}
    ValueIndex problems;            // firing alerts by pair rule and `equal` values
    std::vector<EarlyClear> early;  // in order of receipt
};

}  // namespace incidentd
