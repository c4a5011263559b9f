// Which messages are which alert, where rules decide it instead of the source: an alert made by a dedup rule has an
// origin for each identity its source gave it. Private to correlator/.
#pragma once

#include "correlator/fingerprint.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace incidentd {

// One identity of the source, as its last message said.
struct Origin {
    std::uint32_t slot = 0;   // of the alert
    std::uint64_t words = 0;  // hash of severity, episode, labels and text
    Instant expires_at;       // as of an AlertEvent
    Severity severity = Severity::unknown;
    bool firing = false;
};

// Bounded: origins_per_alert_max each. A further one's messages count, but its recovery ends nothing.
class Origins {
public:
    static constexpr std::size_t per_alert_max = 1000;

    explicit Origins(std::uint64_t hash_salt) : by_identity_(0, FingerprintHash{hash_salt}) {}

    Origin* find(Fingerprint identity) {
        const auto found = by_identity_.empty() ? by_identity_.end() : by_identity_.find(identity);
        return found == by_identity_.end() ? nullptr : &found->second;
    }
    const Origin* find(Fingerprint identity) const { return const_cast<Origins*>(this)->find(identity); }
    // nullptr: the alert has as many as it may.
    Origin* add(Fingerprint identity, const Origin& origin);
    void remove(Fingerprint identity);
    void remove_all(std::uint32_t slot);  // the alert is forgotten

    // In the order they came; empty: the alert is its source's own.
    const std::vector<Fingerprint>& of(std::uint32_t slot) const {
        static const std::vector<Fingerprint> none;
        const auto found = by_slot_.empty() ? by_slot_.end() : by_slot_.find(slot);
        return found == by_slot_.end() ? none : found->second;
    }
    bool empty() const { return by_identity_.empty(); }

private:
    boost::unordered_flat_map<Fingerprint, Origin, FingerprintHash> by_identity_;
    boost::unordered_flat_map<std::uint32_t, std::vector<Fingerprint>> by_slot_;
};

}  // namespace incidentd
