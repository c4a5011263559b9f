// The open end of a request: whoever holds it owes its sender an answer.
#pragma once

#include "adapters/http_message.hpp"

#include <memory>

namespace incidentd {

// send() may be called once, from any thread, also after the connection is gone (then it does nothing).
// Destroyed without send(): the sender gets a 503.
class Reply {
public:
    virtual ~Reply() = default;
    virtual void send(HttpReply reply) = 0;
};
using ReplyPtr = std::unique_ptr<Reply>;

}  // namespace incidentd
