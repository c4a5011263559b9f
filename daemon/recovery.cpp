#include "daemon/recovery.hpp"

#include "rules/rules.hpp"

namespace incidentd {
namespace {

// The journal keeps the rules' text; the engine needs them compiled. They were valid when they were written.
Result<void> compile_again(RulesActivated& activated) {
    Result<RuleBundle> bundle = RuleBundle::parse(activated.text);
    if (!bundle) return bundle.error();
    Problems problems;
    activated.compiled = compile(*bundle, problems);
    if (activated.compiled == nullptr)
        return Error(ErrorCode::invalid, "rules of an earlier version no longer compile: " + problems.text());
    return {};
}

}  // namespace

Result<Recovered> recover(Journal& journal, EngineLimits limits, Log& log,
                          const std::function<void(ReleasedEffects&&)>& effects) {
    const JournalRecovery& found = journal.recovery();
    Recovered out{Correlator(limits), found.last, found.last_at, {}};
    if (!found.cut_reason.empty())
        log.warning("cut the journal's torn tail: it was never acknowledged",
                    {{"bytes", std::to_string(found.bytes_cut)}, {"reason", found.cut_reason}});
    DecodeScratch scratch;
    Error failure;
    bool failed = false;
    const auto fail = [&](const JournalEntry& entry, const Error& error) {
        failure = Error(error.code, "journal entry " + std::to_string(entry.sequence.value) + ": " + error.message);
        failed = true;
        return false;
    };
    const Result<void> read = journal.read(journal.first(), [&](const JournalEntry& entry) {
        Result<Input> input = decode(entry.record, scratch);
        if (!input) return fail(entry, input.error());
        if (auto* rules = std::get_if<RulesActivated>(&*input)) {
            if (const Result<void> compiled = compile_again(*rules); !compiled) return fail(entry, compiled.error());
            out.rules_hash = rules->hash;
        }
        ReleasedEffects released{entry.sequence, {}};
        out.engine.apply(*input, entry.at, released.effects);
        if (!released.effects.empty()) effects(std::move(released));
        return true;
    });
    if (failed) return failure;
    if (!read && found.last.value > 0) return read.error();
    return out;
}

}  // namespace incidentd
