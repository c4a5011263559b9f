#include "daemon/recovery.hpp"

#include "rules/rules.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace incidentd {
namespace {

struct Start {
    Correlator engine;
    Sequence through;
};

// The snapshot with its engine; nullopt when it cannot be used, which the log then says.
std::optional<Start> start_from(Journal& journal, Sequence through, EngineLimits limits, Log& log) {
    const auto pass_over = [&log, through](const Error& error) {
        log.warning("a snapshot cannot be used: falling back to an older one or to the journal's beginning",
                    {{"through", through.value}, {"error", error.message}});
        return std::nullopt;
    };
    Result<Journal::Snapshot> snapshot = journal.load_snapshot_at(through);
    if (!snapshot) {
        if (snapshot.error().code == ErrorCode::corrupt)
            if (const Result<void> moved = journal.set_snapshot_aside(through); !moved)
                log.warning("a damaged snapshot could not be renamed", {{"error", moved.error().message}});
        return pass_over(snapshot.error());
    }
    Result<RestoredEngine> restored = EngineSnapshot::decode(snapshot->bytes, limits, compile_journaled);
    if (!restored) return pass_over(restored.error());
    log.info("snapshot loaded", {{"through", through.value},
                                 {"written_by", restored->version},
                                 {"bytes", snapshot->bytes.size()},
                                 {"alerts", restored->engine.sizes().alerts_held}});
    return Start{std::move(restored->engine), through};
}

std::optional<Start> newest_start(Journal& journal, EngineLimits limits, Log& log, Sequence at_most) {
    std::vector<Sequence> snapshots = journal.snapshots();
    for (auto through = snapshots.rbegin(); through != snapshots.rend(); ++through)
        if (*through <= at_most)
            if (std::optional<Start> start = start_from(journal, *through, limits, log)) return start;
    return std::nullopt;
}

Result<Start> choose_start(Journal& journal, EngineLimits limits, Log& log, const ReadModelPort& read_model) {
    if (auto start = newest_start(journal, limits, log, read_model.reflects)) {
        read_model.begin(start->engine, start->through, false);
        return std::move(*start);
    }
    const bool is_whole = journal.first().value == 1 || journal.recovery().last.value == 0;
    if (is_whole) {
        Start start{Correlator(limits), Sequence{}};
        read_model.begin(start.engine, start.through, false);
        return start;
    }
    if (auto start = newest_start(journal, limits, log, Sequence{UINT64_MAX})) {
        log.warning(
            "the read model is behind the oldest snapshot: it takes over the state; of incidents that were over "
            "by then it knows only what it knew",
            {{"read_model_reflects", read_model.reflects.value}, {"snapshot_through", start->through.value}});
        read_model.begin(start->engine, start->through, true);
        return std::move(*start);
    }
    return Error(ErrorCode::corrupt, "the journal begins with entry " + std::to_string(journal.first().value) +
                                         " and no snapshot stands for what was before: restore a snapshot file or the "
                                         "older segments from a backup");
}

}  // namespace

std::shared_ptr<const RuleSet> compile_journaled(const std::string& text) {
    const Result<RuleBundle> bundle = RuleBundle::parse(text);
    Problems problems;
    return bundle ? compile(*bundle, problems) : nullptr;
}

Result<Input> journaled_input(const JournalEntry& entry, DecodeScratch& scratch) {
    const auto fail = [&entry](ErrorCode code, const std::string& message) {
        return Error(code, "journal entry " + std::to_string(entry.sequence.value) + ": " + message);
    };
    Result<Input> input = decode(entry.record, scratch);
    if (!input) return fail(input.error().code, input.error().message);
    auto* rules = std::get_if<RulesActivated>(&*input);
    if (rules == nullptr) return input;
    const Result<RuleBundle> bundle = RuleBundle::parse(rules->text);
    if (!bundle) return fail(bundle.error().code, bundle.error().message);
    Problems problems;
    rules->compiled = compile(*bundle, problems);
    if (rules->compiled == nullptr)
        return fail(ErrorCode::invalid, "rules of an earlier version no longer compile: " + problems.text());
    return input;
}

Result<Recovered> recover(Journal& journal, EngineLimits limits, Log& log,
                          const std::function<void(ReleasedEffects&&)>& effects, const ReadModelPort& read_model) {
    const JournalRecovery& found = journal.recovery();
    if (!found.cut_reason.empty())
        log.warning("cut the journal's torn tail: it was never acknowledged",
                    {{"bytes", std::to_string(found.bytes_cut)}, {"reason", found.cut_reason}});
    Result<Start> start = choose_start(journal, limits, log, read_model);
    if (!start) return start.error();
    Recovered out{std::move(start->engine), found.last, found.last_at, {}, start->through};
    DecodeScratch scratch;
    std::optional<Error> failure;
    const Result<void> read = journal.read({out.snapshot.value + 1}, [&](const JournalEntry& entry) {
        Result<Input> input = journaled_input(entry, scratch);
        if (!input) {
            failure = input.error();
            return false;
        }
        ReleasedEffects released{entry.sequence, {}, {}};
        out.engine.apply(*input, entry.at, released.effects);
        out.replayed_bytes += entry.record.size();
        if (!released.effects.empty()) effects(std::move(released));
        return true;
    });
    if (failure) return *failure;
    if (!read && found.last.value > 0) return read.error();
    // Time may have gone on behind the last entry, by ticks that led to nothing.
    out.last_at = std::max(out.last_at, out.engine.now());
    out.rules_hash = out.engine.rules_hash();
    return out;
}

}  // namespace incidentd
