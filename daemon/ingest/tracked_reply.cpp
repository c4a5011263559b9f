#include "daemon/ingest/tracked_reply.hpp"

#include "adapters/source.hpp"
#include "daemon/clock.hpp"

#include <utility>

namespace incidentd {

namespace {

class TrackedReply final : public Reply {
public:
    TrackedReply(ReplyPtr inner, TrackedRequest request, Metrics& metrics)
        : inner_(std::move(inner)), request_(std::move(request)), metrics_(metrics) {}
    TrackedReply(const TrackedReply&) = delete;
    TrackedReply& operator=(const TrackedReply&) = delete;
    ~TrackedReply() override {
        if (!inner_) return;
        HttpReply reply = json_error(503, "the request was not stored; send it again");
        add_refusal_headers(reply);
        send(std::move(reply));
    }

    void send(HttpReply reply) override {
        const ReplyPtr inner = std::exchange(inner_, nullptr);
        if (!inner) return;
        add_request_id(reply, request_.id);
        if (request_.source) {
            const std::chrono::duration<double> elapsed = monotonic_now() - request_.received;
            metrics_.request_done(*request_.source, reply.status, elapsed.count());
        }
        inner->send(std::move(reply));
    }

private:
    ReplyPtr inner_;
    const TrackedRequest request_;
    Metrics& metrics_;
};

}  // namespace

ReplyPtr make_tracked_reply(ReplyPtr inner, TrackedRequest request, Metrics& metrics) {
    return std::make_unique<TrackedReply>(std::move(inner), std::move(request), metrics);
}

void add_request_id(HttpReply& reply, const std::string& id) { reply.headers.emplace_back("X-Request-Id", id); }

}  // namespace incidentd
