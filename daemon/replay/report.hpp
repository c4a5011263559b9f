// What a replay came to, for people, for programs and for a pull request.
#pragma once

#include "daemon/replay/compare.hpp"
#include "daemon/replay/replay.hpp"

#include <optional>
#include <string>

namespace incidentd {

struct ReplayReport {
    std::string recording;
    ReplaySpan span;
    const ReplayRun* after = nullptr;   // never null when it is rendered
    const ReplayRun* before = nullptr;  // of --against; null: none
    std::optional<Difference> difference;
};

std::string replay_text(const ReplayReport& report);
std::string replay_markdown(const ReplayReport& report);
std::string replay_json(const ReplayReport& report);

}  // namespace incidentd
