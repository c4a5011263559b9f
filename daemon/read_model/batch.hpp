// What the read model writes in one transaction, gathered in the order things were released: history is packed at once,
// of states only the last one counts.
#pragma once

#include "daemon/read_model/history.hpp"
#include "daemon/shard/released.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {

class ReadModelBatch {
public:
    void add(const Effect& effect);
    void add(std::unique_ptr<const StateUpdate> state);

    bool empty() const { return weight_ == 0; }
    std::size_t weight() const { return weight_; }  // bytes held, about

    struct DeliveryAt {
        Instant at;
        DeliveryChanged delivery;
    };
    const std::deque<HistoryWriter>& history() const { return history_; }
    Instant last_at() const { return last_at_; }  // of the history
    const std::map<IncidentId, IncidentView>& incidents() const { return incidents_; }
    const std::map<std::pair<IncidentId, std::string>, DeliveryAt>& deliveries() const { return deliveries_; }
    const std::vector<std::unique_ptr<const StateUpdate>>& states() const { return states_; }

private:
    void put(Instant at, const AlertDecided& decided) { history(at).add(at, decided); }
    void put(Instant at, const TimelineAdded& added) { history(at).add(at, added); }
    void put(Instant at, const IncidentChanged& changed);
    void put(Instant at, const DeliveryChanged& changed);
    template <class Other>
    void put(Instant, const Other&) {}
    HistoryWriter& history(Instant at);

    std::deque<HistoryWriter> history_;
    Instant last_at_;
    std::map<IncidentId, IncidentView> incidents_;
    std::map<std::pair<IncidentId, std::string>, DeliveryAt> deliveries_;
    std::vector<std::unique_ptr<const StateUpdate>> states_;
    std::size_t weight_ = 0;
};

}  // namespace incidentd
