// An HttpReply as the head of an HTTP/1.1 response.
#pragma once

#include "adapters/http_message.hpp"

#include <string>
#include <string_view>

namespace incidentd {

struct ResponseFrame {
    bool keep_alive = true;
    bool http_1_0 = false;  // the request's version: keep-alive must then be said
    std::string_view date;  // IMF-fixdate; empty: no Date header
};

// Status line and headers with the empty line; the body follows separately. Content-Length is always there, except for
// 1xx and 204, which must not have one. Control characters in values become spaces: a value can never start a new
// header.
std::string response_head(const HttpReply& reply, const ResponseFrame& frame);

// "Tue, 03 Feb 2026 04:05:06 GMT"
std::string http_date(std::int64_t unix_seconds);

}  // namespace incidentd
