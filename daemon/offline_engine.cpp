#include "daemon/offline_engine.hpp"

#include "adapters/journals/segments/offline.hpp"
#include "adapters/journals/segments/snapshots.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/recovery.hpp"

#include <utility>

namespace incidentd {

std::vector<std::string> offline_words(const std::string& verb, const OfflineJob& job) {
    return {"incidentd",        verb,
            "--journal",        job.directory,
            "--through",        std::to_string(job.through.value),
            "--parent",         std::to_string(job.parent),
            "--active-alerts",  std::to_string(job.limits.alerts_max),
            "--open-incidents", std::to_string(job.limits.incidents_max)};
}

OfflineEngine newest_engine(const OfflineJob& job, Sequence at_most) {
    const auto snapshots = segments::list_snapshots(job.directory);
    if (!snapshots) return {Correlator(job.limits), {}, {}};
    for (auto through = snapshots->rbegin(); through != snapshots->rend(); ++through) {
        if (*through > at_most) continue;
        Result<Journal::Snapshot> snapshot = segments::load_snapshot(job.directory, *through);
        if (!snapshot) {
            if (snapshot.error().code == ErrorCode::corrupt)
                (void)segments::set_snapshot_aside(job.directory, *through);
            continue;
        }
        Result<RestoredEngine> restored = EngineSnapshot::decode(snapshot->bytes, job.limits, compile_journaled);
        if (restored) return {std::move(restored->engine), *through, snapshot->at};
    }
    return {Correlator(job.limits), {}, {}};
}

Result<void> replay(const OfflineJob& job, OfflineEngine& base, Sequence told, const EntryEffects& effects) {
    DecodeScratch scratch;
    Effects made;
    Result<void> done;
    const auto apply = [&](const JournalEntry& entry) -> Result<void> {
        Result<Input> input = journaled_input(entry, scratch);
        if (!input) return input.error();
        base.through = entry.sequence;
        base.at = entry.at;
        if (!effects || entry.sequence <= told) {
            base.engine.replay(*input, entry.at);
            return {};
        }
        made.clear();
        base.engine.apply(*input, entry.at, made);
        return effects(entry.sequence, made);
    };
    const Result<void> read =
        segments::read_entries(job.directory, {base.through.value + 1}, job.through, [&](const JournalEntry& entry) {
            done = apply(entry);
            return done.has_value();
        });
    return done ? read : done;
}

}  // namespace incidentd
