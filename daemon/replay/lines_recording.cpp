// Alerts with times, a JSON object a line: what people without a journal can replay.
#include "adapters/alert_line.hpp"
#include "daemon/replay/recording.hpp"

#include <fstream>
#include <iostream>
#include <optional>

namespace incidentd {
namespace {

constexpr std::size_t batch_most = 1000;  // lines of one instant

class LinesRecording : public Recording {
public:
    explicit LinesRecording(std::string file) : file_(std::move(file)) {}

    Result<Correlator> engine() override {
        Correlator engine;
        return engine;
    }

    Result<void> read(const Visit& visit) override {
        std::ifstream opened;
        if (file_ != "-") opened.open(file_);
        std::istream& in = file_ == "-" ? std::cin : opened;
        if (!in) return Error(ErrorCode::io, "cannot read " + file_);
        std::uint64_t number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            if (line.empty()) continue;
            const Result<bool> more = take(line, visit);
            if (!more)
                return Error(ErrorCode::invalid, file_ + ":" + std::to_string(number) + ": " + more.error().message);
            if (!*more) return {};
        }
        flush(visit);
        return {};
    }

    std::string described() const override { return file_ == "-" ? "alerts of standard input" : "alerts of " + file_; }

private:
    // False: nothing more is wanted.
    Result<bool> take(std::string_view text, const Visit& visit) {
        const Result<AlertLineReader::Line> line = reader_.read(text);
        if (!line) return line.error();
        if (!line->at.is_set()) return Error(ErrorCode::invalid, "has no `at`: the time it came");
        const std::string_view source = line->source.empty() ? std::string_view("replay") : line->source;
        const bool same =
            batch_ && batch_->source() == source && line->at <= now_ && batch_->events().size() < batch_most;
        if (!same && !flush(visit)) return false;
        if (!now_.is_set() && !visit(Genesis{"replay", INCIDENTD_VERSION}, line->at)) return false;
        now_ = std::max(now_, line->at);
        if (!batch_) batch_.emplace(source);
        if (const Result<void> added = batch_->add(reader_.draft(), EventLimits{}); !added) return added.error();
        return true;
    }

    bool flush(const Visit& visit) {
        if (!batch_) return true;
        const bool more = visit(AlertsReceived{batch_->events()}, now_);
        batch_.reset();
        return more;
    }

    std::string file_;
    AlertLineReader reader_;
    std::optional<AlertBatch> batch_;
    Instant now_;
};

}  // namespace

Result<std::unique_ptr<Recording>> open_lines_recording(const std::string& file) {
    if (file != "-" && !std::ifstream(file)) return Error(ErrorCode::io, "cannot read " + file);
    return std::unique_ptr<Recording>(std::make_unique<LinesRecording>(file));
}

}  // namespace incidentd
