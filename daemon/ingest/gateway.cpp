#include "daemon/ingest/gateway.hpp"

#include "daemon/clock.hpp"
#include "daemon/ingest/tracked_reply.hpp"
#include "daemon/token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace incidentd {

namespace {

bool has_header(const HttpReply& reply, std::string_view name) {
    return std::any_of(reply.headers.begin(), reply.headers.end(), [&](const auto& h) { return h.first == name; });
}

void set_default_header(HttpReply& reply, std::string_view name, std::string_view value) {
    if (!has_header(reply, name)) reply.headers.emplace_back(name, value);
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ",")); }

bool has_recovery(const AlertBatch& batch) {
    return std::any_of(batch.events().begin(), batch.events().end(),
                       [](const AlertEvent& event) { return event.kind == EventKind::resolved; });
}

// Only a form may carry its token in the body; for everything else the head says all.
bool is_form(const HttpRequestView& request) {
    return request.media_type() == "application/x-www-form-urlencoded" ||
           request.media_type().starts_with("multipart/");
}

// The API's tokens come as sources' default ones do: Bearer, or the password of Basic.
class ApiCredential final : public Source {
public:
    std::vector<SourceRoute> routes() const override { return {}; }
    ParseOutcome parse(const HttpRequestView&, Instant, AlertBatch&) override { return {}; }
};

bool token_accepted(const Source& source, const HttpRequestView& request, std::span<const TokenHash> known) {
    const auto offered = source.credential(request);
    return offered && token_matches(*offered, known);
}

}  // namespace

struct Gateway::Overload {
    std::string_view reason;  // of the metric
    std::string_view message;
    Duration wait{0};  // known for a rate alone
};

struct Gateway::Call {
    explicit Call(const HttpRequestView& raw) : request(raw), received(monotonic_now()) {}
    Call(const Call&) = delete;  // full_path may point into folded
    Call& operator=(const Call&) = delete;

    HttpRequestView request;  // path folded; of a source's request also cut at its mount
    std::string_view full_path;
    std::string folded;
    std::string id;
    std::chrono::steady_clock::time_point received;
    RouteMatch match;
    ReplyPtr reply;  // null while only the head is there
};

Gateway::Gateway(GatewaySetup setup, Inbox& inbox, Metrics& metrics, Log& log)
    : setup_(std::move(setup)), inbox_(inbox), metrics_(metrics), log_(log), id_prefix_(random_hex(4).value()) {
    for (std::size_t i = 0; i < setup_.sources.size(); ++i) {
        routes_.add(i, setup_.sources[i].mount, setup_.sources[i].source->routes());
    }
}

void Gateway::add_route(ApiRoute route) { routes_.add(std::move(route)); }

void Gateway::handle(const HttpRequestView& request, ReplyPtr reply) {
    Call call(request);
    route(call);
    std::optional<std::uint32_t> source;
    if (call.match.source) source = static_cast<std::uint32_t>(*call.match.source);
    call.reply = make_tracked_reply(std::move(reply), {call.id, source, call.received}, metrics_);
    if (auto refusal = refusal_of_head(call, true)) {
        call.reply->send(std::move(*refusal));
    } else if (call.match.api != nullptr) {
        call.match.api->handle(call.request, std::move(call.reply));
    } else {
        take_alerts(call);
    }
}

void Gateway::end_of_batch() {
    if (std::exchange(shard_sleeps_, false)) inbox_.wake();
}

std::optional<HttpReply> Gateway::refuse_early(const HttpRequestView& head) {
    Call call(head);
    route(call);
    auto refusal = refusal_of_head(call, false);
    if (!refusal) return std::nullopt;
    add_request_id(*refusal, call.id);
    if (call.match.source) metrics_.request_done(static_cast<std::uint32_t>(*call.match.source), refusal->status, 0);
    return refusal;
}

std::optional<HttpReply> Gateway::refuse_broken(const HttpRequestView& line, int status, std::string_view reason) {
    Call call(line);
    route(call);
    if (!call.match.source) return std::nullopt;
    HttpReply reply =
        refuse(call, *call.match.source, status == 413 ? RejectReason::too_large : RejectReason::malformed, reason);
    add_request_id(reply, call.id);
    metrics_.request_done(static_cast<std::uint32_t>(*call.match.source), reply.status, 0);
    return reply;
}

