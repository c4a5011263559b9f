// Drives an engine with rules made in code, and says what came of it in words. For unit tests.
#pragma once

#include "correlator/correlator.hpp"

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::test {

inline Matchers match(std::string_view text) { return text.empty() ? Matchers{} : parse_matchers(text).value(); }
inline Template place(std::string_view text) { return Template::parse(text).value(); }

// `host=a,service=b` and further words of a message.
struct Message {
    std::string labels;
    Severity severity = Severity::critical;
    std::string key = {}, episode = {}, title = {};
    Instant starts_at = {}, ends_at = {}, expires_at = {};
};

class Engine {
public:
    explicit Engine(RuleSet rules, EngineLimits limits = {}, std::uint64_t salt = 0) : engine_(limits, salt) {
        apply(Genesis{"t", "0"});
        activate(std::move(rules));
    }

    static RuleSet rules() {  // one incident a host, no hold; every sink hears at once
        RuleSet set;
        CorrelationRule rule;
        rule.name = "host";
        rule.by = {"host"};
        rule.by_optional = true;
        set.correlate.push_back(rule);
        return set;
    }
    void activate(RuleSet rules) {
        rules_ = std::make_shared<const RuleSet>(std::move(rules));
        apply(RulesActivated{"h", "t", rules_});
    }
    void say(EventKind kind, const Message& message, std::string_view source = "nagios") {
        AlertBatch batch(source);
        AlertDraft draft;
        draft.kind = kind;
        draft.severity = message.severity;
        draft.key = message.key;
        draft.episode = message.episode;
        draft.title = message.title;
        draft.starts_at = message.starts_at;
        draft.ends_at = message.ends_at;
        draft.expires_at = message.expires_at;
        std::string_view rest = message.labels;
        while (!rest.empty()) {
            const std::string_view one = rest.substr(0, rest.find(','));
            rest.remove_prefix(one.size() + (one.size() < rest.size() ? 1 : 0));
            draft.labels.push_back({one.substr(0, one.find('=')), one.substr(one.find('=') + 1)});
        }
        (void)batch.add(draft, EventLimits{}).value();
        Correlator::Changed changed;
        engine_.note_refreshes(batch.events(), changed);
        was_refresh = batch.events().front().refresh;
        last_fingerprint = batch.events().front().fingerprint;
        apply(AlertsReceived{batch.events()});
    }
    void fire(const Message& message, std::string_view source = "nagios") { say(EventKind::firing, message, source); }
    void end(const Message& message, std::string_view source = "nagios") { say(EventKind::resolved, message, source); }
    void pass(Duration time) {
        now = now + time;
        apply(Tick{});
    }
    void apply(const Input& input) {
        told.clear();
        engine_.apply(input, now, told);
        for (const Effect& effect : told) {
            if (const auto* d = std::get_if<AlertDecided>(&effect.what)) {
                words += (words.empty() ? "" : " ") + std::string(to_string(d->verdict));
                because = d->because;
            }
            if (const auto* c = std::get_if<IncidentChanged>(&effect.what)) incident = *c->incident;
            if (const auto* k = std::get_if<KpiSampled>(&effect.what)) kpis.push_back(*k);
        }
    }
    // The verdicts since the last call, in order.
    std::string verdicts() { return std::exchange(words, {}); }
    std::uint64_t open() const { return engine_.sizes().incidents_open; }
    std::uint64_t pending() const { return engine_.sizes().incidents_pending; }
    AlertRow row(Fingerprint fingerprint) const { return engine_.alert_row(engine_.find_alert(fingerprint).value()); }
    std::vector<AlertRow> rows() const {
        std::vector<AlertRow> rows;
        for (const std::uint32_t slot : engine_.alert_slots()) rows.push_back(engine_.alert_row(slot));
        return rows;
    }
    static std::string label(const AlertRow& row, std::string_view name) {
        for (const auto& [known, value] : row.labels)
            if (known == name) return std::string(value);
        return "";
    }
    Correlator& engine() { return engine_; }

    Instant now{1'767'225'600'000};  // 2026-01-01T00:00:00Z
    Effects told;                    // of the last apply()
    std::string words, because;      // because: of the last decision
    IncidentView incident;           // the last that changed
    std::vector<KpiSampled> kpis;
    bool was_refresh = false;
    Fingerprint last_fingerprint;

private:
    Correlator engine_;
    std::shared_ptr<const RuleSet> rules_;
};

}  // namespace incidentd::test
