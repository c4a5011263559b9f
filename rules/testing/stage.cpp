#include "rules/testing/stage.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace incidentd::testing {
namespace {

std::string numbered(const std::string& text, std::uint32_t number) {
    constexpr std::string_view place = "{{n}}";
    std::string out;
    std::size_t at = 0;
    for (std::size_t found = text.find(place); found != text.npos; found = text.find(place, at)) {
        out.append(text, at, found - at);
        out += std::to_string(number);
        at = found + place.size();
    }
    return out.append(text, at);
}

TextPairs numbered(const TextPairs& pairs, std::uint32_t number) {
    TextPairs out;
    for (const auto& [name, value] : pairs) out.emplace_back(name, numbered(value, number));
    return out;
}

std::string_view find_text(const TextPairs& pairs, std::string_view name) {
    for (const auto& [known, value] : pairs)
        if (known == name) return value;
    return {};
}

bool holds_all(const TextPairs& labels, const TextPairs& subset) {
    return std::all_of(subset.begin(), subset.end(),
                       [&labels](const auto& pair) { return find_text(labels, pair.first) == pair.second; });
}

std::string braces(const TextPairs& labels) {
    std::string out = "{";
    for (const auto& [name, value] : labels) out += (out.size() > 1 ? ", " : "") + name + ": " + value;
    return out + "}";
}

// With a key the labels are no part of the identity.
std::string identity_of(const Stage::Sent& alert) {
    TextPairs sorted = alert.labels;
    std::sort(sorted.begin(), sorted.end());
    return alert.source + '\0' + (alert.key.empty() ? braces(sorted) : alert.key);
}

EventKind kind_of(TestEvent::Kind kind) {
    switch (kind) {
        case TestEvent::Kind::alert:
            return EventKind::firing;
        case TestEvent::Kind::resolve:
            return EventKind::resolved;
        case TestEvent::Kind::acknowledge:
            return EventKind::acknowledged;
        case TestEvent::Kind::unacknowledge:
            return EventKind::unacknowledged;
        case TestEvent::Kind::suppress:
            return EventKind::suppressed;
        case TestEvent::Kind::unsuppress:
            return EventKind::unsuppressed;
        case TestEvent::Kind::note:
            break;
    }
    return EventKind::note;
}

// As sources of Prometheus alerts do: the annotation `summary`, else the alert's name and where.
std::string default_title(const TestEvent& event, const TextPairs& labels) {
    if (const std::string_view summary = find_text(event.annotations, "summary"); !summary.empty())
        return std::string(summary);
    std::string title(find_text(labels, "alertname"));
    if (const std::string_view instance = find_text(labels, "instance"); !instance.empty())
        title += " (" + std::string(instance) + ")";
    return title;
}

Severity severity_of(const TestEvent& event, const TextPairs& labels) {
    if (event.severity) return *event.severity;
    const std::string_view label = find_text(labels, "severity");
    if (label.empty()) return Severity::error;
    return severity_from_convention(label).value_or(Severity::unknown);
}

}  // namespace

Stage::Stage(const TestCase& test, const RuleBundle& bundle, std::shared_ptr<const RuleSet> rules)
    : test_(test), now_(test.start) {
    apply(Genesis{"rule-test", INCIDENTD_VERSION});
    apply(RulesActivated{bundle.hash(), {}, std::move(rules)});
    for (const TestEvent& event : test.events)
        for (std::uint32_t i = 0; i < event.times; ++i)
            steps_.push_back({test.start + event.at + event.every * i, &event, i + 1});
    std::stable_sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
}

void Stage::play_until(Duration until) {
    const Instant end = test_.start + until;
    for (; next_ < steps_.size() && steps_[next_].at <= end; ++next_) {
        advance(steps_[next_].at);
        play(*steps_[next_].event, steps_[next_].repetition);
    }
    advance(end);
    refresh_rows();
}

// Deadline by deadline, so that a delivery due at one of them is reported before the next.
void Stage::advance(Instant to) {
    for (auto due = engine_.next_deadline(); due && *due <= to; due = engine_.next_deadline()) {
        now_ = std::max(now_, *due);
        apply(Tick{});
    }
    now_ = std::max(now_, to);
    apply(Tick{});
}

void Stage::play(const TestEvent& event, std::uint32_t repetition) {
    if (event.kind == TestEvent::Kind::alert)
        send_alert(event, repetition);
    else
        say(event, repetition);
}

