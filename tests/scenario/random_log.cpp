#include "tests/scenario/random_log.hpp"

#include "rules/rules.hpp"
#include "tests/scenario/random_topology.hpp"

#include <array>

namespace incidentd::scenario {
namespace {

constexpr std::array<std::string_view, 5> rule_files{"version: 1\n",
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
)",
                                                     "version: 1\n# every section\n",
                                                     R"(version: 1
# every section
correlate:
  - {name: held, match: 'service=~"a|b"', by: [host], hold: 20s, close: {quiet: 30s}}
)"};

// Sections whose work the random alerts meet: hosts h1..h3, services a..d, sources with keys and without.
void add_sections(RuleSet& set, bool entry_has_more) {
    const auto match = [](std::string_view text) { return parse_matchers(text).value(); };
    EnrichRule enrich;
    enrich.match = match("service=~\"(?P<kind>[ab])\"");
    enrich.set = {{"kind", Template::parse("{{kind}}-{{severity}}").value()}};
    set.enrich = {enrich};
    set.dedup = {{match("service=\"c\""), {"host", "service"}}};
    set.pairs = {{"ends", match("service=~\"a|c\""), match("service=\"d\",host!=\"h1\""), {"host"}, false}};
    SilenceRule silence;
    silence.name = "half-hours";
    silence.match = match("host=\"h2\"");
    for (int hour = 0; hour < 24; ++hour) {
        Recurrence at;
        at.start_minute = hour * 60 + 10;
        at.length = minutes(30);
        silence.schedule.recurrences.push_back(at);
    }
    SilenceRule window = silence;
    window.name = "work";
    window.match = match("service=\"b\"");
    window.is_maintenance = true;
    for (Recurrence& at : window.schedule.recurrences) at.length = minutes(15);
    set.silences = {silence, window};
    set.inhibit = {{"by-a", match("service=\"a\""), match("service=~\"b|c\""), {"host"}, false},
                   {"each-other", match("severity=\"\",service=~\"b|d\""), match("service=~\"b|d\""), {"host"}, true}};
    FlappingRule flapping;
    flapping.name = "often";
    flapping.match = match("host=\"h1\"");
    flapping.window = minutes(10);
    flapping.start = 3;
    flapping.stop_quiet = minutes(2);
    FlappingRule checks = flapping;
    checks.match = match("host=\"h3\"");
    checks.high_percent = 10;
    checks.low_percent = 5;
    set.flapping = {flapping, checks};
    StormRule storm;
    storm.name = "storm";
    storm.floor = 4;
    storm.factor = 2;
    storm.leave_after = minutes(2);
    set.storms = {storm};
    CorrelationRule threshold;
    threshold.name = "two";
    threshold.op = CorrelationOp::threshold;
    threshold.match = match("service=~\"a|b\"");
    threshold.by = {"service"};
    threshold.count = 2;
    threshold.distinct = "host";
    threshold.within = minutes(3);
    threshold.hold = seconds(5);
    threshold.proceed = entry_has_more;
    CorrelationRule sequence = threshold;
    sequence.name = "one-by-one";
    sequence.op = CorrelationOp::sequence;
    sequence.match = match("service=~\"c|d\"");
    sequence.by = {"host"};
    sequence.steps = {match("service=\"c\""), match("service=\"d\"")};
    CorrelationRule absence = sequence;
    absence.name = "sign";
    absence.op = CorrelationOp::absence;
    absence.match = absence.until = match("host=\"h3\",service=\"b\"");
    absence.by = {"service"};
    CorrelationRule follow = absence;
    follow.name = "follows";
    follow.match = match("host=\"h1\",service=\"a\"");
    follow.until = match("host=\"h2\"");
    follow.by = {};
    set.correlate.insert(set.correlate.begin(), {absence, follow, threshold, sequence});
}

// What the association learns is part of what must be the same after a restart.
void add_topology_rule(RuleSet& set) {
    CorrelationRule near;
    near.name = "near";
    near.op = CorrelationOp::topology;
    near.match = parse_matchers("service=~\"b|d\"").value();
    set.correlate.insert(set.correlate.begin() + 2, near);
}

const std::vector<std::string>& sinks() {
    static const std::vector<std::string> names{"rt", "chat", "pager"};
    return names;
}

}  // namespace

