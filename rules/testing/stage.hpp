// Plays one test's events on the engine, in virtual time, with every delivery a success, and remembers what came of it.
#pragma once

#include "correlator/correlator.hpp"
#include "rules/rules.hpp"
#include "rules/testing/case_file.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace incidentd::testing {

struct PastDecision {
    Instant at;
    AlertDecided what;
};

struct PastDelivery {
    Instant at;
    ActionKind kind = ActionKind::open_ticket;
    std::string sink;
    IncidentView incident;
};

struct EventFault {
    Location where;
    std::string message;  // what could not be done, and why
};

// What is known at one moment of a test.
struct Memory {
    std::map<IncidentId, IncidentView> incidents;
    std::map<Fingerprint, AlertRow> alerts;
    std::vector<PastDecision> decisions;
    std::vector<PastDelivery> deliveries;
    std::vector<IncidentId> opened;  // in that order
    std::vector<EventFault> faults;  // events that could not be played
};

class Stage {
public:
    Stage(const TestCase& test, const RuleBundle& bundle, std::shared_ptr<const RuleSet> rules);

    // Plays everything up to and with `until` (since the start). Never backwards.
    void play_until(Duration until);

    const Memory& memory() const { return memory_; }
    Instant now() const { return now_; }

    // The distinct alerts that were sent, as they were before the rules changed them.
    struct Sent {
        TextPairs labels;
        std::string source, key, title, text;
        Severity severity = Severity::error;
        EventKind last = EventKind::firing;
    };
    const std::vector<Sent>& sent() const { return sent_; }

private:
    void advance(Instant to);
    void play(const TestEvent& event, std::uint32_t repetition);
    void send_alert(const TestEvent& event, std::uint32_t repetition);
    void silence(const TestEvent& event);
    void say(const TestEvent& event, std::uint32_t repetition);
    void deliver(const TestEvent& event, Sent& alert, EventKind kind);
    void apply(const Input& input);
    void note(Effect& effect);
    void refresh_rows();

    struct Step {
        Instant at;
        const TestEvent* event;
        std::uint32_t repetition;
    };
    const TestCase& test_;
    Correlator engine_;
    Instant now_;
    Memory memory_;
    std::vector<Step> steps_;
    std::size_t next_ = 0;
    std::vector<Sent> sent_;
    std::map<std::string, std::size_t> sent_index_;  // by identity
    std::map<std::string, std::uint64_t> tickets_;   // by sink
    std::vector<DeliveryReported> reports_;
    std::uint64_t silences_ = 0;
};

}  // namespace incidentd::testing
