// Alerts that a source sent before, by the bytes it sent them in. Prometheus repeats an active alert once a minute with
// nothing changed but its times: such a one is recognised instead of read again.
#pragma once

#include "correlator/alert.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::sources::prometheus {

// The members of one alert that do not change when it is repeated, as they stood in the body.
struct AlertBytes {
    std::string_view labels, annotations, url;
    std::uint64_t hash() const;
    std::size_t size() const { return labels.size() + annotations.size() + url.size(); }
};

// Bound: `bytes_max`, everything included. Full, an alert that was not repeated since the last one asked for its place
// makes room; one that was stays, so that more alerts than fit still find a part of them known. One thread.
class KnownAlerts {
public:
    static constexpr std::size_t alert_bytes_max = 8 * 1024;  // of an AlertBytes; longer ones are read each time

    explicit KnownAlerts(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // nullptr: not known. Bytes are compared, not only hashes.
    std::shared_ptr<const KeptAlert> find(const AlertBytes& bytes, std::uint64_t hash);
    // `event` is what `bytes` say. Kept from the second time on: most alerts of a storm come once.
    void remember(const AlertBytes& bytes, std::uint64_t hash, const AlertEvent& event);
    std::size_t bytes() const { return bytes_; }

private:
    struct Slot {
        std::uint64_t hash = 0;
        std::string labels_annotations_url;  // one behind the other
        std::size_t labels_size = 0, annotations_size = 0;
        std::shared_ptr<const KeptAlert> alert;
        bool repeated = false;
        bool holds(const AlertBytes& bytes) const;
        std::size_t size() const;
    };
    bool seen_before(std::uint64_t hash);
    bool make_room(std::size_t bytes);

    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> empty_;  // places in slots_
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> places_;
    std::size_t hand_ = 0;  // the slot that is asked next to make room
    // What came once: half a hash each, the latest four of each place that the other half names. One that is forgotten
    // costs a repetition.
    using Seen = std::array<std::uint32_t, 4>;
    static constexpr std::size_t seen_places = 16'384;
    std::vector<Seen> seen_;
};

}  // namespace incidentd::sources::prometheus