std::shared_ptr<const RuleSet> rules_from(const RulesActivated& entry) {
    const Result<RuleBundle> bundle = RuleBundle::parse(entry.text);
    Problems problems;
    std::shared_ptr<const RuleSet> set = bundle ? compile(*bundle, problems) : nullptr;
    if (set == nullptr || entry.text.find("# every section") == std::string::npos) return set;
    RuleSet whole = *set;
    whole.index = nullptr;  // of the set without them
    add_sections(whole, entry.text.find("held") != std::string::npos);
    add_topology_rule(whole);
    return std::make_shared<const RuleSet>(std::move(whole));
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
    if (kind < 88) return {now_, report(outstanding), nullptr};
    if (kind < 90) return {now_, RandomTopology(random_).change(), nullptr};
    if (kind < 92) return {now_, command(), nullptr};
    if (kind < 95) return {now_, rules(), nullptr};
    if (kind < 97) return {now_, silence(), nullptr};
    if (kind < 99) return {now_, Started{seconds(static_cast<std::int64_t>(below(120)))}, nullptr};
    return {now_, Tick{}, nullptr};
}

Entry RandomLog::alerts() {
    constexpr std::array<std::string_view, 3> sources{"nagios", "prometheus", "zabbix"};
    constexpr std::array<std::string_view, 4> hosts{"h1", "h2", "h3", ""};
    constexpr std::array<std::string_view, 4> services{"a", "b", "c", "d"};
    constexpr std::array<std::string_view, 3> pods{"p1", "p2", "h3"}, nodes{"sw1", "h2", "n9"};
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
        if (below(3) == 0) {
            if (below(2) == 0) draft.labels.erase(draft.labels.begin());
            draft.labels.emplace_back("pod", pods[below(3)]);
            if (below(2) == 0) draft.labels.emplace_back("node", nodes[below(3)]);
            if (below(2) == 0) draft.labels.emplace_back("deployment", "front");
            if (below(2) == 0) draft.labels.emplace_back("namespace", "shop");
        }
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

Input RandomLog::silence() {
    constexpr std::array<std::string_view, 4> matches{"host=\"h1\"", "service=~\"a|b\"", "kind!=\"\"", "host!=\"\""};
    const std::string known = "s" + std::to_string(1 + below(4));
    if (below(3) == 0) return SilenceExpired{known, "ann"};
    SilenceSet set;
    set.id = below(3) == 0 ? known : "s" + std::to_string(1 + silences_++ % 4);
    if (below(4) == 0) set.replaces = known;
    set.match = parse_matchers(matches[below(matches.size())]).value();
    set.starts_at = now_ + seconds(static_cast<std::int64_t>(below(300)) - 100);
    set.ends_at = now_ + seconds(static_cast<std::int64_t>(below(1200)) + 1);
    set.created_by = "ann";
    set.comment = below(2) == 0 ? "" : "why";
    return set;
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
    std::string file(rule_files[below(rule_files.size())]);
    RandomTopology topology(random_);
    if (below(3) != 0) file += topology.section();
    if (below(2) == 0) {
        constexpr std::string_view section = "correlate:\n";
        std::size_t at = file.find(section);
        if (at == file.npos) at = file.insert(file.find('\n') + 1, section).find(section);
        file.insert(at + section.size(), topology.rule("by-evidence"));
    }
    const RuleBundle bundle{{{"r.yaml", file}}, sinks()};
    RulesActivated entry{bundle.hash(), bundle.serialise(), nullptr};
    entry.compiled = rules_from(entry);
    return entry;
}

}  // namespace incidentd::scenario
