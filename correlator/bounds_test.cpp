// What could break: something of `op: topology` that is never forgotten. A daemon that runs for years then grows, or
// looks at ever more with every alert.
#include "correlator/snapshot.hpp"
#include "correlator/test_kit.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

using namespace incidentd;

namespace {

// So many that the table of ended incidents is soon full.
constexpr std::uint32_t hosts = 600;

RuleSet by_topology() {
    TopologySpec spec;
    for (std::uint32_t host = 0; host < hosts; ++host)
        spec.links.push_back({"rack" + std::to_string(host / 20), "h" + std::to_string(host), "power"});
    RuleSet set;
    CorrelationRule rule;
    rule.name = "default";
    rule.op = CorrelationOp::topology;
    set.correlate.push_back(rule);
    set.topology = std::make_shared<const Topology>(spec);
    return set;
}

test::Message random_alert(std::mt19937& random) {
    const std::string host = std::to_string(random() % hosts), check = std::to_string(random() % 8);
    test::Message message;
    message.labels = "host=h" + host + ",check=c" + check;
    message.title = "check " + check + " is at " + std::to_string(random() % 1000);
    message.severity = random() % 3 == 0 ? Severity::critical : Severity::warning;
    message.key = "h" + host + "/c" + check;
    return message;
}

std::size_t state_bytes(const Correlator& engine) {
    std::string bytes;
    EngineSnapshot::encode(engine, "t", bytes);
    return bytes.size();
}

}  // namespace

TEST_CASE("When everything is over nothing is left but what was learned, and that stops growing") {
    test::Engine engine(by_topology());
    std::mt19937 random(7);
    const Duration quiet = CorrelationRule{}.quiet;
    std::deque<Instant> messages;
    std::size_t full = 0, largest = 0;
    for (int round = 0; round < 40; ++round) {
        std::vector<test::Message> firing;
        for (int message = 0; message < 600; ++message) {
            engine.pass(seconds(random() % 4 == 0 ? 600 : 5));
            const bool ends = !firing.empty() && random() % 5 < 2;
            const std::size_t at = ends ? random() % firing.size() : 0;
            if (ends) std::swap(firing[at], firing.back());
            if (ends) {
                engine.end(firing.back());
                firing.pop_back();
            } else {
                engine.fire(firing.emplace_back(random_alert(random)));
            }
            // Each incident has an alert that fires, or one message ended its last one within the quiet time.
            messages.push_back(engine.now);
            while (engine.now - messages.front() > quiet) messages.pop_front();
            const EngineSizes sizes = engine.engine().sizes();
            CHECK(sizes.incidents_open + sizes.incidents_pending <= sizes.alerts_firing + messages.size());
        }
        for (const test::Message& one : firing) engine.end(one);
        engine.pass(hours(25));
        const EngineSizes sizes = engine.engine().sizes();
        CHECK(sizes.alerts_held == 0);
        CHECK(sizes.incidents_open + sizes.incidents_pending == 0);
        CHECK_FALSE(engine.engine().next_deadline().has_value());
        const std::size_t bytes = state_bytes(engine.engine());
        (round < 20 ? full : largest) = std::max(bytes, round < 20 ? full : largest);
    }
    CAPTURE(full);
    CHECK(largest < full + full / 100);
}

TEST_CASE("Repetitions leave nothing behind") {
    test::Engine engine(by_topology());
    std::mt19937 random(3);
    std::vector<test::Message> alerts;
    for (int i = 0; i < 50; ++i) engine.fire(alerts.emplace_back(random_alert(random)));
    const auto repeat = [&](int rounds) {
        for (int round = 0; round < rounds; ++round) {
            for (const test::Message& one : alerts) engine.fire(one);
            engine.pass(minutes(1));
        }
        return state_bytes(engine.engine());
    };
    const std::size_t settled = repeat(300);  // whatever a gate holds is open by then
    CHECK(repeat(600) < settled + 500);       // numbers that count take a few bytes more
}

TEST_CASE("An alert that comes and goes for days leaves no more behind than one that does so for an hour") {
    test::Engine engine(by_topology());
    const test::Message lone{"host=h1,check=c1", Severity::warning, "k"};
    const auto flip = [&](int times) {
        std::size_t largest = 0;
        for (int i = 0; i < times; ++i) {
            engine.fire(lone);
            engine.pass(seconds(20));
            engine.end(lone);
            engine.pass(seconds(40));
            if (i % 60 == 59) largest = std::max(largest, state_bytes(engine.engine()));
        }
        return largest;
    };
    const std::size_t hour = flip(120);
    CHECK(flip(3000) < hour + 2000);
}
