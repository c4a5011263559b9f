#include "adapters/source.hpp"

#include "adapters/json.hpp"

#include <utility>

namespace incidentd {
namespace {

// "Bearer abc" with scheme "bearer" gives "abc"; schemes are case-insensitive.
std::optional<std::string_view> after_scheme(std::string_view value, std::string_view scheme) {
    if (value.size() <= scheme.size() || value[scheme.size()] != ' ') return std::nullopt;
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        if ((value[i] | 0x20) != scheme[i]) return std::nullopt;
    }
    value.remove_prefix(scheme.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    return value;
}

constexpr std::size_t rejected_shown_max = 100;  // in one reply; the rest is given as a number

}  // namespace

std::string_view to_string(RejectReason reason) {
    switch (reason) {
        case RejectReason::malformed:
            return "malformed";
        case RejectReason::invalid_field:
            return "invalid_field";
        case RejectReason::too_large:
            return "too_large";
        case RejectReason::invalid_utf8:
            return "invalid_utf8";
        case RejectReason::media_type:
            return "media_type";
        case RejectReason::unauthorized:
            return "unauthorized";
        case RejectReason::not_found:
            return "not_found";
        case RejectReason::method:
            return "method";
        case RejectReason::empty:
            return "empty";
        case RejectReason::overloaded:
            return "overloaded";
        case RejectReason::unavailable:
            return "unavailable";
    }
    return "malformed";
}

int default_status(RejectReason reason) {
    switch (reason) {
        case RejectReason::malformed:
        case RejectReason::invalid_field:
        case RejectReason::invalid_utf8:
        case RejectReason::empty:
            return 400;
        case RejectReason::too_large:
            return 413;
        case RejectReason::media_type:
            return 415;
        case RejectReason::unauthorized:
            return 401;
        case RejectReason::not_found:
            return 404;
        case RejectReason::method:
            return 405;
        case RejectReason::overloaded:
            return 429;
        case RejectReason::unavailable:
            return 503;
    }
    return 400;
}

std::optional<std::string> Source::credential(const HttpRequestView& request) const {
    const std::string_view value = request.header("authorization");
    if (const auto token = after_scheme(value, "bearer")) return std::string(*token);
    if (const auto basic = after_scheme(value, "basic")) {
        const std::string pair = base64_decode(*basic);
        const std::size_t colon = pair.find(':');
        if (colon != std::string::npos) return pair.substr(colon + 1);
    }
    return std::nullopt;
}

HttpReply Source::refuse(RejectReason reason, std::string_view message) const {
    HttpReply reply = json_error(default_status(reason), message);
    add_refusal_headers(reply);
    return reply;
}

void add_refusal_headers(HttpReply& reply) {
    if (reply.status == 429 || reply.status == 503) reply.headers.emplace_back("Retry-After", "2");
    if (reply.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"incidentd\"");
}

HttpReply json_error(int status, std::string_view message) {
    HttpReply reply;
    reply.status = status;
    reply.content_type = "application/json";
    reply.body = "{\"error\":";
    append_json_string(reply.body, message);
    reply.body += '}';
    return reply;
}

RejectReason reject_reason(const Error& error) {
    return error.code == ErrorCode::too_large ? RejectReason::too_large : RejectReason::invalid_field;
}

ParseOutcome refused(const Source& source, RejectReason reason, std::string message) {
    ParseOutcome outcome;
    outcome.reply = source.refuse(reason, message);
    outcome.refused = ItemError{0, reason, std::move(message)};
    return outcome;
}

void add_alert(AlertBatch& out, const AlertDraft& draft, const EventLimits& limits, std::size_t index,
               std::vector<ItemError>& rejected) {
    const auto added = out.add(draft, limits);
    if (!added) rejected.push_back({index, reject_reason(added.error()), added.error().message});
}

HttpReply batch_reply(std::size_t accepted, const std::vector<ItemError>& rejected) {
    HttpReply reply;
    const bool failed = accepted == 0 && !rejected.empty();
    reply.status = failed ? 422 : 200;
    reply.content_type = "application/json";
    reply.body = failed ? "{\"status\":\"error\",\"accepted\":" : "{\"status\":\"ok\",\"accepted\":";
    reply.body += std::to_string(accepted) + ",\"rejected\":[";
    for (std::size_t i = 0; i < rejected.size() && i < rejected_shown_max; ++i) {
        if (i > 0) reply.body += ',';
        reply.body += "{\"index\":" + std::to_string(rejected[i].index) + ",\"reason\":";
        append_json_string(reply.body, rejected[i].message);
        reply.body += '}';
    }
    reply.body += ']';
    if (rejected.size() > rejected_shown_max) {
        reply.body += ",\"rejected_omitted\":" + std::to_string(rejected.size() - rejected_shown_max);
    }
    reply.body += '}';
    return reply;
}

}  // namespace incidentd
