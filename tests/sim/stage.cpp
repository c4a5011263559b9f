#include "tests/sim/stage.hpp"

#include <utility>

namespace incidentd::sim {
namespace {

constexpr std::size_t events_told = 30;

}  // namespace

std::uint64_t Random::next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

void Stage::after(Duration delay, std::function<void()> what) {
    agenda_.push({now + delay, order_++, std::move(what)});
}

bool Stage::run_next() {
    if (agenda_.empty()) return false;
    const Entry next = agenda_.top();
    agenda_.pop();
    now = next.at;
    ++events;
    next.what();
    return true;
}

void Stage::say(const std::string& what) {
    story_.push_back(to_rfc3339(now) + "  " + what);
    if (!tells_all && story_.size() > events_told) story_.pop_front();
}

void Stage::fault(const std::string& kind) {
    ++faults[kind];
    say("fault: " + kind);
}

std::string Stage::last_events() const {
    std::string out;
    for (const std::string& line : story_) out += "  " + line + "\n";
    return out;
}

}  // namespace incidentd::sim
