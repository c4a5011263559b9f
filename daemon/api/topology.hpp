// The topology of the running daemon: what depends on what, as rules and parts that came here say. GET /api/v1/topology
// (`?find=NAME` for one entity), GET, PUT and PATCH /api/v1/topology/PART. Each change is a journaled input.
#pragma once

#include "adapters/http_message.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace incidentd {

// Ingest thread. Questions and checks run on the shard's thread; changes are answered 200 once they are durable.
class TopologyApi {
public:
    // `stalled`: the journal takes no writes; then changes are answered 503 at once.
    TopologyApi(Inbox& inbox, std::function<bool()> stalled) : inbox_(inbox), stalled_(std::move(stalled)) {}

    void get(const HttpRequestView& request, ReplyPtr reply) const;
    // {"links":[{"upper":"sw1","lower":["web1"],"kind":"network"}],"aliases":[{"entity":"sw1","names":["10.0.0.1"]}]}
    // is all of the part from now on; both lists empty: it is forgotten.
    void put(const HttpRequestView& request, ReplyPtr reply) const;
    // {"add":{...},"remove":{...}} of the same form; what is removed goes first.
    void patch(const HttpRequestView& request, ReplyPtr reply) const;

private:
    void change(const HttpRequestView& request, bool replaces, ReplyPtr reply) const;
    void ask(std::function<void(const Correlator&)> question, const std::shared_ptr<ReplyPtr>& reply) const;

    Inbox& inbox_;
    const std::function<bool()> stalled_;
};

}  // namespace incidentd
