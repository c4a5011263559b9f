#include "daemon/read_model/catch_up.hpp"

#include "adapters/journals/segments/offline.hpp"
#include "daemon/child_process.hpp"
#include "daemon/cli.hpp"
#include "daemon/read_model/read_model.hpp"
#include "daemon/recovery.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t transaction_bytes = 8 * 1024 * 1024;
constexpr std::size_t alerts_at_once = 1'000;
constexpr std::string_view success = "caught-up";

// Whether the journal still leads from the engine's state onwards.
Result<bool> leads_on(const CatchUpJob& job, Sequence from) {
    const auto segments = segments::list_segments(job.offline.directory);
    if (!segments) return segments.error();
    return !segments->empty() && segments->front().first.value <= from.value + 1;
}

Result<OfflineEngine> choose_base(const CatchUpJob& job, ReadModelWriter& writer, CaughtUp& outcome) {
    OfflineEngine base = newest_engine(job.offline, writer.reflects());
    const Result<bool> whole = leads_on(job, base.through);
    if (!whole) return whole.error();
    if (*whole) return base;
    base = newest_engine(job.offline, job.offline.through);
    outcome = {writer.reflects(), base.through};
    if (const Result<void> taken = writer.take_over(base.engine, base.through); !taken) return taken.error();
    return base;
}

// What the daemon told of alerts before is as of an entry that lies before the last one. Counts as nothing read yet.
Result<void> tell_state(Correlator& engine, ReadModelWriter& writer) {
    for (bool more = true; more;) {
        auto told = std::make_unique<StateUpdate>();
        more = engine.visit_changed_alerts(alerts_at_once,
                                           [&told](AlertRow&& row) { told->alerts.push_back(std::move(row)); });
        more |= engine.visit_touched_alerts(
            alerts_at_once, [&told](const Correlator::AlertCount& moved) { told->counts.push_back(moved); });
        more |= engine.visit_touched_incidents(alerts_at_once,
                                               [&told](const IncidentView& view) { told->incidents.push_back(view); });
        if (!more) told->told_through = engine.now();
        ReadModelBatch batch;
        batch.add(std::move(told));
        if (Result<void> done = writer.write(batch, writer.reflects()); !done) return done;
    }
    return {};
}

}  // namespace

// The last of the effects are written last, so that a file which reflects everything lacks nothing.
Result<CaughtUp> catch_up(const CatchUpJob& job) {
    Result<ReadModelWriter> writer = ReadModelWriter::open(job.file);
    if (!writer) return writer.error();
    if (writer->reflects() >= job.offline.through) return CaughtUp{};
    CaughtUp outcome;
    Result<OfflineEngine> base = choose_base(job, *writer, outcome);
    if (!base) return base.error();
    forget_told(base->engine, base->at, writer->told_through());
    ReadModelBatch batch;
    const auto take = [&](Sequence sequence, const Effects& effects) -> Result<void> {
        for (const Effect& effect : effects) batch.add(effect);
        if (batch.weight() < transaction_bytes || sequence >= job.offline.through) return {};
        return writer->write(std::exchange(batch, {}), sequence);
    };
    if (const Result<void> done = replay(job.offline, *base, writer->reflects(), take); !done) return done.error();
    if (const Result<void> done = tell_state(base->engine, *writer); !done) return done.error();
    if (const Result<void> done = writer->write(batch, job.offline.through); !done) return done.error();
    return outcome;
}

int run_catch_up(const CatchUpJob& job) {
    step_back(static_cast<pid_t>(job.offline.parent));
    const Result<CaughtUp> outcome = catch_up(job);
    const std::string text =
        outcome ? fmt::format("{} {} {}\n", success, outcome->lost_after.value, outcome->lost_through.value)
                : "error " + outcome.error().message + "\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    std::_Exit(outcome ? exit_ok : exit_failed);  // the memory goes back faster than it could be taken apart
}

Result<CaughtUp> parse_catch_up(const std::string& text) {
    std::istringstream words(text);
    std::string kind;
    CaughtUp outcome;
    if (words >> kind && kind == success && words >> outcome.lost_after.value >> outcome.lost_through.value)
        return outcome;
    if (text.starts_with("error ") && text.ends_with("\n"))
        return Error(ErrorCode::io, text.substr(6, text.size() - 7));
    return Error(ErrorCode::io, "the process that catches up ended without a word");
}

}  // namespace incidentd
