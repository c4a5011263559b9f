// From the journal back to the state of before: the newest good snapshot, then every later entry is applied again with
// its own time; nothing is sent.
#pragma once

#include "adapters/journal.hpp"
#include "correlator/correlator.hpp"
#include "correlator/input.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/log.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace incidentd {

struct Recovered {
    Correlator engine;
    Sequence last;
    Instant last_at;
    std::string rules_hash;            // of the last RulesActivated
    Sequence snapshot;                 // what the replay began behind; 0: the journal's beginning
    Instant snapshot_at;               // of its last entry
    std::uint64_t replayed_bytes = 0;  // of the records behind it
};

// The newest good snapshot, then every later entry, of whose effects nothing is made: what the read model lacks it
// reads for itself (daemon/read_model/catch_up.hpp). Errors: corrupt, invalid or io, with the place and what to do.
// `told`: the read model was told of every alert that had changed before; the others count as changed.
Result<Recovered> recover(Journal& journal, EngineLimits limits, Log& log, Instant told = {});

// What a decoded snapshot, which stands for everything up to `at`, need not tell the read model again. Changes of later
// entries are noted as they are applied, so this comes before the first of them.
void forget_told(Correlator& engine, Instant at, Instant told);

// The journal keeps the rules' text; the engine needs them compiled. nullptr: they no longer compile.
std::shared_ptr<const RuleSet> compile_journaled(const std::string& text);

// Reads a record and, if it activates rules, compiles them. Errors name the entry.
Result<Input> journaled_input(const JournalEntry& entry, DecodeScratch& scratch);

}  // namespace incidentd
