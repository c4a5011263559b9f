#include "daemon/egress/dispatcher.hpp"

#include "daemon/rate_limit.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

namespace incidentd {
namespace {

// One action on its way.
struct Job {
    Action action;
    Instant submitted;
    unsigned attempts = 0;
    bool unclear = false;  // an earlier attempt may have taken effect; stays so until the action is settled
    std::unique_ptr<SinkSession> session;  // while an attempt runs
};

// Actions of one incident for one sink, in order; only the front one is ever attempted.
using Lane = std::deque<std::unique_ptr<Job>>;

struct SinkQueue {
    explicit SinkQueue(SinkPolicy p)
        : policy(std::move(p)),
          breaker(policy.breaker_failures),
          rate(policy.rate_per_minute > 0 ? RateLimit(policy.rate_per_minute, policy.rate_burst) : RateLimit()) {}

    // When the next attempt may begin as far as the sink is concerned; nullopt: an answer comes first.
    std::optional<Instant> admits_from(Instant now) const {
        if (in_flight >= policy.in_flight_max) return std::nullopt;
        const std::optional<Instant> by_breaker = breaker.admits_from();
        if (!by_breaker) return std::nullopt;
        return std::max({*by_breaker, paused_until, now + rate.wait(now)});
    }

    SinkPolicy policy;
    Breaker breaker;
    RateLimit rate;
    std::unordered_map<IncidentId, Lane> lanes;        // looked up, never iterated
    std::deque<IncidentId> ready;                      // lanes to attempt now, each in turn
    std::set<std::pair<Instant, IncidentId>> resting;  // lanes after a failure, by when they are due again
    Instant paused_until;                              // the system asked everybody to wait
    std::uint32_t in_flight = 0;
};

// SplitMix64: small, seedable, the same on every machine.
class Jitter {
public:
    explicit Jitter(std::uint64_t seed) : state_(seed) {}
    // 1 to `most` milliseconds.
    Duration up_to(Duration most) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        z ^= z >> 31;
        const auto range = static_cast<std::uint64_t>(std::max<std::int64_t>(most.ms, 1));
        return {static_cast<std::int64_t>(z % range) + 1};
    }

private:
    std::uint64_t state_;
};

Duration backoff(const SinkPolicy& policy, unsigned attempts) {
    Duration delay = policy.retry_first;
    for (unsigned i = 1; i < attempts && delay < policy.retry_most; ++i) delay = delay * 2;
    return std::min(delay, policy.retry_most);
}

DeliveryReported report_of(const Action& action) {
    DeliveryReported report;
    report.incident = action.incident.id;
    report.sink = action.sink;
    report.revision = action.incident.revision;
    report.kind = action.kind;
    report.ticket = action.ticket;
    return report;
}

}  // namespace

struct Dispatcher::State {
    struct Flight {
        SinkQueue* queue;
        IncidentId incident;
    };

    explicit State(std::uint64_t seed) : jitter(seed) {}

    void begin(SinkQueue& queue, IncidentId incident, Instant now, DispatcherOutput& out);
    void take(SinkQueue& queue, IncidentId incident, SinkStep step, Instant now, DispatcherOutput& out);
    void judge(SinkQueue& queue, const SinkVerdict& verdict, Instant now, DispatcherOutput& out);
    void settle(SinkQueue& queue, IncidentId incident, SinkVerdict verdict, Instant now, DispatcherOutput& out);
    Instant rest(SinkQueue& queue, IncidentId incident, const SinkVerdict& verdict, Instant now);
    void pump(SinkQueue& queue, Instant now, DispatcherOutput& out);
    template <class Answer>
    void resume(CallId id, const Answer& answer, Instant now, DispatcherOutput& out);

    std::vector<std::unique_ptr<SinkQueue>> queues;  // in configured order, so that output has one
    std::unordered_map<std::string, SinkQueue*> by_name;
    std::unordered_map<CallId, Flight> flights;
    Jitter jitter;
    CallId last_call = 0;
    std::size_t waiting = 0;
    bool draining = false;
    Instant latest;  // of the last call
    Duration ahead;  // of the wall clock
};

