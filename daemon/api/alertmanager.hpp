// The reading half of Alertmanager's API v2, so that amtool, karma and Grafana work unchanged. The writing half is the
// prometheus source. Format: prometheus/alertmanager v0.25.0 api/v2/openapi.yaml.
#pragma once

#include "adapters/http_message.hpp"
#include "correlator/time.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <string>
#include <vector>

namespace incidentd {

// Ingest thread. Questions about alerts run on the shard's thread, in slices, and answer from there.
class AlertmanagerApi {
public:
    // `receivers`: the sinks' names, which is what a receiver is here.
    AlertmanagerApi(Inbox& inbox, std::vector<std::string> receivers, Instant started);

    void alerts(const HttpRequestView& request, ReplyPtr reply) const;  // GET /api/v2/alerts
    void groups(const HttpRequestView& request, ReplyPtr reply) const;  // GET /api/v2/alerts/groups: one per incident
    void status(const HttpRequestView& request, ReplyPtr reply) const;  // GET /api/v2/status
    void receivers(const HttpRequestView& request, ReplyPtr reply) const;  // GET /api/v2/receivers

private:
    void ask(const HttpRequestView& request, ReplyPtr reply, bool grouped) const;
    Inbox& inbox_;
    const std::vector<std::string> receivers_;
    const Instant started_;
};

}  // namespace incidentd
