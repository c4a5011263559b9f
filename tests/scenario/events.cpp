#include "tests/scenario/events.hpp"

#include <algorithm>
#include <charconv>

namespace incidentd::scenario {
namespace {

using Attributes = std::vector<std::pair<std::string, std::string>>;

std::string_view name_of(Kpi kpi) {
    constexpr std::string_view names[] = {"time_to_acknowledge", "time_to_resolve", "time_between_failures"};
    return names[static_cast<std::size_t>(kpi)];
}

class Translate {
public:
    Translate(const Scenario& scenario, Memory& memory, std::vector<Event>& out)
        : scenario_(scenario), memory_(memory), out_(out) {}
    Instant at;

    void operator()(const AlertDecided& e) {
        const auto found = memory_.names.find(e.alert);
        Event event{{std::string(to_string(e.verdict))}, {}};
        if (e.incident.is_set()) event.positional.push_back(to_string(e.incident));
        event.attributes = {
            {"alert", found == memory_.names.end() ? "?" : found->second}, {"rule", e.rule}, {"because", e.because}};
        add(std::move(event));
    }
    void operator()(const IncidentChanged& e) {
        const IncidentView& view = *e.incident;
        IncidentView& known = memory_.incidents[view.id];
        const bool over = view.state == IncidentState::resolved || view.state == IncidentState::dropped;
        if (over && known.state != view.state)
            add({{"incident", to_string(view.id), std::string(to_string(view.state))}, {}});
        known = view;
    }
    void operator()(const TimelineAdded&) {}
    void operator()(const ActionDue& e) {
        const Action& action = *e.action;
        memory_.handed_out[{action.incident.id, action.sink}] = {action.incident.revision, action.kind};
        Event event{{std::string(to_string(action.kind)), action.sink, to_string(action.incident.id)},
                    attributes_of(action.incident)};
        Attributes& list = event.attributes;
        list.emplace_back("shown", std::to_string(action.alerts.size()));
        list.emplace_back("facts", std::to_string(action.facts.size()));
        list.emplace_back("omitted", std::to_string(action.facts_omitted));
        list.emplace_back("ticket", action.ticket);
        list.emplace_back("key", action.idempotency_key);
        std::string words;
        for (const Fact& fact : action.facts) words += (words.empty() ? "" : " | ") + fact.text;
        list.emplace_back("fact", words);
        std::string earlier;
        for (const Likeness& one : action.incident.earlier)
            earlier += (earlier.empty() ? "" : " | ") + to_string(one.incident) + " " + std::to_string(one.percent) +
                       "% x" + std::to_string(one.times) + " by=" + one.said_by + " said=" + one.said +
                       " ticket=" + one.ticket;
        list.emplace_back("earlier", earlier);
        std::string first = action.alerts.empty() ? "" : action.alerts.front().title;
        list.emplace_back("first", first);
        add(std::move(event));
    }
    void operator()(const DeliveryChanged& e) {
        if (!scenario_.show_delivery || e.state == DeliveryState::due) return;
        add({{std::string(to_string(e.state)), e.sink, to_string(e.incident)},
             {{"kind", std::string(to_string(e.kind))}, {"ticket", e.ticket}, {"detail", e.detail}}});
    }
    void operator()(const KpiSampled& e) {
        if (!scenario_.show_kpi) return;
        add({{std::string(name_of(e.kpi)), e.service, std::string(to_string(e.priority)), to_string(e.value)}, {}});
    }
    void operator()(const IncidentOpened&) {}
    void operator()(const IncidentResolved&) {}
    void operator()(const IncidentRecurred&) {}

private:
    void add(Event event) {
        event.attributes.emplace_back("at", to_string(at - memory_.start));
        out_.push_back(std::move(event));
    }
    const Scenario& scenario_;
    Memory& memory_;
    std::vector<Event>& out_;
};

}  // namespace

std::string Event::text() const {
    std::string out;
    for (const std::string& word : positional) out += (out.empty() ? "" : " ") + word;
    for (const auto& [name, value] : attributes) {
        if (value.empty()) continue;
        const bool quote = value.find(' ') != value.npos;
        out += " " + name + "=" + (quote ? "\"" + value + "\"" : value);
    }
    return out;
}

bool Event::matches(const Words& expected) const {
    if (positional != expected.positional) return false;
    const auto value = [this](const std::string& name) -> const std::string* {
        for (const auto& [known, text] : attributes)
            if (known == name) return &text;
        return nullptr;
    };
    for (const auto& [name, text] : expected.equal)
        if (const std::string* got = value(name); got == nullptr || *got != text) return false;
    for (const auto& [name, text] : expected.contains)
        if (const std::string* got = value(name); got == nullptr || got->find(text) == got->npos) return false;
    return true;
}

std::vector<Event> events_of(const Effects& effects, const Scenario& scenario, Memory& memory) {
    std::vector<Event> events;
    Translate translate(scenario, memory, events);
    for (const Effect& effect : effects) {
        translate.at = effect.at;
        std::visit(translate, effect.what);
    }
    return events;
}

std::vector<std::pair<std::string, std::string>> attributes_of(const IncidentView& view) {
    return {{"state", std::string(to_string(view.state))},
            {"severity", std::string(to_string(view.severity))},
            {"peak", std::string(to_string(view.peak_severity))},
            {"priority", std::string(to_string(view.priority))},
            {"impact", std::string(to_string(view.impact))},
            {"alerts", std::to_string(view.alerts_total)},
            {"firing", std::to_string(view.alerts_firing)},
            {"messages", std::to_string(view.messages_total)},
            {"revision", std::to_string(view.revision)},
            {"rule", view.rule},
            {"service", view.service},
            {"category", view.category},
            {"assign", view.assignment_group},
            {"title", view.title},
            {"acknowledged_by", view.acknowledged_by}};
}

IncidentId incident_from(std::string_view text) {
    IncidentId id;
    if (!text.starts_with("INC-")) return id;
    std::from_chars(text.data() + 4, text.data() + text.size(), id.value);
    return id;
}

}  // namespace incidentd::scenario
