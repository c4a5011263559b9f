// The machine incidentd runs on: starts and kills lives of the daemon around one journal, and lets each production part
// do its next step in virtual time.
#pragma once

#include "daemon/egress/dispatcher.hpp"
#include "tests/sim/checks.hpp"
#include "tests/sim/disk.hpp"

#include <functional>
#include <memory>
#include <string>

namespace incidentd::sim {

// Made once for all seeds: nothing in it changes what happens.
struct Equipment {
    Equipment();
    ~Equipment();
    const Sink& rt() const;
    const Sink& hook() const;
    const RulesActivated& rules(std::size_t which) const { return rules_[which % rules_.size()]; }
    Log log;
    Metrics metrics;

private:
    struct Sinks;
    std::unique_ptr<Sinks> sinks_;
    std::vector<RulesActivated> rules_;
};

// How a request ended for its sender.
using Answered = std::function<void(bool is_acknowledged)>;

class Host {
public:
    Host(Stage& stage, Equipment& equipment);
    ~Host();

    void start();
    void crash();  // and comes up again by itself
    void stop_crashing() { may_crash_ = false; }
    // A request arrives; `answered` comes later, or never (the connection broke).
    void receive(AlertBatch batch, const std::string& message, bool has_recovery, Answered answered);
    void command(OperatorCommand command);
    void reload_rules();
    bool is_up() const { return life_ != nullptr; }

    const Correlator* engine() const;  // nullptr while down
    bool is_idle() const;              // nothing on its way inside
    void check();                      // after every event
    void check_replay();
    void check_tickets(bool settled);
    const Checks& checks() const { return checks_; }

private:
    struct Life;
    void push_input(Input input);
    void save_snapshot();
    void forget_some(Sequence covered, Sequence reader);
    Correlator newest_engine(Sequence at_most, Sequence& base);
    Instant replay(Correlator& engine, Sequence base, Sequence through,
                   const std::function<void(ReleasedEffects&&)>& effects);
    void catch_up();
    void offer(DeliveryReported report);
    void set_step(Duration delay);
    void step();
    void perform(DispatcherOutput&& out);
    void set_tick();
    template <class What>
    void in_this_life(Duration delay, What what);

    Stage& stage_;
    Equipment& equipment_;
    MemoryJournal journal_;
    RequestTrackerLike rt_;
    WebhookReceiver hook_;
    Network to_rt_, to_hook_;
    Checks checks_;
    EngineLimits limits_;
    Duration give_up_after_;
    std::size_t inbox_bytes_;
    std::size_t rules_ = 0;
    std::uint64_t lives_ = 0;
    bool may_crash_ = true;
    bool dying_ = false;
    bool read_model_falls_back_ = false;  // at the next start
    std::unique_ptr<Life> life_;
};

}  // namespace incidentd::sim
