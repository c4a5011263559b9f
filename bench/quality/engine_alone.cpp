#include "bench/quality/engine_alone.hpp"

#include "bench/quality/cpu_clock.hpp"
#include "bench/quality/run_engine.hpp"
#include "correlator/string_hash.hpp"

#include <malloc.h>

#include <algorithm>
#include <string>
#include <utility>

namespace incidentd::quality {
namespace {

constexpr std::size_t told_every = 1'000;  // messages after which the read model is told, as by the daemon

std::int64_t allocated_bytes() {
    const struct mallinfo2 info = ::mallinfo2();
    return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
}

void tell_read_model(Correlator& engine) {
    (void)engine.visit_changed_alerts(SIZE_MAX, [](AlertRow&&) {});
    (void)engine.visit_touched_alerts(SIZE_MAX, [](const Correlator::AlertCount&) {});
    (void)engine.visit_touched_incidents(SIZE_MAX, [](const IncidentView&) {});
}

}  // namespace

void run_engine_alone(const Dataset& set, std::shared_ptr<const RuleSet> rules,
                      const std::function<void(const AloneStep&)>& tell, std::uint64_t* digest) {
    const std::size_t each = std::max<std::size_t>(1, (set.truth.incident.size() + alone_steps - 1) / alone_steps);
    AlertStream stream(set);
    StreamAlert alert;
    MessageMaker maker;
    const std::int64_t before = allocated_bytes();
    Correlator engine;
    Instant now{1};
    AloneStep step;
    const auto apply = [&](const Input& input) {
        Effects effects;
        const CpuSpan span;
        engine.apply(input, now, effects);
        const double seconds = span.seconds();
        step.seconds += seconds;
        step.slowest = std::max(step.slowest, seconds);
        if (digest == nullptr) return;
        for (const Effect& effect : effects) *digest = hash_text(describe(effect), *digest);
    };
    const auto finish = [&] {
        tell_read_model(engine);
        if (digest != nullptr) *digest = hash_text(std::to_string(engine.digest()), *digest);
        step.bytes = allocated_bytes() - before;
        step.sizes = engine.sizes();
        tell(std::exchange(step, AloneStep{}));
    };
    apply(Genesis{"q", "0"});
    apply(RulesActivated{rules->hash, {}, rules});
    while (stream.next(alert)) {
        now = std::max(now, Instant{alert.received_ms});
        AlertBatch batch(alert.source);
        if (maker.add(alert, batch)) apply(AlertsReceived{batch.events()});
        ++step.messages;
        if (step.messages % told_every == 0) tell_read_model(engine);
        if (step.messages == each) finish();
    }
    if (step.messages > 0) finish();
}

}  // namespace incidentd::quality
