// Verdicts and timeline entries of many alerts as one piece of bytes: what a storm adds to the read model must cost a
// fraction of the storm, and a database row for each would cost many times as much as the engine.
//
// Format 1: byte 1; n, then n texts (each named by its place from here on); n, then n verdicts: fingerprint as two
// fixed 64-bit numbers, verdict, time in ms, incident, rule's text, reason's text; n, then n timeline entries:
// incident, time, kind's text, the text itself. Numbers and lengths as in correlator/codec.hpp.
#pragma once

#include "correlator/effect.hpp"
#include "correlator/ids.hpp"
#include "correlator/result.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct VerdictView {
    Instant at;
    Fingerprint alert;
    Verdict verdict = Verdict::opened;
    IncidentId incident;
    std::string_view rule, because;
};

struct TimelineView {
    Instant at;
    IncidentId incident;
    std::string_view kind, text;
};

// One thread at a time.
class HistoryWriter {
public:
    void add(Instant at, const AlertDecided& decided);
    void add(Instant at, const TimelineAdded& added);

    std::size_t entries() const { return verdicts_ + timeline_; }
    std::size_t bytes() const { return texts_.size() + verdict_bytes_.size() + timeline_bytes_.size(); }
    bool empty() const { return entries() == 0; }

    std::string encode() const;
    const std::vector<std::uint32_t>& prefixes() const { return prefixes_; }  // of fingerprints: their highest 32 bits
    const std::vector<IncidentId>& incidents() const { return incidents_; }   // named by an entry; may repeat

private:
    std::uint64_t place_of(std::string_view text);
    void note(IncidentId incident);

    std::string texts_, verdict_bytes_, timeline_bytes_;
    std::uint64_t text_count_ = 0, verdicts_ = 0, timeline_ = 0;
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    boost::unordered_flat_map<std::string, std::uint64_t, TextHash, std::equal_to<>> places_;
    std::vector<std::uint32_t> prefixes_;
    std::vector<IncidentId> incidents_;
};

// Calls back for every entry, in the order they were added; either may be empty. Errors: corrupt.
Result<void> read_history(std::string_view bytes, const std::function<void(const VerdictView&)>& verdict,
                          const std::function<void(const TimelineView&)>& timeline);

}  // namespace incidentd
