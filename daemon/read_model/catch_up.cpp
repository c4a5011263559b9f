#include "daemon/read_model/catch_up.hpp"

#include "adapters/journals/segments/offline.hpp"
#include "daemon/child_process.hpp"
#include "daemon/cli.hpp"
#include "daemon/read_model/read_model.hpp"
#include "daemon/recovery.hpp"
#include "daemon/snapshot_build.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t transaction_bytes = 8 * 1024 * 1024;
constexpr std::size_t alerts_at_once = 1'000;
constexpr std::string_view success = "caught up\n";

// Effects are added as they happened; what they lead to is written in pieces.
class CatchUp {
public:
    CatchUp(ReadModelWriter& writer, OfflineEngine& from)
        : writer_(writer), engine_(from.engine), at_(from.through), written_(writer.reflects()) {}

    Result<void> replay(const CatchUpJob& job) {
        DecodeScratch scratch;
        std::optional<Error> failure;
        const Result<void> read =
            segments::read_entries(job.journal, {at_.value + 1}, job.through, [&](const JournalEntry& entry) {
                Result<Input> input = journaled_input(entry, scratch);
                const Result<void> done = input ? take(entry, *input) : input.error();
                if (!done) failure = done.error();
                return !failure.has_value();
            });
        return failure ? Result<void>(*failure) : read;
    }

    // What the daemon told of the state before is as of an entry that lies before the last one.
    Result<void> tell_state() {
        for (bool more = true; more;) {
            auto told = std::make_unique<StateUpdate>();
            more = engine_.visit_changed_alerts(alerts_at_once,
                                                [&told](AlertRow&& row) { told->alerts.push_back(std::move(row)); });
            more |= engine_.visit_touched_alerts(
                alerts_at_once, [&told](const Correlator::AlertCount& moved) { told->counts.push_back(moved); });
            more |= engine_.visit_touched_incidents(
                alerts_at_once, [&told](const IncidentView& view) { told->incidents.push_back(view); });
            if (!more) told->told_through = engine_.now();
            batch_.add(std::move(told));
            if (Result<void> done = flush(); !done) return done;
        }
        return {};
    }

private:
    Result<void> take(const JournalEntry& entry, const Input& input) {
        effects_.clear();
        engine_.apply(input, entry.at, effects_);
        at_ = entry.sequence;
        if (entry.sequence <= written_) return {};
        for (const Effect& effect : effects_) batch_.add(effect);
        return batch_.weight() < transaction_bytes ? Result<void>() : flush();
    }
    Result<void> flush() { return writer_.write(std::exchange(batch_, {}), at_); }

    ReadModelWriter& writer_;
    Correlator& engine_;
    Sequence at_;
    const Sequence written_;  // what was there before
    Effects effects_;
    ReadModelBatch batch_;
};

}  // namespace

Result<void> catch_up(const CatchUpJob& job) {
    Result<ReadModelWriter> writer = ReadModelWriter::open(job.file);
    if (!writer) return writer.error();
    if (writer->reflects() >= job.through) return {};
    OfflineEngine from = newest_engine(job.journal, writer->reflects(), job.limits);
    from.engine.forget_changes_before(writer->told_through());
    CatchUp work(*writer, from);
    if (Result<void> replayed = work.replay(job); !replayed) return replayed;
    return work.tell_state();
}

int run_catch_up(const CatchUpJob& job) {
    step_back(static_cast<pid_t>(job.parent));
    const Result<void> outcome = catch_up(job);
    const std::string text = outcome ? std::string(success) : "error " + outcome.error().message + "\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    std::_Exit(outcome ? exit_ok : exit_failed);  // the memory goes back faster than it could be taken apart
}

Result<void> parse_catch_up(const std::string& text) {
    if (text == success) return {};
    if (text.starts_with("error ") && text.ends_with("\n"))
        return Error(ErrorCode::io, text.substr(6, text.size() - 7));
    return Error(ErrorCode::io, "the process that catches up ended without a word");
}

}  // namespace incidentd
