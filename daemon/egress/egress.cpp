#include "daemon/egress/egress.hpp"

#include "daemon/clock.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>

namespace incidentd {
namespace {

constexpr Duration longest_wait = seconds(30);              // nothing is due: a look around now and then
constexpr Duration refused_report_wait = milliseconds(20);  // until a full inbox is tried again

}  // namespace

struct Egress::Mailbox {
    std::mutex mutex;
    std::vector<Action> actions;  // under mutex
    bool stop = false;            // under mutex
    std::atomic<std::size_t> waiting{0};
};

struct Egress::Loop {
    Loop(std::vector<SinkPolicy> sinks, Report r, Attempted a, const EgressOptions& o, Mailbox& m)
        : options(o),
          report(std::move(r)),
          attempted(std::move(a)),
          mailbox(m),
          client(o.http),
          dispatcher(std::move(sinks), o.jitter_seed ? *o.jitter_seed : std::random_device{}()) {}

    void run();
    bool take_mail();  // false: asked to stop
    void handle(DispatcherOutput& out);
    void offer_reports();
    Duration patience();
    Instant now();  // for the dispatcher, told how far it is ahead of the wall clock

    const EgressOptions options;
    const Report report;
    const Attempted attempted;
    Mailbox& mailbox;
    HttpClient client;
    SteadyTime time;
    Dispatcher dispatcher;
    std::deque<DeliveryReported> reports;  // not yet accepted
    // When the attempt began that runs for an incident and sink.
    std::map<std::pair<IncidentId, std::string>, std::chrono::steady_clock::time_point> began;
    std::vector<HttpClient::Done> done;
    std::optional<std::chrono::steady_clock::time_point> stop_by;
};

bool Egress::Loop::take_mail() {
    std::vector<Action> actions;
    bool stop = false;
    {
        const std::lock_guard lock(mailbox.mutex);
        actions.swap(mailbox.actions);
        stop = mailbox.stop;
    }
    DispatcherOutput out;
    if (stop && !stop_by) {
        stop_by = monotonic_now() + std::chrono::milliseconds(options.stop_grace.ms);
        dispatcher.drain();
    }
    for (Action& action : actions) dispatcher.submit(std::move(action), now(), out);
    dispatcher.tick(now(), out);
    handle(out);
    return !stop;
}

void Egress::Loop::handle(DispatcherOutput& out) {
    for (CallDue& due : out.calls) {
        began.try_emplace({due.incident, due.sink}, monotonic_now());
        client.start(due.id, std::move(due.call));
    }
    for (const AttemptEnded& ended : out.attempts) {
        double taken_s = 0;
        if (const auto found = began.find({ended.incident, ended.sink}); found != began.end()) {
            taken_s = std::chrono::duration<double>(monotonic_now() - found->second).count();
            began.erase(found);
        }
        attempted(ended, taken_s);
    }
    for (const BreakerChanged& changed : out.breakers)
        if (options.breaker) options.breaker(changed);
    for (DeliveryReported& one : out.reports) reports.push_back(std::move(one));
}

void Egress::Loop::offer_reports() {
    while (!reports.empty() && report(reports.front())) reports.pop_front();
}

Instant Egress::Loop::now() {
    const Instant at = time.at(wall_clock_now(), uptime_now());
    dispatcher.clock_is_ahead(time.ahead());
    return at;
}

Duration Egress::Loop::patience() {
    Duration wait = longest_wait;
    if (const auto due = dispatcher.next_due()) wait = std::min(wait, *due - now());
    if (!reports.empty()) wait = std::min(wait, refused_report_wait);
    if (stop_by) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*stop_by - monotonic_now());
        wait = std::min(wait, milliseconds(left.count()));
    }
    return std::max(wait, milliseconds(0));
}

void Egress::Loop::run() {
    while (true) {
        const bool go_on = take_mail();
        offer_reports();
        // Actions whose reports nobody has taken yet still count as waiting.
        mailbox.waiting.store(dispatcher.waiting() + reports.size(), std::memory_order_relaxed);
        const bool is_quiet = client.active() == 0 && reports.empty();
        if (!go_on && (is_quiet || monotonic_now() >= *stop_by)) return;
        done.clear();
        client.poll(patience(), done);
        for (HttpClient::Done& one : done) {
            DispatcherOutput out;
            if (const auto* answer = std::get_if<HttpAnswer>(&one.outcome))
                dispatcher.answered(one.id, *answer, now(), out);
            else
                dispatcher.failed(one.id, std::get<NoAnswer>(one.outcome), now(), out);
            handle(out);
        }
    }
}

Egress::Egress(std::vector<SinkPolicy> sinks, Report report, Attempted attempted, EgressOptions options)
    : mailbox_(std::make_unique<Mailbox>()),
      loop_(std::make_unique<Loop>(std::move(sinks), std::move(report), std::move(attempted), options, *mailbox_)) {}

Egress::~Egress() { stop(); }

void Egress::start() {
    thread_ = std::thread([this] { loop_->run(); });
}

void Egress::submit(Action action) {
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->actions.push_back(std::move(action));
    }
    loop_->client.wake();
}

void Egress::stop() {
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->stop = true;
    }
    loop_->client.wake();
    if (thread_.joinable()) thread_.join();
}

std::size_t Egress::waiting() const {
    const std::lock_guard lock(mailbox_->mutex);
    return mailbox_->waiting.load(std::memory_order_relaxed) + mailbox_->actions.size();
}

}  // namespace incidentd
