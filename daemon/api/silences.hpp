// Silences through Alertmanager's API v2, so that amtool and its kin work unchanged: each change is a journaled input.
// Format and answers: prometheus/alertmanager v0.25.0 api/v2/api.go, silence/silence.go.
#pragma once

#include "adapters/http_message.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace incidentd {

// Ingest thread. Questions and checks run on the shard's thread; what changes something is answered once it is durable.
class SilenceApi {
public:
    // `stalled`: the journal takes no writes; then changes are answered 503 at once.
    SilenceApi(Inbox& inbox, std::function<bool()> stalled) : inbox_(inbox), stalled_(std::move(stalled)) {}

    // Those of rule files are listed and found by their names, and cannot be changed or expired here.
    void list(const HttpRequestView& request, ReplyPtr reply) const;    // GET /api/v2/silences
    void post(const HttpRequestView& request, ReplyPtr reply) const;    // POST /api/v2/silences
    void get(const HttpRequestView& request, ReplyPtr reply) const;     // GET /api/v2/silence/{id}
    void expire(const HttpRequestView& request, ReplyPtr reply) const;  // DELETE /api/v2/silence/{id}

private:
    void ask(std::function<void(const Correlator&)> question, const std::shared_ptr<ReplyPtr>& reply) const;

    Inbox& inbox_;
    const std::function<bool()> stalled_;
};

}  // namespace incidentd
