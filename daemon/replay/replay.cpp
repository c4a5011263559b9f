#include "daemon/replay/replay.hpp"

#include "daemon/clock.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t name_bytes_max = 120;
constexpr std::size_t names_max = 1'000'000;  // further ones are not named in the report

std::string name_of(const AlertEvent& event) {
    std::string name;
    for (const LabelView& label : event.labels) {
        if (name.size() + label.name.size() + label.value.size() > name_bytes_max) break;
        name += (name.empty() ? "" : ", ") + std::string(label.name) + "=" + std::string(label.value);
    }
    return name.empty() ? std::string(event.key) : name;
}

class Pass {
public:
    Pass(const std::vector<ReplayRun*>& runs, Follow follow, ReplaySpan& span)
        : runs_(runs), follow_(follow), span_(span) {}

    void input(const Input& input, Instant at) {
        if (!span_.from.is_set()) span_.from = at;
        span_.to = std::max(span_.to, at);
        for (ReplayRun* run : runs_) run->apply(input, at);
        const auto* received = std::get_if<AlertsReceived>(&input);
        if (received == nullptr) return;
        span_.messages += received->events.size();
        if (follow_ == Follow::nothing) return;
        for (const AlertEvent& event : received->events)
            if (follow_ == Follow::messages || is_onset(event)) follow(event, at);
    }

private:
    bool is_onset(const AlertEvent& event) const {
        if (event.refresh || event.kind != EventKind::firing) return false;
        return std::any_of(runs_.begin(), runs_.end(), [&event](const ReplayRun* run) { return run->is_onset(event); });
    }

    void follow(const AlertEvent& event, Instant at) {
        if (next_ >= followed_max) return;
        for (ReplayRun* run : runs_) run->follow(event, static_cast<std::uint32_t>(next_));
        ++next_;
        span_.at.push_back(at);
        if (follow_ == Follow::onsets && span_.names.size() < names_max) span_.names.push_back(name_of(event));
    }

    const std::vector<ReplayRun*>& runs_;
    const Follow follow_;
    ReplaySpan& span_;
    std::uint64_t next_ = 0;
};

}  // namespace

Result<ReplaySpan> replay(Recording& recording, const std::vector<ReplayRun*>& runs, Follow follow) {
    ReplaySpan span;
    Pass pass(runs, follow, span);
    const auto start = monotonic_now();
    const Result<void> done = recording.read([&pass](const Input& input, Instant at) {
        pass.input(input, at);
        return true;
    });
    span.seconds = std::chrono::duration<double>(monotonic_now() - start).count();
    if (!done) return done.error();
    for (ReplayRun* run : runs) run->finish();
    return span;
}

}  // namespace incidentd
