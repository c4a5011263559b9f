// HTTP as values, both ways. Nothing here knows of sockets.
#pragma once

#include "correlator/time.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

struct HeaderView {
    std::string_view name;
    std::string_view value;
};

// A request we received; borrows from the connection's buffers.
struct HttpRequestView {
    std::string_view method;   // upper case
    std::string_view path;     // percent-decoding not applied, repeated slashes folded, the source's mount cut off: "/" at least
    std::string_view query;    // without '?'; raw
    std::span<const HeaderView> headers;
    std::string_view body;
    std::string_view peer;     // "127.0.0.1:40112", for people

    std::string_view header(std::string_view name) const;  // case-insensitive; "" when absent; the first of several
    std::string_view media_type() const;  // content-type without parameters, as sent
};

// An answer of ours.
struct HttpReply {
    int status = 200;
    std::string content_type;  // empty: no Content-Type header
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  // further ones
};

// A request of ours to a sink.
struct HttpCall {
    std::string method = "POST";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    Duration timeout = seconds(10);  // connect to last byte
};

struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    std::string_view header(std::string_view name) const;  // case-insensitive; "" when absent
};

// application/x-www-form-urlencoded and query strings: the decoded value of the last `name`, and whether it was there.
bool form_value(std::string_view encoded, std::string_view name, std::string& out);
std::vector<std::string> form_values(std::string_view encoded, std::string_view name);  // of every `name`, decoded
std::string percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);  // RFC 3986 unreserved stay
std::string base64_decode(std::string_view text);   // "" when malformed

}  // namespace incidentd
