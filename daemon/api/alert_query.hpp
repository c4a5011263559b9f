// One GET of alerts on its way through the shard: a slice at a time, so that a million alerts do not stop the engine.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/matcher.hpp"
#include "daemon/inbox.hpp"
#include "daemon/reply.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

struct AlertFilter {
    Matchers match;
    bool active = true;
    bool silenced = true;  // suppressed by their source counts as silenced
    bool inhibited = true;
    bool grouped = false;
};

class AlertQuery : public std::enable_shared_from_this<AlertQuery> {
public:
    // Shared with the queue item that carries it from slice to slice.
    static void start(Inbox& inbox, AlertFilter filter, std::vector<std::string> receivers, ReplyPtr reply);

private:
    struct Found {
        std::uint64_t alertmanager_fingerprint;
        Fingerprint fingerprint;
        IncidentId incident;
    };
    AlertQuery(Inbox& inbox, AlertFilter filter, std::vector<std::string> receivers, ReplyPtr reply);

    void post();
    void step(const Correlator& engine);
    bool collect(const Correlator& engine);  // true: done
    bool wants_suppressed(const Correlator& engine, std::uint32_t slot) const;
    bool render(const Correlator& engine);
    void render_alert(const Correlator& engine, const AlertRow& row, std::uint32_t slot);
    void open_group(const Correlator& engine, IncidentId incident);
    void render_status(const Correlator::SuppressedBy& by, bool suppressed);
    void finish();

    static constexpr std::size_t slice = 1000;  // alerts between two looks at the inbox

    Inbox& inbox_;
    const AlertFilter filter_;
    std::string receivers_json_;
    std::string receiver_name_;
    ReplyPtr reply_;
    std::vector<std::uint32_t> slots_;
    std::vector<Found> found_;
    std::size_t next_ = 0;
    enum class Phase : std::uint8_t { begin, collect, render } phase_ = Phase::begin;
    std::optional<IncidentId> group_;
    bool first_in_group_ = true;
    std::string body_;
};

}  // namespace incidentd
