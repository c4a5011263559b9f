// A recorded stream through the engine, at its own times, and what came of it.
#pragma once

#include "bench/quality/dataset.hpp"
#include "bench/quality/score.hpp"
#include "correlator/alert.hpp"
#include "correlator/co_occurrence.hpp"
#include "correlator/incident.hpp"
#include "correlator/rule_set.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace incidentd::quality {

// What messages of one kind cost the engine.
struct PartCost {
    std::uint64_t count = 0;
    double seconds = 0;
};

// Why one message's alert is where it is.
struct Explained {
    std::uint32_t message = 0;
    std::uint32_t incident = 0;
    std::string verdict, because;
};

struct RunResult {
    std::vector<LearnedPair> learned;  // pairs of checks, at the end
    Prediction prediction;
    double seconds = 0;           // of the engine alone, see cpu_clock.hpp
    std::uint64_t rss_bytes = 0;  // of the process at the end
    std::uint64_t kept_out = 0;   // incidents that the opening gate never let through
    std::uint64_t updates = 0;    // changes of open incidents that sinks would be told of
    PartCost repeats, onsets, ends, others;
    PartCost due;  // deadlines that were over when a message came: quiet times, gates, alerts to forget
    std::map<std::uint32_t, IncidentView> views;  // only if explained: opened ones
    std::vector<Explained> explained;             // likewise, in order of the messages
};

// A line of a stream as the engine is told of it.
class MessageMaker {
public:
    bool add(const StreamAlert& alert, AlertBatch& batch);  // false: it is no valid alert

private:
    AlertDraft draft_;
    std::string key_;
};

// `share`: of the topology's links that are kept, chosen by a fixed hash.
std::shared_ptr<const Topology> topology_of(const Dataset& set, double share);

RunResult run_engine(const Dataset& set, std::shared_ptr<const RuleSet> rules, bool explain = false);

}  // namespace incidentd::quality