void tell(const SinkQueue& queue, std::string reason, DispatcherOutput& out) {
    BreakerChanged changed{queue.policy.name, queue.breaker.state(), queue.breaker.failures(), std::move(reason), {}};
    if (changed.state == BreakerState::open) changed.until = queue.breaker.open_until();
    out.breakers.push_back(std::move(changed));
}

void Dispatcher::State::begin(SinkQueue& queue, IncidentId incident, Instant now, DispatcherOutput& out) {
    Job& job = *queue.lanes.at(incident).front();
    ++job.attempts;
    ++queue.in_flight;
    queue.rate.take(now);
    if (queue.breaker.begun()) tell(queue, {}, out);
    const bool look_up_first = job.action.may_have_been_sent || job.unclear;
    job.session = queue.policy.sink->begin(job.action, Attempt{job.attempts, look_up_first, now - ahead});
    take(queue, incident, job.session->start(), now, out);
}

void Dispatcher::State::take(SinkQueue& queue, IncidentId incident, SinkStep step, Instant now, DispatcherOutput& out) {
    if (auto* verdict = std::get_if<SinkVerdict>(&step)) return settle(queue, incident, std::move(*verdict), now, out);
    flights.emplace(++last_call, Flight{&queue, incident});
    out.calls.push_back({last_call, queue.policy.name, incident, std::get<HttpCall>(std::move(step))});
}

// Full jitter, so that a system that comes back is not met by everybody at once. A wish of the system itself holds for
// this action as it is, and for the others of the sink as long as the longest backoff at most.
Instant Dispatcher::State::rest(SinkQueue& queue, IncidentId incident, const SinkVerdict& verdict, Instant now) {
    const Job& job = *queue.lanes.at(incident).front();
    Instant due = now + jitter.up_to(backoff(queue.policy, job.attempts));
    std::optional<Duration> wish = verdict.retry_after;
    if (!wish && verdict.retry_at) wish = std::clamp(*verdict.retry_at - (now - ahead), Duration{0}, retry_after_max);
    if (wish) {
        due = now + *wish + jitter.up_to(queue.policy.retry_first);
        const Instant pause = now + std::min(*wish, queue.policy.retry_most);
        queue.paused_until = std::max(queue.paused_until, pause);
    }
    due = std::min(due, job.submitted + queue.policy.give_up_after);  // the last attempt
    queue.resting.emplace(due, incident);
    return due;
}

// An open breaker rests as long as the next retry of one action would; half of it is jitter.
void Dispatcher::State::judge(SinkQueue& queue, const SinkVerdict& verdict, Instant now, DispatcherOutput& out) {
    bool changed = false;
    if (verdict.kind == SinkVerdict::Kind::retry && verdict.system_failed) {
        const Duration half{backoff(queue.policy, queue.breaker.failures() + 1).ms / 2};
        changed = queue.breaker.failed(now, half + jitter.up_to(half));
    } else {
        changed = queue.breaker.succeeded();
    }
    if (changed) tell(queue, verdict.reason, out);
}

void Dispatcher::State::settle(SinkQueue& queue, IncidentId incident, SinkVerdict verdict, Instant now,
                               DispatcherOutput& out) {
    judge(queue, verdict, now, out);
    Lane& lane = queue.lanes.at(incident);
    Job& job = *lane.front();
    job.session.reset();
    --queue.in_flight;
    AttemptEnded ended;
    ended.sink = queue.policy.name;
    ended.incident = incident;
    ended.kind = job.action.kind;
    ended.attempt = job.attempts;
    if (verdict.kind == SinkVerdict::Kind::retry && now >= job.submitted + queue.policy.give_up_after) {
        verdict = rejected("gave up after " + to_string(queue.policy.give_up_after) + " and " +
                           std::to_string(job.attempts) + " attempts; the last one: " + verdict.reason);
    }
    if (verdict.kind == SinkVerdict::Kind::retry) {
        job.unclear = job.unclear || verdict.unclear;
        ended.again_at = rest(queue, incident, verdict, now);
    } else {
        DeliveryReported report = report_of(job.action);
        report.delivered = verdict.kind == SinkVerdict::Kind::delivered;
        if (!verdict.ticket.empty()) report.ticket = verdict.ticket;
        report.ticket_url = verdict.ticket_url;
        report.detail = verdict.reason;
        out.reports.push_back(std::move(report));
        --waiting;
        lane.pop_front();
        if (lane.empty())
            queue.lanes.erase(incident);
        else
            queue.ready.push_back(incident);
    }
    ended.verdict = std::move(verdict);
    out.attempts.push_back(std::move(ended));
}

