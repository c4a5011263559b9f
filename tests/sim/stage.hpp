// What every part of the simulation shares: one random stream, one virtual clock, and the story so far.
#pragma once

#include "correlator/time.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

namespace incidentd::sim {

// A promise was broken: ends the seed.
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// SplitMix64: the same on every machine.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
    std::uint64_t next();
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    Duration up_to(Duration most) {
        return {static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most.ms) + 1))};
    }

private:
    std::uint64_t state_;
};

class Stage {
public:
    explicit Stage(std::uint64_t seed) : random(seed) {}

    // Runs `what` at that time; what is set for the same time runs in the order of setting.
    void after(Duration delay, std::function<void()> what);
    bool run_next();  // false: nothing is left

    void say(const std::string& what);    // an event, for the story
    void fault(const std::string& kind);  // counted, and told
    std::string last_events() const;

    Random random;
    Instant now{1'767'225'600'000};
    Duration skew{0};           // the daemon's wall clock minus `now`
    bool calm = false;          // no more faults
    std::int64_t messages = 0;  // sent by sources
    bool tells_all = false;     // the whole story, not only its end
    std::uint64_t events = 0;

    std::map<std::string, std::uint64_t> faults;  // by kind
    Instant wall() const { return now + skew; }

private:
    struct Entry {
        Instant at;
        std::uint64_t order;
        std::function<void()> what;
        bool operator<(const Entry& other) const {
            return at != other.at ? at > other.at : order > other.order;  // the earliest on top
        }
    };
    std::priority_queue<Entry> agenda_;
    std::uint64_t order_ = 0;
    std::deque<std::string> story_;
};

}  // namespace incidentd::sim
