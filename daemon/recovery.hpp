// From the journal back to the state of before: the newest good snapshot, then every later entry is applied again with
// its own time; nothing is sent.
#pragma once

#include "adapters/journal.hpp"
#include "correlator/correlator.hpp"
#include "correlator/input.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/log.hpp"
#include "daemon/shard/worker.hpp"

#include <cstdint>
#include <functional>

namespace incidentd {

struct Recovered {
    Correlator engine;
    Sequence last;
    Instant last_at;
    std::string rules_hash;            // of the last RulesActivated
    Sequence snapshot;                 // what the replay began behind; 0: the journal's beginning
    std::uint64_t replayed_bytes = 0;  // of the records behind it
};

// Where the read model stands, and what it must know before the replay begins.
struct ReadModelPort {
    Sequence reflects{UINT64_MAX};
    // Called once, before the first effects. `is_behind`: the journal no longer holds what leads from `reflects` to
    // `through`, so the read model must take over the state itself.
    std::function<void(const Correlator& engine, Sequence through, bool is_behind)> begin = [](const Correlator&,
                                                                                               Sequence, bool) {};
};

// A snapshot that knows more than the read model is left out while the journal can close the gap: whatever happened
// must reach the read model. `effects` gets what each entry leads to; it decides what it already has.
// Errors: corrupt, invalid or io, with the place and what to do.
Result<Recovered> recover(Journal& journal, EngineLimits limits, Log& log,
                          const std::function<void(ReleasedEffects&&)>& effects, const ReadModelPort& read_model = {});

// The journal keeps the rules' text; the engine needs them compiled. nullptr: they no longer compile.
std::shared_ptr<const RuleSet> compile_journaled(const std::string& text);

// Reads a record and, if it activates rules, compiles them. Errors name the entry.
Result<Input> journaled_input(const JournalEntry& entry, DecodeScratch& scratch);

}  // namespace incidentd
