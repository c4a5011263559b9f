// Prometheus, amtool and everything else that believes it talks to Alertmanager's API v2.
#include "adapters/json.hpp"
#include "adapters/sources/prometheus/postable_alerts.hpp"

#include <utility>

namespace incidentd::sources::prometheus {
namespace {

HttpReply api_error(int status, int code, std::string_view message) {
    HttpReply reply;
    reply.status = status;
    reply.content_type = "application/json";
    reply.body = "{\"code\":" + std::to_string(code) + ",\"message\":";
    append_json_string(reply.body, message);
    reply.body += '}';
    return reply;
}

// The schema error of Alertmanager's generated server for a missing required member or body.
constexpr int code_required = 602;

class PrometheusSource final : public Source {
public:
    PrometheusSource(Duration resolve_timeout, EventLimits limits) : reader_(resolve_timeout, limits) {}

    std::vector<SourceRoute> routes() const override { return {{"POST", "/api/v2/alerts"}}; }

    ParseOutcome parse(const HttpRequestView& request, Instant received_at, AlertBatch& out) override {
        const std::string_view type = request.media_type();
        if (!type.empty() && !is_json_media_type(type)) {
            std::string message = "unsupported media type ";
            append_json_string(message, type);
            return refused(*this, RejectReason::media_type, message + ", only [application/json] are allowed");
        }
        PostableOutcome read = reader_.read(request.body, received_at, out);
        ParseOutcome outcome;
        outcome.rejected = std::move(read.rejected);
        if (read.refused) return refused(*this, read.refused->reason, std::move(read.refused->message));
        if (!outcome.rejected.empty()) outcome.reply = reply_of(outcome.rejected, read.worst);
        return outcome;
    }

    HttpReply refuse(RejectReason reason, std::string_view message) const override {
        HttpReply reply = refusal(reason, message);
        add_refusal_headers(reply);
        return reply;
    }

private:
    static HttpReply refusal(RejectReason reason, std::string_view message) {
        switch (reason) {
            case RejectReason::empty:
                return api_error(422, code_required, "alerts in body is required");
            case RejectReason::malformed:
            case RejectReason::invalid_field:
            case RejectReason::invalid_utf8:
                return api_error(400, 400, "parsing alerts body from \"\" failed, because " + std::string(message));
            // Prometheus drops what it is refused with any status; 503 is the one that Alertmanager itself uses.
            case RejectReason::overloaded:
                return api_error(503, 503, message);
            default:
                return api_error(default_status(reason), default_status(reason), message);
        }
    }

    // Alertmanager decodes, then checks the schema, then validates: the earliest step that failed gives the answer.
    static HttpReply reply_of(const std::vector<ItemError>& rejected, const PostableFault& worst) {
        switch (worst.step) {
            case PostableFault::Step::decode:
                return api_error(400, 400, "parsing alerts body from \"\" failed, because " + worst.message);
            case PostableFault::Step::schema:
                return api_error(422, worst.code, worst.message);
            case PostableFault::Step::validation:
                break;
        }
        HttpReply reply;
        reply.status = 400;
        reply.content_type = "application/json";
        std::string all;
        constexpr std::size_t shown_max = 100;
        for (std::size_t i = 0; i < rejected.size() && i < shown_max; ++i) {
            if (i > 0) all += "; ";
            all += rejected[i].message;
        }
        append_json_string(reply.body, all);
        return reply;
    }

    PostableAlertsReader reader_;
};

std::unique_ptr<Source> make(const SourceSetup& setup, Problems&) {
    return std::make_unique<PrometheusSource>(setup.options.duration("resolve_timeout"), setup.limits);
}

}  // namespace

const SourceSpec& spec() {
    static const SourceSpec value{"prometheus",
                                  "Prometheus and other senders of Alertmanager's API v2; a drop-in alerting target.",
                                  "",
                                  {{"resolve_timeout", OptionType::duration, false, "5m",
                                    "How long an alert without endsAt stays firing when it is not sent again."}},
                                  "resolve_timeout: 5m\n",
                                  make};
    return value;
}

}  // namespace incidentd::sources::prometheus
