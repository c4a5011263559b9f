#include "tests/scenario/stage.hpp"

#include "correlator/snapshot.hpp"
#include "rules/rules.hpp"

#include <algorithm>

namespace incidentd::scenario {
namespace {

constexpr Instant start{1'767'225'600'000};  // 2026-01-01T00:00:00Z

std::string get(const Words& words, std::string_view name, std::string fallback = {}) {
    for (const auto& [known, value] : words.equal)
        if (known == name) return value;
    return fallback;
}

// "db{1..3}/ping" -> db1/ping db2/ping db3/ping
std::vector<std::string> expand(const std::string& subject) {
    const std::size_t dots = subject.find("..");
    const std::size_t open = subject.find('{');
    const std::size_t close = subject.find('}');
    if (dots == subject.npos || subject.front() == '{' || open > dots || close < dots) return {subject};
    std::vector<std::string> all;
    const int last = std::stoi(subject.substr(dots + 2, close - dots - 2));
    for (int i = std::stoi(subject.substr(open + 1, dots - open - 1)); i <= last; ++i)
        all.push_back(subject.substr(0, open) + std::to_string(i) + subject.substr(close + 1));
    return all;
}

// The text that a draft borrows.
struct Subject {
    explicit Subject(const std::string& words) : name(words) {
        if (name.front() == '{') {
            std::string_view rest = std::string_view(name).substr(1, name.size() - 2);
            while (!rest.empty()) {
                const std::string_view one = rest.substr(0, rest.find(','));
                rest.remove_prefix(std::min(rest.size(), one.size() + 1));
                labels.push_back({one.substr(0, one.find('=')), one.substr(one.find('=') + 1)});
            }
            return;
        }
        const std::string_view view = name;
        labels.push_back({"host", view.substr(0, view.find('/'))});
        if (view.find('/') != view.npos) labels.push_back({"service", view.substr(view.find('/') + 1)});
    }
    std::string name;
    std::vector<LabelView> labels;
};

bool read_kind(const std::string& word, AlertDraft& draft) {
    const std::pair<std::string_view, EventKind> kinds[] = {{"OK", EventKind::resolved},
                                                            {"resolved", EventKind::resolved},
                                                            {"ack", EventKind::acknowledged},
                                                            {"unack", EventKind::unacknowledged},
                                                            {"downtime", EventKind::suppressed},
                                                            {"downtime-end", EventKind::unsuppressed},
                                                            {"note", EventKind::note}};
    for (const auto& [known, kind] : kinds)
        if (known == word) return draft.kind = kind, true;
    const std::optional<Severity> severity = severity_from_convention(word);
    if (severity) draft.severity = *severity;
    return severity.has_value();
}

}  // namespace

Stage::Stage(const Scenario& scenario, Fail fail)
    : scenario_(scenario), fail_(std::move(fail)), engine_(scenario.limits), now_(start) {
    memory_.start = start;
}

void Stage::play() {
    Effects effects;
    engine_.apply(Genesis{"t", "0"}, now_, effects);
    if (!activate("", effects)) return;
    for (const Step& one : scenario_.steps) step(one);
}

void Stage::step(const Step& step) {
    now_ = start + step.at;
    Effects effects;
    if (!perform(step.what, effects)) {
        fail_(step.what.line, "'" + step.what.text + "' is not a step; README.md lists them");
        return;
    }
    compare(step, effects);
}

// What is shown must be expected, line by line: a scenario that leaves a ticket update unmentioned fails.
void Stage::compare(const Step& step, const Effects& effects) {
    std::vector<Event> events = events_of(effects, scenario_, memory_);
    if (engine_.last_outcomes().repeated > 0)
        events.insert(events.begin(),
                      Event{{"repeated"}, {{"count", std::to_string(engine_.last_outcomes().repeated)}}});
    auto next = events.begin();
    for (const Words& line : step.expected) {
        if (check(line)) continue;
        Words expected = line;
        int times = 1;
        std::string& first = expected.positional.front();
        if (first.size() > 1 && first.back() == 'x' && first.front() >= '0' && first.front() <= '9') {
            times = std::stoi(first);
            expected.positional.erase(expected.positional.begin());
        }
        for (; times > 0; --times, ++next) {
            if (next != events.end() && next->matches(expected)) continue;
            std::string got;
            for (auto at = next; at != events.end() && at - next < 5; ++at)
                got += (got.empty() ? "" : "\n              ") + at->text();
            fail_(line.line, "expected    " + line.text + "\n  got         " + (got.empty() ? "nothing" : got));
            return;
        }
    }
    if (next != events.end()) fail_(step.what.line, "expected    nothing more\n  got         " + next->text());
}

bool Stage::check(const Words& expected) {
    if (expected.positional.size() > 1 && expected.positional[1] == "is") return check_incident(expected);
    if (expected.positional.size() > 2 && expected.positional[0] == "alert") return check_alert(expected);
    return expected.positional[0] == "sizes" && check_sizes(expected);
}

bool Stage::check_incident(const Words& expected) {
    const IncidentId id = incident_from(expected.positional[0]);
    const auto told = memory_.incidents.find(id);
    if (told == memory_.incidents.end()) {
        fail_(expected.line, "no such incident was told of");
        return true;
    }
    // As long as the engine knows it, its word counts: message counters move without an effect.
    const Event is{{expected.positional[0], "is", std::string(to_string(told->second.state))},
                   attributes_of(engine_.find_incident(id).value_or(told->second))};
    if (!is.matches(expected)) fail_(expected.line, "expected    " + expected.text + "\n  got         " + is.text());
    return true;
}

bool Stage::check_alert(const Words& expected) {
    Event is{{"alert", expected.positional[1], "is", "unknown"}, {}};
    for (const auto& [fingerprint, name] : memory_.names) {
        const std::optional<std::uint32_t> slot = engine_.find_alert(fingerprint);
        if (name != expected.positional[1] || !slot) continue;
        const AlertRow row = engine_.alert_row(*slot);
        is.positional[3] = row.firing ? "firing" : "resolved";
        if (row.suppressed) is.positional.push_back("suppressed");
        if (row.acknowledged) is.positional.push_back("acknowledged");
        is.attributes = {{"count", std::to_string(row.count)},
                         {"severity", std::string(to_string(row.severity))},
                         {"incident", row.incident.is_set() ? to_string(row.incident) : ""}};
        for (const auto& [label, value] : row.labels) is.attributes.emplace_back(label, value);
    }
    if (!is.matches(expected)) fail_(expected.line, "expected    " + expected.text + "\n  got         " + is.text());
    return true;
}

bool Stage::check_sizes(const Words& expected) {
    const EngineSizes sizes = engine_.sizes();
    const Event is{{"sizes"},
                   {{"firing", std::to_string(sizes.alerts_firing)},
                    {"suppressed", std::to_string(sizes.alerts_suppressed)},
                    {"held", std::to_string(sizes.alerts_held)},
                    {"pending", std::to_string(sizes.incidents_pending)},
                    {"open", std::to_string(sizes.incidents_open)},
                    {"outstanding", std::to_string(sizes.actions_outstanding)}}};
    if (!is.matches(expected)) fail_(expected.line, "expected    " + expected.text + "\n  got         " + is.text());
    return true;
}

bool Stage::perform(const Words& what, Effects& out) {
    if (what.positional.empty()) return false;
    const std::string& verb = what.positional[0];
    if (verb == "tick") return engine_.apply(Tick{}, now_, out), true;
    if (verb == "snapshot") return restore();
    if (verb == "started") {
        const Result<Duration> grace = parse_duration(get(what, "grace", "0"));
        if (grace) engine_.apply(Started{*grace}, now_, out);
        return grace.has_value();
    }
    if (what.positional.size() < 2) return false;
    if (verb == "rules") return activate(what.positional[1], out);
    if (verb == "report") return report(what, out);
    if (verb == "operator") return command(what, out);
    if (verb == "link") return link(what, out);
    return what.positional.size() == 3 && alerts(what, out);
}

bool Stage::alerts(const Words& what, Effects& out) {
    AlertBatch batch(what.positional[0]);
    for (const std::string& one : expand(what.positional[1])) {
        const Subject subject(one);
        AlertDraft draft;
        if (!read_kind(what.positional[2], draft)) return false;
        const std::string text = get(what, "text"), title = get(what, "title", subject.name), key = get(what, "key"),
                          episode = get(what, "episode"), actor = get(what, "by");
        draft.text = text;
        draft.title = title;
        draft.key = key;
        draft.episode = episode;
        draft.actor = actor;
        draft.labels = subject.labels;
        if (const std::string expires = get(what, "expires"); !expires.empty())
            draft.expires_at = now_ + parse_duration(expires).value();
        if (const std::string began = get(what, "began"); !began.empty())
            draft.starts_at = now_ - parse_duration(began).value();
        if (!batch.add(draft, EventLimits{})) return false;
        memory_.names[batch.events().back().fingerprint] = subject.name;
    }
    engine_.apply(AlertsReceived{batch.events()}, now_, out);
    return true;
}

bool Stage::link(const Words& what, Effects& out) {
    if (what.positional.size() != 4) return false;
    TopologyChanged change;
    change.part = what.positional[1];
    change.add.links = {{what.positional[2], what.positional[3], get(what, "kind", "depends")}};
    engine_.apply(change, now_, out);
    return true;
}

bool Stage::restore() {
    std::string bytes;
    EngineSnapshot::encode(engine_, "t", bytes);
    const auto compiled = [](const std::string& text) {
        const Result<RuleBundle> bundle = RuleBundle::parse(text);
        Problems problems;
        return bundle ? compile(*bundle, problems) : nullptr;
    };
    Result<RestoredEngine> restored = EngineSnapshot::decode(bytes, scenario_.limits, compiled);
    if (!restored) return fail_(scenario_.line, restored.error().message), false;
    engine_ = std::move(restored->engine);
    return true;
}

bool Stage::report(const Words& what, Effects& out) {
    if (what.positional.size() != 4) return false;
    DeliveryReported report;
    report.incident = incident_from(what.positional[1]);
    report.sink = what.positional[2];
    const auto handed_out = memory_.handed_out.find({report.incident, report.sink});
    if (handed_out != memory_.handed_out.end()) {
        report.revision = handed_out->second.first;
        report.kind = handed_out->second.second;
    }
    if (const std::string text = get(what, "revision"); !text.empty()) report.revision = std::stoull(text);
    report.delivered = what.positional[3] == "delivered";
    report.ticket = get(what, "ticket");
    report.detail = get(what, "detail");
    engine_.apply(report, now_, out);
    return report.delivered || what.positional[3] == "dead";
}

bool Stage::command(const Words& what, Effects& out) {
    if (what.positional.size() < 3) return false;
    OperatorCommand command;
    const std::string& verb = what.positional[1];
    if (verb == "retry") command.verb = OperatorCommand::Verb::retry_delivery;
    if (verb == "drop") command.verb = OperatorCommand::Verb::drop_delivery;
    if (verb == "unacknowledge") command.verb = OperatorCommand::Verb::unacknowledge;
    command.incident = incident_from(what.positional[2]);
    if (what.positional.size() > 3) command.sink = what.positional[3];
    command.actor = get(what, "by");
    command.comment = get(what, "comment");
    engine_.apply(command, now_, out);
    return verb == "acknowledge" || verb == "unacknowledge" || verb == "retry" || verb == "drop";
}

bool Stage::activate(const std::string& name, Effects& out) {
    RuleBundle bundle{{}, scenario_.sinks};
    const auto text = scenario_.rules.find(name);
    if (text != scenario_.rules.end()) bundle.files = {{"scenario.yaml", text->second}};
    Problems problems;
    const std::shared_ptr<const RuleSet> set = compile(bundle, problems);
    if (set == nullptr) {
        fail_(scenario_.line, "its rules do not compile:\n" + problems.text());
        return false;
    }
    engine_.apply(RulesActivated{bundle.hash(), bundle.serialise(), set}, now_, out);
    return name.empty() || text != scenario_.rules.end();
}

}  // namespace incidentd::scenario
