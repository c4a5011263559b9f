// One sick ticket system could hold up the others, or one incident's steps could overtake each other.
#include "daemon/egress/dispatcher.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

namespace incidentd {
namespace {

// Each attempt is one call whose body says what the dispatcher asked for; the answer's status is the verdict.
struct PlainSession final : SinkSession {
    PlainSession(const Action& action_, const Attempt& attempt_) : action(action_), attempt(attempt_) {}
    SinkStep start() override {
        HttpCall call;
        call.body = action.idempotency_key + "#" + std::to_string(attempt.number) + (attempt.look_up_first ? "?" : "");
        return call;
    }
    SinkStep resume(const HttpAnswer& answer) override {
        if (answer.status == 200)
            return delivered("T-" + std::to_string(action.incident.id.value), "https://t.example");
        if (answer.status == 302) return start();  // a second step of the same attempt
        return verdict_of_failure(answer, "try");
    }
    using SinkSession::resume;
    const Action& action;
    const Attempt attempt;
};

struct PlainSink final : Sink {
    std::unique_ptr<SinkSession> begin(const Action& action, const Attempt& attempt) const override {
        return std::make_unique<PlainSession>(action, attempt);
    }
};

Action action_for(std::uint64_t incident, std::uint64_t revision, std::string sink = "rt") {
    Action action;
    action.sink = std::move(sink);
    action.incident.id = {incident};
    action.incident.revision = revision;
    action.idempotency_key = "inc" + std::to_string(incident) + "/" + std::to_string(revision);
    return action;
}

constexpr Instant start{1'000'000};

struct Bench {
    explicit Bench(std::uint32_t in_flight_max = 4, std::uint64_t seed = 1)
        : dispatcher({{"rt", &sink, in_flight_max}, {"hook", &sink, in_flight_max}}, seed) {}

    void submit(Action action) { dispatcher.submit(std::move(action), now, out); }
    // Bodies of the calls that came out since the last time; their ids are kept by body.
    std::vector<std::string> calls() {
        std::vector<std::string> bodies;
        for (const CallDue& due : out.calls) {
            ids[due.call.body] = due.id;
            bodies.push_back(due.call.body);
        }
        out.calls.clear();
        return bodies;
    }
    void answer(const std::string& body, int status, std::string retry_after = {}) {
        calls();
        REQUIRE(ids.contains(body));
        HttpAnswer reply{status, {}, ""};
        if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", std::move(retry_after));
        dispatcher.answered(ids.at(body), reply, now, out);
    }
    void fail(const std::string& body, bool may_have_arrived) {
        calls();
        dispatcher.failed(ids.at(body), NoAnswer{may_have_arrived, "gone"}, now, out);
    }
    // Lets time pass up to when something is due, and does it.
    void pass() {
        REQUIRE(dispatcher.next_due().has_value());
        now = std::max(now, *dispatcher.next_due());
        dispatcher.tick(now, out);
    }

