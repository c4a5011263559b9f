// What operators ask of the running daemon: POST /api/v1/incidents/{incident}/acknowledge|unacknowledge and
// POST /api/v1/deliveries/{incident}[/{sink}]/retry|drop. Each becomes a journaled OperatorCommand.
#pragma once

#include "adapters/http_message.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <functional>

namespace incidentd {

class OperatorApi {
public:
    // `stalled`: the journal takes no writes; then everything is answered 503 at once.
    OperatorApi(Inbox& inbox, std::function<bool()> stalled) : inbox_(inbox), stalled_(std::move(stalled)) {}

    // Ingest thread. The body is a JSON object with the optional texts `actor` and `comment`, and must be declared as
    // application/json: no web page of another origin can send that unasked. Answers 200 once the command is durable;
    // 400, 404, 409 (nothing to do), 415 or 503 otherwise.
    void incidents(const HttpRequestView& request, ReplyPtr reply) const;
    void deliveries(const HttpRequestView& request, ReplyPtr reply) const;

private:
    void command(const HttpRequestView& request, OperatorCommand command, ReplyPtr reply) const;

    Inbox& inbox_;
    const std::function<bool()> stalled_;
};

}  // namespace incidentd
