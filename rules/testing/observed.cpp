#include "rules/testing/observed.hpp"

#include "rules/testing/trial.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace incidentd::testing {
namespace {

constexpr std::size_t labels_shown_bytes = 100;

std::string flag(bool value) { return value ? "true" : "false"; }

std::string text_or(std::string_view text, std::string_view other) { return std::string(text.empty() ? other : text); }

std::string labels_text(const TextPairs& labels) {
    std::string out = "{";
    for (const auto& [name, value] : labels) {
        if (out.size() + name.size() + value.size() > labels_shown_bytes) return out + ", ...}";
        out += (out.size() > 1 ? ", " : "") + name + "=" + value;
    }
    return out + "}";
}

std::string_view action_word(ActionKind kind) {
    switch (kind) {
        case ActionKind::open_ticket:
            return "create";
        case ActionKind::update_ticket:
            return "update";
        case ActionKind::resolve_ticket:
            break;
    }
    return "resolve";
}

std::string rule_of(const IncidentId id, const Memory& memory) {
    const auto found = memory.incidents.find(id);
    return found == memory.incidents.end() ? std::string() : found->second.rule;
}

Observed from_incident(const IncidentView& view) {
    Observed out;
    out.counts = view.state == IncidentState::open;
    out.fields = {{"id", to_string(view.id)},
                  {"rule", view.rule},
                  {"title", view.title},
                  {"state", std::string(to_string(view.state))},
                  {"priority", std::string(to_string(view.priority))},
                  {"severity", std::string(to_string(view.severity))},
                  {"impact", std::string(to_string(view.impact))},
                  {"urgency", std::string(to_string(view.urgency))},
                  {"category", view.category},
                  {"service", view.service},
                  {"assign", view.assignment_group},
                  {"alerts", std::to_string(view.alerts_total)},
                  {"firing", std::to_string(view.alerts_firing)},
                  {"messages", std::to_string(view.messages_total)},
                  {"acknowledged", flag(view.acknowledged)},
                  {"because", view.because}};
    for (const auto& [name, value] : view.group_labels) out.fields.emplace_back("labels." + name, value);
    out.summary = to_string(view.id) + " (" + std::string(to_string(view.state)) + ", rule " +
                  text_or(view.rule, "none") + ", alerts " + std::to_string(view.alerts_total) + ", " +
                  std::string(to_string(view.priority)) + ")";
    return out;
}

Observed from_alert(const AlertRow& row, const Memory& memory) {
    Observed out;
    out.counts = row.firing;
    out.fields = {{"state", row.firing ? "firing" : "resolved"},
                  {"suppressed", flag(row.suppressed)},
                  {"acknowledged", flag(row.acknowledged)},
                  {"severity", std::string(to_string(row.severity))},
                  {"count", std::to_string(row.count)},
                  {"title", row.title},
                  {"source", row.source},
                  {"incident", row.incident.is_set() ? to_string(row.incident) : "none"},
                  {"rule", rule_of(row.incident, memory)}};
    std::string because;
    for (const PastDecision& decision : memory.decisions)
        if (decision.what.alert == row.fingerprint) because += decision.what.because + "\n";
    out.fields.emplace_back("because", because);
    for (const auto& [name, value] : row.labels.pairs()) out.fields.emplace_back("labels." + name, value);
    out.summary = labels_text(row.labels.pairs()) + " (" + (row.firing ? "firing" : "resolved") +
                  (row.suppressed ? ", suppressed" : "") + ")";
    return out;
}

}  // namespace

std::string Observed::value(std::string_view key) const {
    for (const auto& [known, text] : fields)
        if (known == key) return text;
    return {};
}

bool holds(const ExpectedField& field, const Observed& found) {
    const std::string value = found.value(field.key);
    if (field.key == "because") return value.find(field.value) != std::string::npos;
    return value == field.value;
}

bool holds(const ExpectedItem& item, const Observed& found) {
    const bool names_state = std::any_of(item.fields.begin(), item.fields.end(),
                                         [](const ExpectedField& field) { return field.key == "state"; });
    if (!found.counts && !names_state) return false;
    return std::all_of(item.fields.begin(), item.fields.end(),
                       [&found](const ExpectedField& field) { return holds(field, found); });
}

std::size_t likeness(const ExpectedItem& item, const Observed& found) {
    return static_cast<std::size_t>(std::count_if(item.fields.begin(), item.fields.end(),
                                                  [&found](const auto& field) { return holds(field, found); }));
}

