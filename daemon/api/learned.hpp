// What the engine has learned from its alerts, for people to look at: GET /api/v1/learned.
#pragma once

#include "adapters/http_message.hpp"
#include "correlator/co_occurrence.hpp"
#include "correlator/learning.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <string>
#include <vector>

namespace incidentd {

// Ingest thread; asked on the shard's thread. The 100 surest pairs of checks. `?output=text`: for people.
void answer_learned(Inbox& inbox, const HttpRequestView& request, ReplyPtr reply);

std::string learned_as_json(const LearnSettings& learn, const std::vector<LearnedPair>& pairs);
std::string learned_as_text(const LearnSettings& learn, const std::vector<LearnedPair>& pairs);

}  // namespace incidentd
