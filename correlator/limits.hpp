// Every bound of the engine and its input: the unit, the default, and what happens when it is met.
// Bounds an operator may change carry their config key; docs/configuration.md repeats them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace incidentd {

struct EventLimits {
    std::size_t labels_max = 64;                     // more labels: the alert is rejected, naming the count
    std::size_t label_name_bytes_max = 256;          // longer: the alert is rejected, naming the label's first bytes
    std::size_t label_value_bytes_max = 4096;        // longer: the alert is rejected, naming the label
    std::size_t annotations_max = 64;                // more: the alert is rejected
    std::size_t annotation_value_bytes_max = 65536;  // longer: cut at a character border, marked "…"
    std::size_t title_bytes_max = 1024;              // longer: cut likewise
    std::size_t text_bytes_max = 65536;              // longer: cut likewise
    std::size_t key_bytes_max = 1024;                // longer: the alert is rejected
    std::size_t url_bytes_max = 2048;                // longer: dropped (a cut URL is a wrong URL)
    std::size_t episode_bytes_max = 256;             // longer: the alert is rejected
};

struct EngineLimits {
    std::uint32_t alerts_max =
        2'000'000;  // `limits.active_alerts`: a new alert joins nothing, is counted as table_full
    std::uint32_t incidents_max = 200'000;  // `limits.open_incidents`: alerts join the overflow incident, never lost
    std::uint32_t alerts_shown_in_ticket_max = 25;  // the rest is given as a number
    std::uint32_t facts_per_update_max = 50;        // older facts of one ticket update are given as a number
    std::uint32_t silences_max =
        10'000;  // of the API, expired ones included: the one that expired first makes room; none: refused
    std::uint32_t services_max = 10'000;  // MTBF memory; past it new services are counted under "other"
};

}  // namespace incidentd
