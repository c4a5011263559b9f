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

    // After handle() was called for every request that was ready: what it put off may now be done for all of them.
    virtual void end_of_batch() {}

    // The head of a request whose body is still on its way: an answer here refuses it before its body is read (or asked
    // for, if the sender waits for "100 Continue"), and ends the connection. handle() follows otherwise.
    virtual std::optional<HttpReply> refuse_early(const HttpRequestView& head) = 0;

    // A request that cannot be taken whole although its line is known: 400 or 413. The answer of whoever would have got
    // it, who counts it; nullopt: nobody, so protocol_error() answers.
    virtual std::optional<HttpReply> refuse_broken(const HttpRequestView& /*line*/, int /*status*/,
                                                   std::string_view /*reason*/) {
        return std::nullopt;
    }

    // The body of an answer to bytes that are not an acceptable request: 400, 408, 413, 414, 417, 431, 501 or 503.
    virtual HttpReply protocol_error(int status, std::string_view reason) = 0;
};

}  // namespace incidentd
