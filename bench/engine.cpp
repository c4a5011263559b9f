// The engine alone, without sockets or disks: what one alert costs in memory, first and repeated, from the journal's
// records on; and how long a snapshot takes to write and to load. Prints one line of KEY=VALUE.
#include "correlator/alert.hpp"
#include "correlator/correlator.hpp"
#include "correlator/input.hpp"
#include "correlator/snapshot.hpp"
#include "rules/rules.hpp"

#include <malloc.h>
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace incidentd::bench {
namespace {

struct Settings {
    std::uint64_t alerts = 1'000'000;
    std::size_t per_request = 1'000;
    bool distinct_texts = false;
};

// Of this process alone: what else runs on the machine counts little.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::size_t allocated_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

std::string digits(std::uint64_t serial) {
    std::string text(10, '0');
    for (std::size_t i = 10; i > 0; --i, serial /= 10) text[i - 1] = static_cast<char>('0' + serial % 10);
    return text;
}

// The same alert as bench/bodies.cpp, as its source hands it to the engine.
void fill(AlertDraft& draft, const std::string& serial, const std::string& description, Instant now) {
    draft.clear();
    draft.severity = Severity::critical;
    draft.starts_at = now;
    draft.expires_at = now + minutes(5);
    draft.title = "High request latency";
    draft.text = description;
    draft.url = "http://prometheus.example.com/graph?g0.expr=latency";
    draft.labels = {{"alertname", "HighRequestLatency"},
                    {"cluster", "eu-west-1"},
                    {"environment", "production"},
                    {"instance", serial},
                    {"job", "api-server"},
                    {"namespace", "checkout"},
                    {"pod", "checkout-7d9f6c5b44-x2x9p"},
                    {"service", "checkout"},
                    {"severity", "critical"},
                    {"team", "payments"}};
    draft.annotations = {{"description", description},
                         {"runbook_url", "https://runbooks.example.com/HighRequestLatency"},
                         {"summary", "High request latency"}};
}

struct Record {
    Instant at;
    std::string bytes;
};

class Bench {
public:
    explicit Bench(const Settings& settings) : settings_(settings) {}

    void run() {
        const std::vector<Record> first = records(nullptr);
        Correlator live = fresh();
        const double live_seconds = feed(live, first, true);
        live = fresh();
        const std::size_t before = allocated_bytes();
        const double replay_seconds = feed(live, first, false);
        const std::size_t after = allocated_bytes();
        const double repeated_seconds = feed(live, records(&live), false);
        std::string snapshot;
        double start = cpu_seconds();
        EngineSnapshot::encode(live, "bench", snapshot);
        const double encode_seconds = cpu_seconds() - start;
        start = cpu_seconds();
        const auto none = [](const std::string&) { return std::shared_ptr<const RuleSet>(); };
        const Result<RestoredEngine> loaded = EngineSnapshot::decode(snapshot, limits(), none);
        const double decode_seconds = cpu_seconds() - start;
        const auto alerts = static_cast<double>(settings_.alerts);
        std::printf(
            "new_us=%.2f new_replayed_us=%.2f repeated_replayed_us=%.3f heap_bytes_per_alert=%.0f "
            "snapshot_bytes_per_alert=%.0f encode_us=%.2f decode_us=%.2f held=%llu\n",
            live_seconds * 1e6 / alerts, replay_seconds * 1e6 / alerts, repeated_seconds * 1e6 / alerts,
            static_cast<double>(after - before) / alerts, static_cast<double>(snapshot.size()) / alerts,
            encode_seconds * 1e6 / alerts, decode_seconds * 1e6 / alerts,
            static_cast<unsigned long long>(loaded ? loaded->engine.sizes().alerts_held : 0));
    }

private:
    static EngineLimits limits() {
        EngineLimits limits;
        limits.alerts_max = 20'000'000;
        return limits;
    }

    Correlator fresh() {
        Correlator engine(limits());
        Problems problems;
        RulesActivated rules{"bench", "", nullptr};
        rules.compiled = compile(RuleBundle{}, problems);
        engine.replay(Genesis{"bench", "bench"}, begin);
        engine.replay(rules, begin);
        return engine;
    }

    // As the worker would have journaled them; with an engine that knows the alerts, as refreshes.
    std::vector<Record> records(const Correlator* knows) {
        std::vector<Record> out;
        AlertDraft draft;
        for (std::uint64_t serial = 0; serial < settings_.alerts; serial += settings_.per_request) {
            now_ = now_ + milliseconds(10);
            AlertBatch batch("prometheus");
            for (std::size_t i = 0; i < settings_.per_request; ++i) {
                const std::string name = digits(serial + i);
                const std::string description = "The 99th percentile is above 500 ms for 5 minutes" +
                                                (settings_.distinct_texts ? " on " + name : "");
                fill(draft, name, description, now_);
                (void)batch.add(draft, {});
            }
            Correlator::Changed changed;
            if (knows != nullptr) knows->note_refreshes(batch.events(), changed);
            out.push_back({now_, {}});
            encode(AlertsReceived{batch.events()}, out.back().bytes);
        }
        return out;
    }

    double feed(Correlator& engine, const std::vector<Record>& records, bool with_effects) {
        DecodeScratch scratch;
        Effects effects;
        const double start = cpu_seconds();
        for (const Record& record : records) {
            Result<Input> input = decode(record.bytes, scratch);
            effects.clear();
            if (with_effects)
                engine.apply(*input, record.at, effects);
            else
                engine.replay(*input, record.at);
        }
        return cpu_seconds() - start;
    }

    const Settings settings_;
    static constexpr Instant begin{1'767'225'600'000};  // 2026-01-01
    Instant now_ = begin;
};

}  // namespace
}  // namespace incidentd::bench

int main(int argc, char** argv) {
    incidentd::bench::Settings settings;
    CLI::App app("Feeds the engine from records in memory and measures its CPU time and memory.");
    app.add_option("--alerts", settings.alerts, "Different alerts")->capture_default_str();
    app.add_option("--per-request", settings.per_request, "Alerts in a record")->capture_default_str();
    app.add_flag("--distinct-texts", settings.distinct_texts, "Every alert has a description of its own");
    CLI11_PARSE(app, argc, argv);
    incidentd::bench::Bench(settings).run();
    return 0;
}