std::vector<Observed> observed(Expectation::Subject subject, const Memory& memory) {
    std::vector<Observed> out;
    if (subject == Expectation::Subject::incidents) {
        for (const auto& [id, view] : memory.incidents) out.push_back(from_incident(view));
        return out;
    }
    for (const auto& [fingerprint, row] : memory.alerts) {
        if (subject == Expectation::Subject::suppressed && !(row.suppressed && row.firing)) continue;
        out.push_back(from_alert(row, memory));
    }
    return out;
}

std::vector<Observed> observed_opened(const Memory& memory) {
    std::vector<Observed> out;
    for (const IncidentId id : memory.opened)
        if (const auto found = memory.incidents.find(id); found != memory.incidents.end())
            out.push_back(from_incident(found->second));
    return out;
}

std::vector<Observed> observed_each_delivery(const Memory& memory) {
    std::vector<Observed> out;
    for (const PastDelivery& delivery : memory.deliveries) {
        Observed one;
        one.fields = {{"sink", delivery.sink},
                      {"action", std::string(action_word(delivery.kind))},
                      {"rule", delivery.incident.rule},
                      {"title", delivery.incident.title},
                      {"priority", std::string(to_string(delivery.incident.priority))},
                      {"incident", to_string(delivery.incident.id)}};
        out.push_back(std::move(one));
    }
    return out;
}

std::vector<Observed> observed_deliveries(const Memory& memory) {
    std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> sums;
    for (const PastDelivery& delivery : memory.deliveries)
        ++sums[{delivery.sink, std::string(action_word(delivery.kind)), delivery.incident.rule}];
    std::vector<Observed> out;
    for (const auto& [key, times] : sums) {
        Observed one;
        one.summary = std::get<0>(key) + " " + std::get<1>(key) + " x" + std::to_string(times) + " (rule " +
                      text_or(std::get<2>(key), "none") + ")";
        out.push_back(std::move(one));
    }
    return out;
}

std::vector<Fingerprint> matching_alerts(const ExpectedItem& labels, const Memory& memory) {
    std::vector<Fingerprint> out;
    for (const auto& [fingerprint, row] : memory.alerts) {
        const Observed found = from_alert(row, memory);
        const bool all = std::all_of(labels.fields.begin(), labels.fields.end(),
                                     [&found](const ExpectedField& field) { return holds(field, found); });
        if (all) out.push_back(fingerprint);
    }
    return out;
}

std::vector<Observed> observed_decisions(Fingerprint fingerprint, const Memory& memory) {
    std::vector<Observed> out;
    const auto add = [&](std::string_view verdict, const std::string& rule, const std::string& because, IncidentId id) {
        Observed one;
        one.fields = {{"rule", rule},
                      {"verdict", std::string(verdict)},
                      {"because", because},
                      {"incident", id.is_set() ? to_string(id) : "none"}};
        one.summary = verdict.empty() ? "its incident" : std::string(verdict);
        out.push_back(std::move(one));
    };
    for (const PastDecision& decision : memory.decisions)
        if (decision.what.alert == fingerprint)
            add(to_string(decision.what.verdict), decision.what.rule, decision.what.because, decision.what.incident);
    const auto alert = memory.alerts.find(fingerprint);
    if (alert == memory.alerts.end()) return out;
    const auto incident = memory.incidents.find(alert->second.incident);
    if (incident != memory.incidents.end()) add("", incident->second.rule, incident->second.because, incident->first);
    return out;
}

std::vector<std::string> reasons(const Memory& memory, Instant start,
                                 const std::optional<std::vector<Fingerprint>>& alerts) {
    std::vector<std::string> out;
    std::size_t left_out = 0;
    for (auto decision = memory.decisions.rbegin(); decision != memory.decisions.rend(); ++decision) {
        const AlertDecided& what = decision->what;
        if (alerts && std::find(alerts->begin(), alerts->end(), what.alert) == alerts->end()) continue;
        if (out.size() == reasons_max) {
            ++left_out;
            continue;
        }
        const auto alert = memory.alerts.find(what.alert);
        const std::string name =
            alert == memory.alerts.end() ? to_string(what.alert) : labels_text(alert->second.labels.pairs());
        out.push_back("+" + to_string(decision->at - start) + " " + name + ": " + std::string(to_string(what.verdict)) +
                      (what.incident.is_set() ? " " + to_string(what.incident) : "") + ": " + what.because);
    }
    if (left_out > 0) out.push_back("(" + std::to_string(left_out) + " earlier decisions)");
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace incidentd::testing
