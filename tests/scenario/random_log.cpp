#include "tests/scenario/random_log.hpp"

#include "rules/rules.hpp"

#include <array>

namespace incidentd::scenario {
namespace {

constexpr std::array<std::string_view, 3> rule_files{"version: 1\n",
                                                     R"(version: 1
correlate:
  - {name: held, match: 'service="a"', by: [host], hold: 20s, within: 1m, close: {quiet: 30s, max_age: 10m}}
  - {name: few, match: 'service=~"b|c"', by: [service], close: {quiet: 0s, max_alerts: 3}, incident: {impact: high}}
route:
  - {match: 'rule="few"', to: [pager], continue: true, update_every: 0s}
  - {to: [rt, chat], update_every: 30s}
)",
                                                     R"(version: 1
correlate:
  - {name: all, by: [], within: 5m, close: {quiet: 2m}, incident: {urgency: '{{urgency}}', service: '{{host}}'}}
route:
  - {match: 'severity="critical"', to: rt}
  - {to: []}
)"};

const std::vector<std::string>& sinks() {
    static const std::vector<std::string> names{"rt", "chat", "pager"};
    return names;
}

}  // namespace

std::shared_ptr<const RuleSet> rules_from(const RulesActivated& entry) {
    const Result<RuleBundle> bundle = RuleBundle::parse(entry.text);
    Problems problems;
    return bundle ? compile(*bundle, problems) : nullptr;
}

// Mostly moments, so that much happens within holds and windows; at times long enough for all of it to end.
Duration RandomLog::pause() {
    const std::uint64_t kind = below(100);
    if (kind < 30) return Duration{0};
    if (kind < 80) return milliseconds(static_cast<std::int64_t>(below(20'000)));
    if (kind < 97) return seconds(static_cast<std::int64_t>(below(300)));
    return minutes(static_cast<std::int64_t>(below(90)));
}

Entry RandomLog::next(const std::vector<Action>& outstanding) {
    if (entries_++ == 0) return {now_, Genesis{"a1b2c3", "0"}, nullptr};
    now_ = now_ + pause();
    const std::uint64_t kind = below(100);
    if (kind < 62) return alerts();
    if (kind < 90) return {now_, report(outstanding), nullptr};
    if (kind < 94) return {now_, command(), nullptr};
    if (kind < 96) return {now_, rules(), nullptr};
    if (kind < 98) return {now_, Started{seconds(static_cast<std::int64_t>(below(120)))}, nullptr};
    return {now_, Tick{}, nullptr};
}

Entry RandomLog::alerts() {
    constexpr std::array<std::string_view, 3> sources{"nagios", "prometheus", "zabbix"};
    constexpr std::array<std::string_view, 4> hosts{"h1", "h2", "h3", ""};
    constexpr std::array<std::string_view, 4> services{"a", "b", "c", "d"};
    constexpr std::array<std::string_view, 4> episodes{"", "1", "2", "3"};
    constexpr std::array<EventKind, 16> kinds{
        EventKind::firing,   EventKind::firing,         EventKind::firing,     EventKind::firing,
        EventKind::firing,   EventKind::firing,         EventKind::firing,     EventKind::resolved,
        EventKind::resolved, EventKind::resolved,       EventKind::resolved,   EventKind::acknowledged,
        EventKind::note,     EventKind::unacknowledged, EventKind::suppressed, EventKind::unsuppressed};
    Entry entry{now_, Tick{}, std::make_unique<AlertBatch>(sources[below(3)])};
    for (std::uint64_t left = 1 + below(3); left > 0; --left) {
        AlertDraft draft;
        draft.kind = kinds[below(kinds.size())];
        draft.severity = static_cast<Severity>(below(5));
        draft.labels = {{"host", hosts[below(4)]}, {"service", services[below(4)]}};
        draft.title = below(2) == 0 ? "it broke" : "";
        draft.text = below(3) == 0 ? "details" : "";
        draft.episode = episodes[below(4)];
        draft.actor = below(2) == 0 ? "ann" : "";
        if (below(3) == 0) draft.key = below(2) == 0 ? "k1" : "k2";
        if (below(2) == 0) draft.expires_at = now_ + milliseconds(static_cast<std::int64_t>(below(400'000)));
        if (below(8) == 0) draft.expires_at = now_ - seconds(5);
        (void)entry.batch->add(draft, EventLimits{});
    }
    entry.input = AlertsReceived{entry.batch->events()};
    return entry;
}

DeliveryReported RandomLog::report(const std::vector<Action>& outstanding) {
    DeliveryReported report;
    report.incident = IncidentId{1 + below(8)};
    report.sink = sinks()[below(3)];
    report.revision = below(5);
    if (!outstanding.empty() && below(8) != 0) {
        const Action& action = outstanding[below(outstanding.size())];
        report.incident = action.incident.id;
        report.sink = action.sink;
        report.kind = action.kind;
        report.revision = action.incident.revision - (below(20) == 0 ? 1 : 0);
    }
    report.delivered = below(8) != 0;
    report.ticket = std::to_string(report.incident.value);
    report.detail = report.delivered ? "" : "no";
    return report;
}

OperatorCommand RandomLog::command() {
    OperatorCommand command;
    command.verb = static_cast<OperatorCommand::Verb>(below(4));
    command.incident = IncidentId{1 + below(40)};
    command.sink = below(2) == 0 ? sinks()[below(3)] : "";
    command.actor = "bob";
    return command;
}

RulesActivated RandomLog::rules() {
    const std::string file(rule_files[below(rule_files.size())]);
    const RuleBundle bundle{{{"r.yaml", file}}, sinks()};
    RulesActivated entry{bundle.hash(), bundle.serialise(), nullptr};
    entry.compiled = rules_from(entry);
    return entry;
}

}  // namespace incidentd::scenario
