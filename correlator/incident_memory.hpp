// Incidents like earlier ones, and what became of those: "like INC-12 (3 days ago, over after 14 min ...)".
// Every incident has a signature: MinHash of what failed in it (checks by entity). Ended ones are kept, of those that
// are just the same the last one, and the oldest make room; candidates are found by their likeliest root cause or by
// parts of the signature. Cost of an alert that joins: signature_size mixes; of a question: signature_bands + 1 looks
// of `found_max` incidents.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/incident.hpp"
#include "correlator/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

constexpr std::size_t ended_incidents_max = 2'000;
constexpr std::size_t signature_size = 32, signature_bands = 16;
constexpr std::size_t found_max = 8;  // of one root or band that are looked at; the latest

class IncidentMemory {
public:
    void failed(IncidentId incident, std::uint64_t what);                          // `what`: hash of check and entity
    void said(IncidentId incident, std::string_view who, std::string_view words);  // of it: the last words are kept
    void merge(IncidentId into, IncidentId from);
    struct End {
        std::string_view root;  // likeliest root cause; empty: none was found
        Instant began, ended;
        std::uint64_t alerts = 0;
        std::string_view ticket, ticket_url;
    };
    void end(IncidentId incident, const End& end);
    void forget(IncidentId incident);  // never opened
    // Ended incidents that this one under way resembles, the most similar first, then the latest.
    std::vector<Likeness> like(IncidentId incident, std::string_view root) const;
    // True once for each new `earlier`: whether people were told that the incident is like it.
    bool is_news(IncidentId incident, IncidentId earlier);
    bool was_told(IncidentId incident) const;  // of any
    std::uint64_t digest() const;

private:
    friend struct LearningSnapshot;
    using Signature = std::array<std::uint32_t, signature_size>;
    struct Course {  // of an incident under way
        Signature signature = none();
        std::string said_by, said;
        IncidentId told;  // the earlier one that people were told of
    };
    struct Ended {
        Likeness known;  // `percent` and `same_cause` are of whoever asks
        Signature signature = none();
        std::uint64_t root = 0;
    };
    static constexpr Signature none() {
        Signature all{};
        all.fill(UINT32_MAX);
        return all;
    }
    static std::uint64_t root_key(std::string_view root);
    static std::uint64_t band_key(const Signature& signature, std::size_t band);
    template <class Each>
    static void each_key(const Signature& signature, std::uint64_t root, const Each& each);
    void add(Ended&& one);
    void remove(std::uint64_t number);
    std::optional<std::uint64_t> same_as(const Ended& one) const;

    std::map<IncidentId, Course> under_way_;
    std::map<std::uint64_t, Ended> ended_;                     // by number, in the order of their ends
    std::uint64_t next_ = 0;                                   // number of the next one that ends
    std::map<std::uint64_t, std::set<std::uint64_t>> by_key_;  // follows from ended_
};

}  // namespace incidentd
