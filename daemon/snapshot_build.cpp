#include "daemon/snapshot_build.hpp"

#include "adapters/journals/segments/offline.hpp"
#include "adapters/journals/segments/snapshots.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/cli.hpp"
#include "daemon/clock.hpp"
#include "daemon/recovery.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <sstream>

namespace incidentd {
namespace {

struct Base {
    Correlator engine;
    Sequence through;
    Instant at;
};

// What is damaged is set aside, so that it does not count as one of the newest two that are kept.
Base newest_base(const SnapshotJob& job, const std::vector<Sequence>& snapshots) {
    for (auto through = snapshots.rbegin(); through != snapshots.rend(); ++through) {
        if (*through > job.through) continue;
        Result<Journal::Snapshot> snapshot = segments::load_snapshot(job.directory, *through);
        if (!snapshot) {
            if (snapshot.error().code == ErrorCode::corrupt)
                (void)segments::set_snapshot_aside(job.directory, *through);
            continue;
        }
        Result<RestoredEngine> restored = EngineSnapshot::decode(snapshot->bytes, job.limits, compile_journaled);
        if (restored) return Base{std::move(restored->engine), *through, snapshot->at};
    }
    return Base{Correlator(job.limits), {}, {}};
}

Result<void> replay(const SnapshotJob& job, Base& base) {
    DecodeScratch scratch;
    std::optional<Error> failure;
    const Result<void> read =
        segments::read_entries(job.directory, {base.through.value + 1}, job.through, [&](const JournalEntry& entry) {
            Result<Input> input = journaled_input(entry, scratch);
            if (!input) {
                failure = input.error();
                return false;
            }
            base.engine.replay(*input, entry.at);
            base.at = entry.at;
            return true;
        });
    if (failure) return *failure;
    return read;
}

// Errors are of no account: in a sandbox that forbids one of these the work is merely less polite.
void step_back(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) std::_Exit(exit_failed);  // it ended before we asked to end with it
    (void)::setpriority(PRIO_PROCESS, 0, 19);
    constexpr int ioprio_who_process = 1, ioprio_class_idle = 3 << 13;
    (void)::syscall(SYS_ioprio_set, ioprio_who_process, 0, ioprio_class_idle);
    // When memory runs out, this process goes first.
    if (const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0) {
        (void)!::write(file, "1000", 4);
        ::close(file);
    }
}

}  // namespace

Result<BuiltSnapshot> build_snapshot(const SnapshotJob& job) {
    const auto start = monotonic_now();
    const auto snapshots = segments::list_snapshots(job.directory);
    if (!snapshots) return snapshots.error();
    Base base = newest_base(job, *snapshots);
    BuiltSnapshot built;
    built.base = base.through;
    if (base.through == job.through) return Error(ErrorCode::invalid, "there is a snapshot through that entry already");
    if (const Result<void> done = replay(job, base); !done) return done.error();
    std::string bytes;
    EngineSnapshot::encode(base.engine, INCIDENTD_VERSION, bytes);
    built.bytes = bytes.size();
    const Result<void> saved =
        segments::save_snapshot(segments::system_calls(), job.directory, job.through, base.at, bytes);
    if (!saved) return saved.error();
    built.seconds = std::chrono::duration<double>(monotonic_now() - start).count();
    const auto compressed = segments::compress_segments(segments::system_calls(), job.directory, base.through);
    if (compressed)
        built.compressed = *compressed;
    else
        built.not_compressed = compressed.error().message;
    return built;
}

int run_snapshot_builder(const SnapshotJob& job) {
    step_back(static_cast<pid_t>(job.parent));
    const Result<BuiltSnapshot> outcome = build_snapshot(job);
    const std::string text = outcome_text(outcome);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    std::_Exit(outcome ? exit_ok : exit_failed);  // the memory goes back faster than it could be taken apart
}

std::string outcome_text(const Result<BuiltSnapshot>& outcome) {
    if (!outcome) return "error " + outcome.error().message + "\n";
    const segments::Compressed& packed = outcome->compressed;
    std::ostringstream text;
    text << "built " << outcome->base.value << ' ' << outcome->bytes << ' ' << outcome->seconds << ' ' << packed.files
         << ' ' << packed.bytes_before << ' ' << packed.bytes_after << ' ' << outcome->not_compressed << '\n';
    return text.str();
}

Result<BuiltSnapshot> parse_outcome(const std::string& text) {
    std::istringstream words(text);
    std::string kind;
    BuiltSnapshot built;
    segments::Compressed& packed = built.compressed;
    if (words >> kind && kind == "built" &&
        words >> built.base.value >> built.bytes >> built.seconds >> packed.files >> packed.bytes_before >>
            packed.bytes_after) {
        std::getline(words >> std::ws, built.not_compressed);
        return built;
    }
    if (text.starts_with("error ") && text.ends_with("\n"))
        return Error(ErrorCode::io, text.substr(6, text.size() - 7));
    return Error(ErrorCode::io, "the process that builds snapshots ended without a word");
}

}  // namespace incidentd
