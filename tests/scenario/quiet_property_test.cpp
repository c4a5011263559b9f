// What is left behind when all is over grows for ever: an incident nobody can close, a deadline that fires into
// nothing, a table that keeps what is gone.
#include "correlator/correlator.hpp"
#include "correlator/snapshot.hpp"
#include "rules/rules.hpp"
#include "tests/scenario/random_rules.hpp"
#include "tests/scenario/random_topology.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace incidentd;
using namespace incidentd::scenario;

namespace {

constexpr int rounds = 4;
constexpr std::size_t remembered_bytes = 280;  // of one ended incident, see incident_memory.hpp
constexpr int messages_a_round = 150;
constexpr int deadlines_most = 20'000;

struct Message {
    Duration pause;
    std::string source, host, service, key, episode;
    EventKind kind = EventKind::firing;
    Severity severity = Severity::unknown;
};

std::vector<Message> random_messages(RandomRules& random) {
    constexpr EventKind kinds[] = {EventKind::firing,       EventKind::firing,         EventKind::firing,
                                   EventKind::firing,       EventKind::resolved,       EventKind::resolved,
                                   EventKind::acknowledged, EventKind::unacknowledged, EventKind::suppressed,
                                   EventKind::unsuppressed};
    std::vector<Message> out;
    for (int i = 0; i < messages_a_round; ++i) {
        Message one;
        one.pause = random.below(3) == 0 ? Duration{0} : seconds(static_cast<std::int64_t>(random.below(40)));
        one.source = random.below(2) == 0 ? "nagios" : "zabbix";
        one.host = "h" + std::to_string(1 + random.below(3));
        one.service = std::string(1, static_cast<char>('a' + random.below(4)));
        if (random.below(3) == 0) one.key = "k" + std::to_string(random.below(3));
        if (random.below(4) == 0) one.episode = std::to_string(random.below(3));
        one.kind = kinds[random.below(10)];
        one.severity = static_cast<Severity>(random.below(5));
        out.push_back(std::move(one));
    }
    return out;
}

// An engine whose sinks take everything at once.
class Machine {
public:
    Machine() { apply(Genesis{"t", "0"}); }

    void activate(const std::string& text) {
        const RuleBundle bundle{{{"r.yaml", text}}, {"rt", "chat"}};
        Problems problems;
        RulesActivated rules{bundle.hash(), bundle.serialise(), compile(bundle, problems)};
        REQUIRE_MESSAGE(rules.compiled != nullptr, text << problems.text());
        apply(rules);
    }
    void say(const Message& message, EventKind kind) {
        AlertBatch batch(message.source);
        AlertDraft draft;
        draft.kind = kind;
        draft.severity = message.severity;
        draft.labels = {{"host", message.host}, {"service", message.service}};
        draft.key = message.key;
        draft.episode = message.episode;
        REQUIRE(batch.add(draft, EventLimits{}).has_value());
        apply(AlertsReceived{batch.events()});
    }
    void play(const std::vector<Message>& messages) {
        for (const Message& message : messages) {
            wait_until(now + message.pause);
            say(message, message.kind);
        }
        for (const Message& message : messages) say(message, EventKind::unsuppressed);
        std::vector<Message> signs;  // that absences wait for, when nothing can begin another wait
        for (const char* host : {"h1", "h2", "h3"})
            for (const char* service : {"a", "b"})
                signs.push_back({Duration{0}, "nagios", host, service, "", "", EventKind::firing, Severity::warning});
        for (const Message& message : messages) say(message, EventKind::resolved);
        for (const Message& sign : signs) say(sign, EventKind::firing);
        for (const Message& sign : signs) say(sign, EventKind::resolved);
    }
    void change(const TopologyChanged& change) { apply(change); }
    void wait_until(Instant end) {
        for (auto due = engine.next_deadline(); due && *due <= end; due = engine.next_deadline()) fire(*due);
        now = end;
        apply(Tick{});
    }
    // Fires all there is. False: it never ends.
    bool run_out() {
        int fired = 0;
        for (auto due = engine.next_deadline(); due && fired < deadlines_most; due = engine.next_deadline(), ++fired)
            fire(*due);
        return fired < deadlines_most;
    }
    std::size_t bytes() const {
        std::string out;
        EngineSnapshot::encode(engine, "t", out);
        return out.size();
    }

