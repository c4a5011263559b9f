#include "daemon/snapshot_build.hpp"

#include "adapters/journals/segments/snapshots.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/child_process.hpp"
#include "daemon/cli.hpp"
#include "daemon/clock.hpp"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace incidentd {
Result<BuiltSnapshot> build_snapshot(const SnapshotJob& job) {
    const auto start = monotonic_now();
    const OfflineJob& offline = job.offline;
    OfflineEngine base = newest_engine(offline, offline.through);
    BuiltSnapshot built;
    built.base = base.through;
    if (base.through == offline.through)
        return Error(ErrorCode::invalid, "there is a snapshot through that entry already");
    if (const Result<void> done = replay(offline, base); !done) return done.error();
    std::string bytes;
    EngineSnapshot::encode(base.engine, INCIDENTD_VERSION, bytes);
    built.bytes = bytes.size();
    const Result<void> saved = segments::save_snapshot(segments::system_calls(), offline.directory, offline.through,
                                                       base.at, bytes, job.read_model);
    if (!saved) return saved.error();
    built.seconds = std::chrono::duration<double>(monotonic_now() - start).count();
    const auto compressed = segments::compress_segments(segments::system_calls(), offline.directory, built.base);
    if (compressed)
        built.compressed = *compressed;
    else
        built.not_compressed = compressed.error().message;
    return built;
}

int run_snapshot_builder(const SnapshotJob& job) {
    step_back(static_cast<pid_t>(job.offline.parent));
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
