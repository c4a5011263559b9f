// Identity of alerts: XXH3-128 for the engine, FNV-1a for the Alertmanager API.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/labels.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace incidentd {

// With a key: (source, key). Without one: (source, all labels). `labels` must be sorted.
Fingerprint fingerprint_of(std::string_view source, std::string_view key, LabelsView labels);

struct FingerprintHash {
    using is_avalanching = void;
    std::size_t operator()(const Fingerprint& f) const { return static_cast<std::size_t>(f.low ^ salt); }
    std::uint64_t salt = 0;  // tests vary it: no output may depend on the order of a hash table
};

// 32 hex digits; nullopt otherwise.
std::optional<Fingerprint> fingerprint_from(std::string_view hex);

// The fingerprint Alertmanager shows: FNV-1a 64 over name, 0xFF, value, 0xFF of the sorted labels
// (prometheus/common model/signature.go). Known collisions make it unfit as the engine's own key.
std::uint64_t alertmanager_fingerprint(LabelsView labels);

}  // namespace incidentd
