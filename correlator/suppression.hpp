// What the engine keeps of why alerts open nothing. Private to correlator/.
#pragma once

#include "correlator/fingerprint.hpp"
#include "correlator/silence.hpp"
#include "correlator/value_index.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace incidentd {

struct SuppressedFor {
    bool source = false, silence = false, maintenance = false, inhibition = false;
    friend bool operator==(const SuppressedFor&, const SuppressedFor&) = default;
};

// Why one alert opens nothing. An alert that nothing suppresses has none.
struct Suppression {
    bool by_source = false;
    std::string source_words;
    Instant source_since;
    std::vector<std::uint32_t> silences;   // numbers of SilenceRecords, ascending; only while it fires
    std::vector<Instant> silenced_since;   // by each of them
    std::vector<std::string> inhibits;     // names of inhibition rules, in their order; only while it fires
    std::vector<Instant> inhibited_since;  // by each of them
    SuppressedFor counted;                 // in EngineSizes
    bool any() const { return by_source || !silences.empty() || !inhibits.empty(); }
    friend bool operator==(const Suppression&, const Suppression&) = default;
};

struct SilenceRecord {
    Silence told;                  // `state` is of the last look at it
    std::uint32_t rule = 0;        // of a rule: its place in RuleSet::silences
    Instant watched;               // the deadline that stands in the heap; absent: none
    std::uint32_t generation = 0;  // grows when a deadline of it no longer counts
};

struct Suppressions {
    explicit Suppressions(std::uint64_t hash_salt) : sources(hash_salt), targets(hash_salt) {}

    boost::unordered_flat_map<std::uint32_t, Suppression> of;  // by alert slot
    std::map<std::uint32_t, SilenceRecord> silences;           // by number, which grows
    std::map<std::string, std::uint32_t, std::less<>> by_id;
    std::vector<std::uint32_t> holding;  // numbers of active silences, ascending
    std::uint32_t next_number = 1;
    ValueIndex sources, targets;  // firing alerts by inhibition rule and `equal` values
};

}  // namespace incidentd
