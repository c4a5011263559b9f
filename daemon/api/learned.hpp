// What the engine has learned from its alerts, for people to look at: GET /api/v1/learned.
#pragma once

#include "adapters/http_message.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

namespace incidentd {

// Ingest thread; asked on the shard's thread. The 100 surest pairs of checks.
void answer_learned(Inbox& inbox, ReplyPtr reply);

}  // namespace incidentd