void Dispatcher::State::pump(SinkQueue& queue, Instant now, DispatcherOutput& out) {
    latest = now;
    while (!queue.resting.empty() && queue.resting.begin()->first <= now) {
        queue.ready.push_back(queue.resting.begin()->second);
        queue.resting.erase(queue.resting.begin());
    }
    while (!draining && !queue.ready.empty()) {
        const std::optional<Instant> from = queue.admits_from(now);
        if (!from || *from > now) return;
        const IncidentId incident = queue.ready.front();
        queue.ready.pop_front();
        begin(queue, incident, now, out);
    }
}

template <class Answer>
void Dispatcher::State::resume(CallId id, const Answer& answer, Instant now, DispatcherOutput& out) {
    const auto found = flights.find(id);
    if (found == flights.end()) return;
    const Flight flight = found->second;
    flights.erase(found);
    SinkStep step = flight.queue->lanes.at(flight.incident).front()->session->resume(answer);
    take(*flight.queue, flight.incident, std::move(step), now, out);
    pump(*flight.queue, now, out);
}

Dispatcher::Dispatcher(std::vector<SinkPolicy> sinks, std::uint64_t seed) : state_(std::make_unique<State>(seed)) {
    for (SinkPolicy& policy : sinks) {
        policy.in_flight_max = std::max<std::uint32_t>(policy.in_flight_max, 1);
        auto queue = std::make_unique<SinkQueue>(std::move(policy));
        state_->by_name.emplace(queue->policy.name, queue.get());
        state_->queues.push_back(std::move(queue));
    }
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::submit(Action action, Instant now, DispatcherOutput& out) {
    const auto found = state_->by_name.find(action.sink);
    if (found == state_->by_name.end()) {
        DeliveryReported report = report_of(action);
        report.detail = "no sink named '" + action.sink + "' is configured any more";
        out.reports.push_back(std::move(report));
        return;
    }
    SinkQueue& queue = *found->second;
    const IncidentId incident = action.incident.id;
    Lane& lane = queue.lanes[incident];
    for (const std::unique_ptr<Job>& job : lane)
        if (job->action.idempotency_key == action.idempotency_key) return;
    auto job = std::make_unique<Job>();
    job->action = std::move(action);
    job->submitted = now;
    lane.push_back(std::move(job));
    ++state_->waiting;
    if (lane.size() == 1) queue.ready.push_back(incident);
    state_->pump(queue, now, out);
}

void Dispatcher::answered(CallId id, const HttpAnswer& answer, Instant now, DispatcherOutput& out) {
    state_->resume(id, answer, now, out);
}

void Dispatcher::failed(CallId id, const NoAnswer& failure, Instant now, DispatcherOutput& out) {
    state_->resume(id, failure, now, out);
}

void Dispatcher::tick(Instant now, DispatcherOutput& out) {
    for (const auto& queue : state_->queues) state_->pump(*queue, now, out);
}

std::optional<Instant> Dispatcher::next_due() const {
    std::optional<Instant> earliest;
    if (state_->draining) return earliest;
    for (const auto& queue : state_->queues) {
        if (queue->ready.empty() && queue->resting.empty()) continue;
        const std::optional<Instant> from = queue->admits_from(state_->latest);
        if (!from) continue;  // an answer comes first
        const Instant due = queue->ready.empty() ? std::max(queue->resting.begin()->first, *from) : *from;
        if (!earliest || due < *earliest) earliest = due;
    }
    return earliest;
}

void Dispatcher::clock_is_ahead(Duration by) { state_->ahead = by; }

void Dispatcher::drain() { state_->draining = true; }

std::size_t Dispatcher::waiting() const { return state_->waiting; }

}  // namespace incidentd
