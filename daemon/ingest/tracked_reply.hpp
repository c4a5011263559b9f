// A reply that puts the request's id on the answer and counts it, whoever sends it in the end.
#pragma once

#include "daemon/metrics.hpp"
#include "daemon/reply.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace incidentd {

struct TrackedRequest {
    std::string id;
    std::optional<std::uint32_t> source;  // nullopt: not a source's request, not counted
    std::chrono::steady_clock::time_point received;
};

// `metrics` outlives the reply. Dropped without send(): counted and answered as 503.
ReplyPtr make_tracked_reply(ReplyPtr inner, TrackedRequest request, Metrics& metrics);

// The header alone, for answers that are given at once.
void add_request_id(HttpReply& reply, const std::string& id);

}  // namespace incidentd
