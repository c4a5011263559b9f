#include "daemon/recovery.hpp"

#include "daemon/clock.hpp"
#include "rules/rules.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace incidentd {
namespace {

struct Start {
    Correlator engine;
    Sequence through;
    Instant at{};
};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(monotonic_now() - start).count();
}

// The snapshot with its engine; nullopt when it cannot be used, which the log then says.
std::optional<Start> start_from(Journal& journal, Sequence through, EngineLimits limits, Log& log) {
    const auto pass_over = [&log, through](const Error& error) {
        log.warning("a snapshot cannot be used: falling back to an older one or to the journal's beginning",
                    {{"through", through.value}, {"error", error.message}});
        return std::nullopt;
    };
    const auto start = monotonic_now();
    Result<Journal::Snapshot> snapshot = journal.load_snapshot_at(through);
    const double read_seconds = seconds_since(start);
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
                                 {"alerts", restored->engine.sizes().alerts_held},
                                 {"read_seconds", read_seconds},
                                 {"seconds", seconds_since(start)}});
    return Start{std::move(restored->engine), through, snapshot->at};
}

// The newest snapshot that can be used, or an empty engine when the journal holds everything from its first entry on.
Result<Start> choose_start(Journal& journal, EngineLimits limits, Log& log) {
    const std::vector<Sequence> snapshots = journal.snapshots();
    for (auto through = snapshots.rbegin(); through != snapshots.rend(); ++through)
        if (std::optional<Start> start = start_from(journal, *through, limits, log)) return std::move(*start);
    if (journal.first().value == 1 || journal.recovery().last.value == 0) return Start{Correlator(limits), Sequence{}};
    return Error(ErrorCode::corrupt, "the journal begins with entry " + std::to_string(journal.first().value) +
                                         " and no snapshot stands for what was before: restore a snapshot file or the "
                                         "older segments from a backup");
}

}  // namespace

// An alert changes without being seen when somebody acknowledges it: only a whole snapshot can be as old as what was
// told.
void forget_told(Correlator& engine, Instant at, Instant told) {
    if (at <= told) engine.forget_changes_before(told);
}

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

Result<Recovered> recover(Journal& journal, EngineLimits limits, Log& log, Instant told) {
    const JournalRecovery& found = journal.recovery();
    if (!found.cut_reason.empty())
        log.warning("cut the journal's torn tail: it was never acknowledged",
                    {{"bytes", std::to_string(found.bytes_cut)}, {"reason", found.cut_reason}});
    Result<Start> start = choose_start(journal, limits, log);
    if (!start) return start.error();
    forget_told(start->engine, start->at, told);
    Recovered out{std::move(start->engine), found.last, found.last_at, {}, start->through, start->at};
    DecodeScratch scratch;
    std::optional<Error> failure;
    const Result<void> read = journal.read({out.snapshot.value + 1}, [&](const JournalEntry& entry) {
        Result<Input> input = journaled_input(entry, scratch);
        if (!input) {
            failure = input.error();
            return false;
        }
        out.engine.replay(*input, entry.at);
        out.replayed_bytes += entry.record.size();
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
