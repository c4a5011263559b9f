// What the HTTP server asks of the rest of the daemon. All calls come from the ingest thread.
#pragma once

#include "adapters/http_message.hpp"
#include "daemon/reply.hpp"

#include <optional>
#include <string_view>

namespace incidentd {

class HttpHandler {
public:
    virtual ~HttpHandler() = default;

    // A whole request. `path` is the request target's, untouched; `request` and what it borrows stay valid until the
    // reply was sent or dropped, at least until this call returns. Must not block.
    virtual void handle(const HttpRequestView& request, ReplyPtr reply) = 0;

    // The head of a request whose body is still on its way: an answer here refuses it before its body is read (or asked
    // for, if the sender waits for "100 Continue"), and ends the connection. handle() follows otherwise.
    virtual std::optional<HttpReply> refuse_early(const HttpRequestView& head) = 0;

    // The body of an answer to bytes that are not an acceptable request: 400, 408, 413, 414, 417, 431, 501 or 503.
    virtual HttpReply protocol_error(int status, std::string_view reason) = 0;
};

}  // namespace incidentd