    Correlator engine;
    Instant now{1'767'225'600'000};
    std::size_t resolved = 0;  // incidents; each may stay in the memory of what earlier incidents were like

private:
    void fire(Instant due) {
        now = std::max(now, due);
        apply(Tick{});
    }
    void apply(const Input& input) {
        Effects effects;
        engine.apply(input, now, effects);
        for (std::size_t i = 0; i < effects.size(); ++i) {
            if (std::holds_alternative<IncidentResolved>(effects[i].what)) ++resolved;
            const auto* due = std::get_if<ActionDue>(&effects[i].what);
            if (due == nullptr) continue;
            DeliveryReported report;
            report.incident = due->action->incident.id;
            report.sink = due->action->sink;
            report.kind = due->action->kind;
            report.revision = due->action->incident.revision;
            report.delivered = true;
            report.ticket = "T";
            engine.apply(report, now, effects);
        }
    }
};

std::string left_over(const Machine& machine) {
    const EngineSizes sizes = machine.engine.sizes();
    const std::pair<const char*, std::uint64_t> all[] = {{"alerts firing", sizes.alerts_firing},
                                                         {"alerts suppressed", sizes.alerts_suppressed},
                                                         {"by source", sizes.suppressed_by_source},
                                                         {"by silence", sizes.suppressed_by_silence},
                                                         {"by maintenance", sizes.suppressed_by_maintenance},
                                                         {"by inhibition", sizes.suppressed_by_inhibition},
                                                         {"alerts flapping", sizes.alerts_flapping},
                                                         {"storms", sizes.storms},
                                                         {"alerts held", sizes.alerts_held},
                                                         {"incidents pending", sizes.incidents_pending},
                                                         {"incidents open", sizes.incidents_open},
                                                         {"actions outstanding", sizes.actions_outstanding}};
    std::string out;
    for (const auto& [name, count] : all)
        if (count > 0) out += std::string(name) + " " + std::to_string(count) + "; ";
    return out;
}

}  // namespace

TEST_CASE("when every source says that all is over and time passes, nothing is open and nothing is kept") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        RandomRules random(seed);
        std::string rules = random.next();
        // What the built-in rule learns is bounded, but far from its bounds here: every other set does without it.
        const bool learns = seed % 2 == 0;
        if (!learns) rules.insert(rules.find("route:\n"), "  - {name: last, by: [host], require: optional}\n");
        CAPTURE(rules);
        const std::vector<Message> messages = random_messages(random);
        Machine machine;
        std::vector<std::size_t> bytes, resolved;
        for (int round = 0; round < rounds; ++round) {
            machine.activate(rules);
            machine.play(messages);
            machine.wait_until(machine.now + hours(48));
            REQUIRE(left_over(machine) == "");
            machine.activate("version: 1\n");  // no calendar goes on without end
            REQUIRE(machine.run_out());
            REQUIRE_FALSE(machine.engine.next_deadline().has_value());
            REQUIRE(left_over(machine) == "");
            bytes.push_back(machine.bytes());
            resolved.push_back(machine.resolved);
        }
        // Counters and times grow by a byte now and then; an entry of any table takes more than that, each round.
        const std::size_t remembered = (resolved.back() - resolved[1]) * remembered_bytes;
        CHECK((learns || bytes.back() <= bytes[1] + 8 + 4 * (rounds - 2) + remembered));
    }
}

TEST_CASE("likewise with rules of op: topology, while the topology changes by reloads and over the API") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        CAPTURE(seed);
        RandomRules random(seed);
        std::mt19937_64 draws(seed);
        RandomTopology topology(draws);
        Machine machine;
        for (int round = 0; round < rounds; ++round) {
            std::string rules = random.next();
            constexpr std::string_view section = "correlate:\n";
            rules.insert(rules.find(section) + section.size(), topology.rule("by-evidence")) += topology.section();
            CAPTURE(rules);
            machine.activate(rules);
            std::vector<Message> messages = random_messages(random);
            for (const Message& message : messages) {
                machine.wait_until(machine.now + message.pause);
                machine.say(message, message.kind);
                if (random.below(20) == 0) machine.change(topology.change());
            }
            machine.play(messages);
            machine.wait_until(machine.now + hours(48));
            REQUIRE(left_over(machine) == "");
            machine.activate("version: 1\n");
            REQUIRE(machine.run_out());
            REQUIRE_FALSE(machine.engine.next_deadline().has_value());
            REQUIRE(left_over(machine) == "");
        }
    }
}