HttpReply Gateway::protocol_error(int status, std::string_view reason) {
    HttpReply reply = json_error(status, reason);
    add_request_id(reply, next_request_id());
    return reply;
}

void Gateway::route(Call& call) {
    call.id = next_request_id();
    call.full_path = fold_slashes(call.request.path, call.folded);
    call.match = routes_.find(call.request.method, call.full_path);
    call.request.path = call.match.source ? call.match.rest : call.full_path;
}

// What speaks against a request before its alerts are looked at. `whole`: the body is there.
std::optional<HttpReply> Gateway::refusal_of_head(Call& call, bool whole) {
    if (call.match.api != nullptr) return refusal_by_api(call);
    if (call.match.source) return refusal_by_source(call, whole);
    return unrouted(call);
}

std::optional<HttpReply> Gateway::refusal_by_api(Call& call) {
    if (call.match.api->auth == RouteAuth::open || setup_.api_tokens.empty()) return std::nullopt;
    if (token_accepted(ApiCredential(), call.request, setup_.api_tokens)) return std::nullopt;
    log_.warning("API request refused", {{"peer", call.request.peer},
                                         {"request_id", call.id},
                                         {"path", call.full_path},
                                         {"reason", to_string(RejectReason::unauthorized)}});
    HttpReply reply = json_error(401, "an API token is required: Authorization: Bearer <token>");
    set_default_header(reply, "WWW-Authenticate", "Bearer realm=\"incidentd\"");
    return reply;
}

std::optional<HttpReply> Gateway::refusal_by_source(Call& call, bool whole) {
    const std::size_t index = *call.match.source;
    const GatewaySource& entry = setup_.sources[index];
    const bool judge_token = !entry.tokens.empty() && (whole || !is_form(call.request));
    if (judge_token && !token_accepted(*entry.source, call.request, entry.tokens)) {
        return refuse(call, index, RejectReason::unauthorized, "a valid token of this source is required");
    }
    const std::string_view coding = call.request.header("content-encoding");
    if (!coding.empty() && coding != "identity") {
        return refuse(call, index, RejectReason::media_type,
                      "compressed bodies are not accepted: send no Content-Encoding");
    }
    if (setup_.stalled && setup_.stalled()) {
        return refuse(call, index, RejectReason::unavailable, "the journal cannot be written at the moment");
    }
    return std::nullopt;
}

// The wording is that of go-openapi, which Alertmanager's clients know.
HttpReply Gateway::unrouted(const Call& call) {
    const bool wrong_method = !call.match.allowed.empty();
    const std::string allow = joined(call.match.allowed);
    const std::string message = wrong_method
                                    ? fmt::format("method {} is not allowed, but [{}] are", call.request.method, allow)
                                    : fmt::format("path {} was not found", call.full_path);
    HttpReply reply;
    if (call.match.refusing) {
        const auto reason = wrong_method ? RejectReason::method : RejectReason::not_found;
        reply = refuse(call, *call.match.refusing, reason, message);
    } else {
        reply = json_error(wrong_method ? 405 : 404, message);
    }
    if (wrong_method) set_default_header(reply, "Allow", allow);
    return reply;
}

HttpReply Gateway::refuse(const Call& call, std::size_t source, RejectReason reason, std::string_view message) {
    const GatewaySource& entry = setup_.sources[source];
    metrics_.request_refused(static_cast<std::uint32_t>(source), reason);
    log_.warning("request refused", {{"source", entry.name},
                                     {"peer", call.request.peer},
                                     {"request_id", call.id},
                                     {"reason", to_string(reason)},
                                     {"detail", message}});
    HttpReply reply = entry.source->refuse(reason, message);
    if (reply.status == 401) set_default_header(reply, "WWW-Authenticate", "Bearer realm=\"incidentd\"");
    if (reason == RejectReason::overloaded) set_default_header(reply, "Retry-After", "1");
    return reply;
}

