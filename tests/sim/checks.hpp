// The promises, checked from the outside: by what the daemon hands out, what stands in its journal, and what the
// ticket systems hold.
#pragma once

#include "adapters/journals/memory/memory.hpp"
#include "correlator/correlator.hpp"
#include "daemon/log.hpp"
#include "daemon/shard/worker.hpp"
#include "tests/sim/stage.hpp"
#include "tests/sim/ticket_systems.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace incidentd::sim {

// Of a message of a source, by the start it claims.
std::string name_of_message(Instant start);

class Checks {
public:
    Checks(Stage& stage, MemoryJournal& journal) : stage_(stage), journal_(journal) {}

    void released(const ReleasedEffects& effects);  // by the worker
    void caught_up(
        const ReleasedEffects& effects);  // by whoever closes the gap after a start; begin_life() comes before
    void advance(Sequence through);       // nothing more follows from entries up to there

    // What is known of incidents and deliveries stands for the read model: it has the sequence it reflects, and a crash
    // may take it back to where it was last kept.
    void keep_read_model() { kept_ = read_model_; }
    void begin_life(bool from_kept);
    Sequence reflects() const { return read_model_.reflects; }
    Sequence kept_reflects() const { return kept_.reflects; }
    void truncated(Sequence through);               // the journal forgot entries up to there
    void acknowledged(const std::string& message);  // the sender got a 2xx
    void all_acknowledged_are_durable();            // after a recovery

    void engine(const Correlator& engine, const EngineLimits& limits);  // after every step
    void replay_equals(const Correlator& engine, Instant now, const EngineLimits& limits, Log& log);
    // After a recovery, and at the end with `settled`.
    void tickets(const TicketSystem& system, const std::string& sink, bool settled);

    // Dead letters an operator could retry.
    std::vector<std::pair<IncidentId, std::string>> dead() const;

private:
    struct Known {
        std::string key, title;
        Instant began;
        bool resolved = false;
    };
    void take(const ReleasedEffects& effects);
    void read_journal();

    struct ReadModel {
        std::map<IncidentId, Known> incidents;
        std::map<std::string, IncidentId> by_key;
        std::map<std::pair<IncidentId, std::string>, DeliveryState> deliveries;
        Sequence reflects;
    };

    Stage& stage_;
    MemoryJournal& journal_;
    ReadModel read_model_, kept_;
    std::set<std::string> acknowledged_;       // messages
    std::map<std::string, Sequence> durable_;  // messages, by the entry that first held each
    Sequence read_, truncated_;
    Instant last_at_;
};

}  // namespace incidentd::sim