    PlainSink sink;
    Dispatcher dispatcher;
    DispatcherOutput out;
    Instant now = start;
    std::map<std::string, CallId> ids;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("dispatcher: a delivered action is reported with its ticket") {
    Bench bench;
    bench.submit(action_for(7, 3));
    CHECK(bench.dispatcher.waiting() == 1);
    bench.answer("inc7/3#1", 200);
    REQUIRE(bench.out.reports.size() == 1);
    const DeliveryReported& report = bench.out.reports.front();
    CHECK(report.delivered);
    CHECK(report.incident == IncidentId{7});
    CHECK(report.sink == "rt");
    CHECK(report.revision == 3);
    CHECK(report.ticket == "T-7");
    CHECK(report.ticket_url == "https://t.example");
    CHECK(bench.dispatcher.waiting() == 0);
    CHECK(!bench.dispatcher.next_due().has_value());
    REQUIRE(bench.out.attempts.size() == 1);
    CHECK(bench.out.attempts.front().attempt == 1);
}

TEST_CASE("dispatcher: actions of one incident and sink go one after the other, also over a failure") {
    Bench bench;
    bench.submit(action_for(1, 1));
    bench.submit(action_for(1, 2));
    bench.submit(action_for(1, 2));  // the same one again
    CHECK(bench.dispatcher.waiting() == 2);
    CHECK(bench.calls() == Texts{"inc1/1#1"});
    bench.answer("inc1/1#1", 500);
    CHECK(bench.calls().empty());
    bench.pass();
    bench.answer("inc1/1#2?", 200);
    CHECK(bench.calls() == Texts{"inc1/2#1"});
}

TEST_CASE("dispatcher: a sink gets so many calls at once, incidents take turns") {
    Bench bench(2);
    for (std::uint64_t incident = 1; incident <= 4; ++incident) {
        bench.submit(action_for(incident, 1));
        bench.submit(action_for(incident, 2));
    }
    CHECK(bench.calls() == Texts{"inc1/1#1", "inc2/1#1"});
    CHECK(!bench.dispatcher.next_due().has_value());
    bench.answer("inc1/1#1", 200);
    CHECK(bench.calls() == Texts{"inc3/1#1"});
    bench.answer("inc2/1#1", 302);
    CHECK(bench.calls() == Texts{"inc2/1#1"});  // the same attempt goes on
    bench.answer("inc2/1#1", 200);
    CHECK(bench.calls() == Texts{"inc4/1#1"});
    bench.answer("inc3/1#1", 200);
    bench.answer("inc4/1#1", 200);
    CHECK(bench.calls() == Texts{"inc2/2#1"});
    CHECK(bench.ids.contains("inc1/2#1"));
}

TEST_CASE("dispatcher: a broken sink delays nobody else") {
    Bench bench(1);
    bench.submit(action_for(1, 1, "rt"));
    bench.submit(action_for(1, 1, "hook"));
    bench.submit(action_for(2, 1, "hook"));
    REQUIRE(bench.out.calls.size() == 2);
    const CallId hook = bench.out.calls[1].id;
    CHECK(bench.out.calls[1].sink == "hook");
    bench.out.calls.clear();
    bench.dispatcher.answered(hook, {200, {}, ""}, bench.now, bench.out);  // rt never answers
    CHECK(bench.calls() == Texts{"inc2/1#1"});
}

TEST_CASE("dispatcher: pauses grow up to a limit, with full jitter from the seed") {
    const auto pauses = [](std::uint64_t seed) {
        Bench bench(4, seed);
        bench.submit(action_for(1, 1));
        std::vector<std::int64_t> found;
        for (unsigned attempt = 1; attempt <= 40; ++attempt) {
            bench.answer("inc1/1#" + std::to_string(attempt), 429);
            const Instant due = bench.out.attempts.back().again_at.value();
            const std::int64_t most = std::min<std::int64_t>(std::int64_t{1000} << std::min(attempt - 1, 20U), 300'000);
            CHECK((due - bench.now).ms > 0);
            CHECK((due - bench.now).ms <= most);
            found.push_back((due - bench.now).ms);
            bench.pass();
            CHECK(bench.now == due);
        }
        return found;
    };
    CHECK(pauses(1) == pauses(1));
    CHECK(pauses(1) != pauses(2));
    const auto some = pauses(3);
    CHECK(*std::max_element(some.begin(), some.end()) > 200'000);
    CHECK(*std::min_element(some.begin() + 10, some.end()) < 100'000);
}

TEST_CASE("dispatcher: Retry-After holds for the action as it is, for the sink up to its longest pause") {
    Bench bench;
    bench.submit(action_for(1, 1));
    bench.answer("inc1/1#1", 429, "3600");
    bench.submit(action_for(2, 1));
    CHECK(bench.calls().empty());
    CHECK(bench.dispatcher.next_due() == start + minutes(5));
    bench.pass();
    CHECK(bench.calls() == Texts{"inc2/1#1"});
    bench.pass();
    CHECK(bench.now > start + hours(1));
    CHECK(bench.now <= start + hours(1) + seconds(1));
    CHECK(bench.calls() == Texts{"inc1/1#2"});
}

TEST_CASE("dispatcher: Retry-After as a date without the sender's clock is measured with ours") {
    Bench bench;
    bench.submit(action_for(1, 1));
    bench.answer("inc1/1#1", 429, "Thu, 01 Jan 1970 00:18:00 GMT");  // 1,080 s; it is 1,000 s
    const Instant again = bench.out.attempts.back().again_at.value();
    CHECK(again > start + seconds(80));
    CHECK(again <= start + seconds(81));
    bench.pass();
    bench.answer("inc1/1#2", 503, "Thu, 01 Jan 1970 00:00:01 GMT");  // over: at once
    CHECK(bench.out.attempts.back().again_at.value() <= bench.now + seconds(1));
}

TEST_CASE("dispatcher: a ticket is looked up once an earlier attempt may have arrived, and from then on") {
    Bench bench;
    bench.submit(action_for(1, 1));
    bench.fail("inc1/1#1", false);
    bench.pass();
    bench.fail("inc1/1#2", true);
    bench.pass();
    bench.answer("inc1/1#3?", 429);
    bench.pass();
    CHECK(bench.calls() == Texts{"inc1/1#4?"});
    Action owed = action_for(2, 1);
    owed.may_have_been_sent = true;
    bench.submit(owed);
    CHECK(bench.calls() == Texts{"inc2/1#1?"});
}

TEST_CASE("dispatcher: rejections and exhausted patience become dead letters") {
    Bench bench;
    bench.submit(action_for(1, 1));
    bench.answer("inc1/1#1", 404);
    REQUIRE(bench.out.reports.size() == 1);
    CHECK(!bench.out.reports[0].delivered);
    CHECK(bench.out.reports[0].detail == "try: HTTP 404");

    bench.submit(action_for(2, 1));
    unsigned attempt = 0;
    while (bench.out.reports.size() == 1 && attempt < 5000) {
        const auto calls = bench.calls();
        REQUIRE(calls.size() == 1);
        bench.answer(calls.front(), 500);
        ++attempt;
        if (bench.out.reports.size() == 1) bench.pass();
    }
    REQUIRE(bench.out.reports.size() == 2);
    CHECK(bench.now >= start + hours(24));
    CHECK(bench.now <= start + hours(24) + minutes(5));
    CHECK(!bench.out.reports[1].delivered);
    CHECK(bench.out.reports[1].detail ==
          "gave up after 1d and " + std::to_string(attempt) + " attempts; the last one: try: HTTP 500");
    CHECK(bench.out.attempts.back().verdict.kind == SinkVerdict::Kind::rejected);
    CHECK(bench.dispatcher.waiting() == 0);
}

TEST_CASE("dispatcher: a system that is down is probed by one action at a time, not asked by every incident") {
    Bench bench;
    for (std::uint64_t incident = 1; incident <= 50; ++incident) bench.submit(action_for(incident, 1));
    std::size_t asked = 0;
    const auto fail_all = [&] {
        for (const std::string& body : bench.calls()) {
            ++asked;
            bench.answer(body, 503);
        }
    };
    while (bench.out.breakers.empty()) fail_all();
    CHECK(bench.out.breakers.back().state == BreakerState::open);
    CHECK(bench.out.breakers.back().sink == "rt");
    CHECK(bench.out.breakers.back().reason == "try: HTTP 503");
    fail_all();  // what was in flight
    CHECK(asked <= 5 + 4);
    CHECK(bench.calls().empty());

    const Instant opened = bench.now;
    asked = 0;
    while (bench.now < opened + hours(1)) {
        bench.pass();
        CHECK(bench.calls().size() + bench.out.calls.size() <= 1);
        for (const auto& [body, id] : std::map<std::string, CallId>(std::exchange(bench.ids, {}))) {
            ++asked;
            bench.dispatcher.answered(id, {503, {}, ""}, bench.now, bench.out);
        }
    }
    CHECK(asked >= 10);
    CHECK(asked <= 40);  // a pause grows up to 5 minutes, half of it is jitter

    bench.pass();
    const auto probe = bench.calls();
    REQUIRE(probe.size() == 1);
    CHECK(bench.out.breakers.back().state == BreakerState::half_open);
    CHECK(!bench.dispatcher.next_due().has_value());
    bench.answer(probe.front(), 200);
    CHECK(bench.out.breakers.back().state == BreakerState::closed);
    CHECK(bench.calls().size() == 4);
}

TEST_CASE("dispatcher: refusals and wishes to wait do not open the breaker, an answer in between resets it") {
    Bench bench(1);
    for (std::uint64_t incident = 1; incident <= 20; ++incident) {
        bench.submit(action_for(incident, 1));
        bench.answer(bench.calls().front(), incident % 4 == 0 ? 404 : 500);
        if (incident % 4 != 0) continue;
        bench.submit(action_for(100 + incident, 1));
        bench.answer("inc" + std::to_string(100 + incident) + "/1#1", 429);
    }
    CHECK(bench.out.breakers.empty());
}

TEST_CASE("dispatcher: a lost connection counts as down; another sink is not touched") {
    Bench bench(1);
    for (std::uint64_t incident = 1; incident <= 5; ++incident) {
        bench.submit(action_for(incident, 1));
        const auto calls = bench.calls();
        REQUIRE(calls.size() == 1);
        bench.fail(calls.front(), incident % 2 == 0);
    }
    REQUIRE(bench.out.breakers.size() == 1);
    bench.submit(action_for(9, 1));
    CHECK(bench.calls().empty());
    bench.submit(action_for(9, 1, "hook"));
    CHECK(bench.calls().size() == 1);
}

TEST_CASE("dispatcher: a sink's rate holds: a burst, then one after the other") {
    PlainSink sink;
    SinkPolicy policy;
    policy.name = "rt";
    policy.sink = &sink;
    policy.in_flight_max = 64;
    policy.rate_per_minute = 30;
    policy.rate_burst = 3;
    Dispatcher dispatcher({policy}, 1);
    DispatcherOutput out;
    Instant now = start;
    for (std::uint64_t incident = 1; incident <= 10; ++incident) dispatcher.submit(action_for(incident, 1), now, out);
    CHECK(out.calls.size() == 3);
    for (std::size_t more = 4; more <= 10; ++more) {
        REQUIRE(dispatcher.next_due() == now + seconds(2));
        now = *dispatcher.next_due();
        dispatcher.tick(now, out);
        CHECK(out.calls.size() == more);
    }
    CHECK(!dispatcher.next_due().has_value());
}

TEST_CASE("dispatcher: an action for a sink that is gone is reported, not kept") {
    Bench bench;
    bench.submit(action_for(1, 1, "old"));
    REQUIRE(bench.out.reports.size() == 1);
    CHECK(bench.out.reports[0].detail == "no sink named 'old' is configured any more");
    CHECK(bench.dispatcher.waiting() == 0);
}

TEST_CASE("dispatcher: draining finishes what runs and begins nothing") {
    Bench bench(1);
    bench.submit(action_for(1, 1));
    bench.submit(action_for(2, 1));
    bench.dispatcher.drain();
    bench.answer("inc1/1#1", 302);
    bench.answer("inc1/1#1", 200);
    CHECK(bench.calls().empty());
    CHECK(bench.out.reports.size() == 1);
    CHECK(bench.dispatcher.waiting() == 1);
    CHECK(!bench.dispatcher.next_due().has_value());
}

TEST_CASE("dispatcher: an answer nobody waits for is ignored") {
    Bench bench;
    bench.dispatcher.answered(99, {200, {}, ""}, bench.now, bench.out);
    CHECK(bench.out.reports.empty());
}

}  // namespace incidentd