void Gateway::take_alerts(Call& call) {
    const std::size_t index = *call.match.source;
    const GatewaySource& entry = setup_.sources[index];
    AlertBatch batch(entry.name);
    ParseOutcome outcome = entry.source->parse(call.request, wall_clock_now(), batch);
    note_rejected(call, outcome.rejected);
    if (outcome.refused) {
        metrics_.request_refused(static_cast<std::uint32_t>(index), outcome.refused->reason);
        log_.warning("request refused", {{"source", entry.name},
                                         {"peer", call.request.peer},
                                         {"request_id", call.id},
                                         {"reason", to_string(outcome.refused->reason)},
                                         {"detail", outcome.refused->message}});
        call.reply->send(std::move(outcome.reply));
        return;
    }
    if (batch.events().empty()) {
        call.reply->send(std::move(outcome.reply));
        return;
    }
    queue(call, std::move(batch), std::move(outcome.reply));
}

// A recovery is never refused by a limit of ours: it frees what the limit protects, and its sender may not repeat it.
void Gateway::queue(Call& call, AlertBatch batch, HttpReply accepted) {
    const std::size_t index = *call.match.source;
    const bool privileged = has_recovery(batch);
    const Instant now = wall_clock_now();
    const std::size_t alerts = batch.events().size();
    if (!privileged)
        if (const auto overload = overload_of(index, alerts, now))
            return call.reply->send(refuse_overload(call, index, *overload));
    if (log_.wants(LogLevel::debug)) {
        log_.debug("alerts received", {{"source", setup_.sources[index].name},
                                       {"peer", call.request.peer},
                                       {"request_id", call.id},
                                       {"alerts", batch.events().size()}});
    }
    InboxItem item = AlertsItem{static_cast<std::uint32_t>(index), std::move(batch), std::move(accepted),
                                std::move(call.reply), call.received};
    const Inbox::Push pushed = inbox_.push(item, privileged, Inbox::Wake::later);
    if (pushed == Inbox::Push::taken) {
        shard_sleeps_ = true;
        return setup_.sources[index].rate.take(now, alerts);
    }
    call.reply = std::move(std::get<AlertsItem>(item).reply);
    if (pushed == Inbox::Push::closed)
        return call.reply->send(refuse(call, index, RejectReason::unavailable, "the daemon is stopping"));
    const bool full = pushed == Inbox::Push::full;
    const Overload overload{full ? "inbox" : "share", full ? "too many alerts are waiting to be stored"
                                                           : "too many alerts of this source are waiting to be stored"};
    call.reply->send(refuse_overload(call, index, overload));
}

std::optional<Gateway::Overload> Gateway::overload_of(std::size_t source, std::size_t alerts, Instant now) {
    if (setup_.table_full && setup_.table_full()) return Overload{"table", "as many alerts are active as are allowed"};
    if (setup_.memory_full && setup_.memory_full()) return Overload{"memory", "the memory that is allowed is in use"};
    const Duration wait = setup_.sources[source].rate.wait(now, alerts);
    if (wait.ms == 0) return std::nullopt;
    return Overload{"rate", "this source sends more alerts per second than its rate allows", wait};
}

HttpReply Gateway::refuse_overload(const Call& call, std::size_t source, const Overload& overload) {
    metrics_.overload_refused(overload.reason);
    HttpReply reply = refuse(call, source, RejectReason::overloaded, overload.message);
    if (overload.wait.ms > 0) {
        std::erase_if(reply.headers, [](const auto& header) { return header.first == "Retry-After"; });
        set_default_header(reply, "Retry-After", std::to_string((overload.wait.ms + 999) / 1000));
    }
    return reply;
}

void Gateway::note_rejected(const Call& call, const std::vector<ItemError>& rejected) {
    if (rejected.empty()) return;
    const std::size_t index = *call.match.source;
    for (const ItemError& error : rejected) metrics_.alert_rejected(static_cast<std::uint32_t>(index), error.reason);
    const ItemError& first = rejected.front();
    log_.warning("alerts rejected", {{"source", setup_.sources[index].name},
                                     {"peer", call.request.peer},
                                     {"request_id", call.id},
                                     {"alerts", rejected.size()},
                                     {"first_index", first.index},
                                     {"reason", to_string(first.reason)},
                                     {"detail", first.message}});
}

std::string Gateway::next_request_id() { return fmt::format("{}-{}", id_prefix_, ++last_id_); }

}  // namespace incidentd
