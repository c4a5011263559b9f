// A journal directory as something to replay.
#include "daemon/replay/recording.hpp"

#include "adapters/journals/segments/offline.hpp"
#include "adapters/journals/segments/snapshots.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/recovery.hpp"

#include <filesystem>
#include <optional>

namespace incidentd {
namespace {

class JournalRecording : public Recording {
public:
    JournalRecording(std::string directory, Sequence first) : directory_(std::move(directory)), next_(first) {}

    Result<Correlator> engine() override {
        if (next_.value <= 1) return Correlator();
        const auto snapshots = segments::list_snapshots(directory_);
        if (!snapshots) return snapshots.error();
        for (const Sequence through : *snapshots) {
            if (through.value + 1 < next_.value) continue;
            const Result<Journal::Snapshot> snapshot = segments::load_snapshot(directory_, through);
            if (!snapshot) continue;
            Result<RestoredEngine> restored =
                EngineSnapshot::decode(snapshot->bytes, EngineLimits{}, compile_journaled);
            if (!restored) continue;
            next_ = {through.value + 1};
            return std::move(restored->engine);
        }
        return Error(ErrorCode::not_found, "the journal begins with entry " + std::to_string(next_.value) +
                                               " and no snapshot that can be read stands for what was before");
    }

    Result<void> read(const Visit& visit) override {
        DecodeScratch scratch;
        std::optional<Error> failure;
        bool stopped = false;
        const Result<void> done =
            segments::read_entries(directory_, next_, {UINT64_MAX - 1}, [&](const JournalEntry& entry) {
                Result<Input> input = journaled_input(entry, scratch);
                if (!input) {
                    failure = input.error();
                    return false;
                }
                last_read_ = entry.sequence;
                stopped = !visit(*input, entry.at);
                return !stopped;
            });
        if (failure) return *failure;
        // The newest segment has no end mark: behind its last whole entry lies what was not written yet.
        if (!done && !stopped && !is_newest_end(done.error())) return done.error();
        return {};
    }

    std::string described() const override {
        return "journal " + directory_ + " from entry " + std::to_string(next_.value);
    }

private:
    bool is_newest_end(const Error& error) const {
        const auto all = segments::list_segments(directory_);
        if (error.code != ErrorCode::corrupt || !all || all->empty()) return false;
        return last_read_.value + 1 >= all->back().first.value;
    }

    std::string directory_;
    Sequence next_, last_read_;
};

}  // namespace

Result<std::unique_ptr<Recording>> open_journal_recording(const std::string& directory) {
    std::string place = directory;
    std::error_code error;
    if (std::filesystem::is_directory(place + "/journal", error)) place += "/journal";
    const auto all = segments::list_segments(place);
    if (!all) return all.error();
    if (all->empty())
        return Error(ErrorCode::not_found, place + " holds no journal; name the daemon's state directory");
    return std::unique_ptr<Recording>(std::make_unique<JournalRecording>(place, all->front().first));
}

}  // namespace incidentd
