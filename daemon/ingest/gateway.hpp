// Everything between a whole HTTP request and the inbox: routes, tokens, parsing, admission, and the answers of those
// who are not let in. Ingest thread only; replies come back from any.
#pragma once

#include "adapters/source.hpp"
#include "daemon/config.hpp"
#include "daemon/inbox.hpp"
#include "daemon/ingest/http_handler.hpp"
#include "daemon/ingest/routes.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics.hpp"
#include "daemon/rate_limit.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// A configured source. Its place in the list is its index in Metrics and in AlertsItem.
struct GatewaySource {
    std::string name;
    std::string mount;  // "" or "/prefix"
    Source* source = nullptr;
    std::vector<TokenHash> tokens;  // empty: no token asked
    RateLimit rate{};               // of alerts; batches with a recovery pass it, and count
};

struct GatewaySetup {
    std::vector<GatewaySource> sources;
    std::vector<TokenHash> api_tokens;  // empty: the API asks for none
    // Asked before a batch is queued. While true, batches without a recovery are refused as overloaded. May be empty.
    std::function<bool()> table_full;
    // The same while the process uses more memory than it may. May be empty.
    std::function<bool()> memory_full;
    // Asked before a request is parsed. While true (the journal takes no writes) it is refused as unavailable. May be
    // empty.
    std::function<bool()> stalled;
};

class Gateway final : public HttpHandler {
public:
    // The sources, `inbox`, `metrics` and `log` outlive the gateway and every reply it handed on.
    Gateway(GatewaySetup setup, Inbox& inbox, Metrics& metrics, Log& log);

    void add_route(ApiRoute route);  // before the server starts

    void handle(const HttpRequestView& request, ReplyPtr reply) override;
    void end_of_batch() override;
    std::optional<HttpReply> refuse_early(const HttpRequestView& head) override;
    std::optional<HttpReply> refuse_broken(const HttpRequestView& line, int status, std::string_view reason) override;
    HttpReply protocol_error(int status, std::string_view reason) override;

private:
    struct Call;  // one request on its way through
    void route(Call& call);
    std::optional<HttpReply> refusal_of_head(Call& call, bool whole);
    std::optional<HttpReply> refusal_by_source(Call& call, bool whole);
    std::optional<HttpReply> refusal_by_api(Call& call);
    HttpReply unrouted(const Call& call);
    HttpReply refuse(const Call& call, std::size_t source, RejectReason reason, std::string_view message);
    void take_alerts(Call& call);
    void queue(Call& call, AlertBatch batch, HttpReply accepted);
    struct Overload;  // a bound that is met, and when to come back
    std::optional<Overload> overload_of(std::size_t source, std::size_t alerts, Instant now);
    HttpReply refuse_overload(const Call& call, std::size_t source, const Overload& overload);
    void note_rejected(const Call& call, const std::vector<ItemError>& rejected);
    std::string next_request_id();

    GatewaySetup setup_;
    Inbox& inbox_;
    Metrics& metrics_;
    Log& log_;
    RouteTable routes_;
    const std::string id_prefix_;  // random: ids of two runs do not meet
    std::uint64_t last_id_ = 0;
    bool shard_sleeps_ = false;  // items were put in without waking it
};

}  // namespace incidentd
