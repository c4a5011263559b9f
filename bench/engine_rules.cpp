// What the engine alone spends on a new alert under a rule file: no network, journal or read model.
//   bench_engine_rules RULES.yaml [ALERTS]      prints KEY=VALUE; the alerts are those of bench_load
#include "correlator/correlator.hpp"
#include "rules/rules.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace incidentd::bench {
namespace {

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string serial_text(std::uint64_t serial) {
    std::string digits = std::to_string(serial);
    return std::string(10 - digits.size(), '0') + digits;
}

void add(AlertBatch& batch, std::uint64_t serial) {
    const std::string instance = serial_text(serial);
    AlertDraft draft;
    draft.severity = Severity::critical;
    draft.title = "High request latency";
    draft.labels = {{"alertname", "HighRequestLatency"},
                    {"cluster", "eu-west-1"},
                    {"environment", "production"},
                    {"instance", instance},
                    {"job", "api-server"},
                    {"namespace", "checkout"},
                    {"pod", "checkout-7d9f6c5b44-x2x9p"},
                    {"service", "checkout"},
                    {"severity", "critical"},
                    {"team", "payments"}};
    if (!batch.add(draft, EventLimits{})) std::abort();
}

int run(const std::string& file, std::uint64_t alerts) {
    std::ifstream in(file);
    RuleBundle bundle;
    bundle.files.emplace_back(file, std::string(std::istreambuf_iterator<char>(in), {}));
    Problems problems;
    const double before_compile = cpu_seconds();
    const std::shared_ptr<const RuleSet> set = compile(bundle, problems);
    const double compile_seconds = cpu_seconds() - before_compile;
    if (set == nullptr) {
        std::fprintf(stderr, "%s", problems.text().c_str());
        return 1;
    }
    Correlator engine;
    Effects effects;
    const Instant now{1'767'225'600'000};
    engine.apply(Genesis{"bench", {}}, now, effects);
    engine.apply(RulesActivated{bundle.hash(), {}, set}, now, effects);
    constexpr std::uint64_t batch_size = 100;
    double seconds = 0;
    for (std::uint64_t first = 0; first < alerts; first += batch_size) {
        AlertBatch batch("bench");
        for (std::uint64_t i = 0; i < batch_size; ++i) add(batch, first + i);
        effects.clear();
        const double begin = cpu_seconds();
        engine.apply(AlertsReceived{batch.events()}, now, effects);
        seconds += cpu_seconds() - begin;
    }
    std::printf("rules=%zu engine_us_per_alert=%.2f compile_ms=%.0f\n", set->correlate.size(),
                seconds * 1e6 / static_cast<double>(alerts), compile_seconds * 1e3);
    return 0;
}

}  // namespace
}  // namespace incidentd::bench

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_engine_rules RULES.yaml [ALERTS]\n");
        return 2;
    }
    return incidentd::bench::run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000);
}