void Stage::send_alert(const TestEvent& event, std::uint32_t repetition) {
    Sent alert;
    alert.labels = numbered(event.labels, repetition);
    alert.source = event.source;
    alert.key = numbered(event.key, repetition);
    alert.title = event.title.empty() ? default_title(event, alert.labels) : numbered(event.title, repetition);
    alert.text = numbered(event.text, repetition);
    alert.severity = severity_of(event, alert.labels);
    const auto [at, is_new] = sent_index_.try_emplace(identity_of(alert), sent_.size());
    if (is_new)
        sent_.push_back(std::move(alert));
    else
        sent_[at->second] = std::move(alert);
    deliver(event, sent_[at->second], event.status);
}

void Stage::say(const TestEvent& event, std::uint32_t repetition) {
    const TextPairs subset = numbered(event.labels, repetition);
    const EventKind kind = kind_of(event.kind);
    bool found = false;
    for (Sent& alert : sent_) {
        if (!holds_all(alert.labels, subset)) continue;
        if (kind == EventKind::resolved && alert.last == EventKind::resolved) continue;
        found = true;
        deliver(event, alert, kind);
    }
    if (!found)
        memory_.faults.push_back({event.where, "no alert with " + braces(subset) + " was sent before" +
                                                   (kind == EventKind::resolved ? ", or all are resolved" : "")});
}

void Stage::deliver(const TestEvent& event, Sent& alert, EventKind kind) {
    AlertDraft draft;
    draft.kind = kind;
    draft.severity = alert.severity;
    if (kind == EventKind::resolved) draft.ends_at = now_;
    if (kind == EventKind::firing && event.expires.ms > 0) draft.expires_at = now_ + event.expires;
    if (kind == EventKind::firing || kind == EventKind::resolved) alert.last = kind;
    draft.key = alert.key;
    draft.episode = event.episode;
    draft.title = alert.title;
    draft.text = event.kind == TestEvent::Kind::alert ? alert.text : event.text;
    draft.url = event.url;
    draft.actor = event.actor;
    for (const auto& [name, value] : alert.labels) draft.labels.push_back({name, value});
    for (const auto& [name, value] : event.annotations) draft.annotations.push_back({name, value});
    AlertBatch batch(alert.source);
    if (const Result<void> added = batch.add(draft, EventLimits{}); !added) {
        memory_.faults.push_back({event.where, "is not an alert: " + added.error().message});
        return;
    }
    apply(AlertsReceived{batch.events()});
}

void Stage::apply(const Input& input) {
    Effects effects;
    engine_.apply(input, now_, effects);
    for (Effect& effect : effects) note(effect);
    while (!reports_.empty()) {
        const std::vector<DeliveryReported> reports = std::exchange(reports_, {});
        for (const DeliveryReported& report : reports) {
            effects.clear();
            engine_.apply(report, now_, effects);
            for (Effect& effect : effects) note(effect);
        }
    }
    engine_.visit_changed_alerts(SIZE_MAX, [this](AlertRow&& row) {
        const Fingerprint fingerprint = row.fingerprint;
        memory_.alerts.insert_or_assign(fingerprint, std::move(row));
    });
}

void Stage::note(Effect& effect) {
    if (auto* decided = std::get_if<AlertDecided>(&effect.what)) {
        memory_.decisions.push_back({effect.at, std::move(*decided)});
    } else if (auto* incident = std::get_if<IncidentChanged>(&effect.what)) {
        memory_.incidents.insert_or_assign(incident->incident.id, std::move(incident->incident));
    } else if (auto* opened = std::get_if<IncidentOpened>(&effect.what)) {
        memory_.opened.push_back(opened->incident);
    } else if (auto* due = std::get_if<ActionDue>(&effect.what)) {
        Action& action = due->action;
        DeliveryReported report;
        report.incident = action.incident.id;
        report.sink = action.sink;
        report.revision = action.incident.revision;
        report.kind = action.kind;
        report.delivered = true;
        report.ticket = action.ticket;
        if (report.ticket.empty()) report.ticket = action.sink + "-" + std::to_string(++tickets_[action.sink]);
        reports_.push_back(std::move(report));
        memory_.deliveries.push_back({effect.at, action.kind, action.sink, std::move(action.incident)});
    }
}

// Counts move without an effect.
void Stage::refresh_rows() {
    for (auto& [fingerprint, row] : memory_.alerts)
        if (const auto slot = engine_.find_alert(fingerprint)) row = engine_.alert_row(*slot);
    for (auto& [id, incident] : memory_.incidents)
        if (auto view = engine_.find_incident(id)) incident = std::move(*view);
}

}  // namespace incidentd::testing
