// What the engine has learned from its alerts, for people to look at: GET /api/v1/learned.
#pragma once

#include "adapters/http_message.hpp"
#include "correlator/co_occurrence.hpp"
#include "correlator/estate.hpp"
#include "correlator/learning.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <string>
#include <vector>

namespace incidentd {

// Ingest thread; asked on the shard's thread. The 100 surest pairs of checks, and links that labels
// taught. `?output=text`: for people.
void answer_learned(Inbox& inbox, const HttpRequestView& request, ReplyPtr reply);

struct Learned {
    LearnSettings learn;
    std::vector<LearnedPair> pairs;
    std::vector<Estate::LearnedLink> links;  // the first hundred
    std::size_t links_total = 0;
};
std::string learned_as_json(const Learned& learned);
std::string learned_as_text(const Learned& learned);

}  // namespace incidentd
