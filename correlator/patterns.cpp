// Rules that ask for more than one alert: so many within a time (threshold), or one after another (sequence). Until
// then their alerts are kept and explained, and open nothing; then all of them join at once.
#include "correlator/patterns.hpp"

#include "correlator/enrich.hpp"
#include "correlator/state.hpp"

#include <algorithm>
#include <set>

namespace incidentd {
namespace {

bool is_within(Instant at, Instant now, Duration within) { return within.ms == 0 || now - at <= within; }

std::string texts_of(const Matchers& matchers) {
    std::string text;
    for (const Matcher& matcher : matchers) text += (text.empty() ? "" : ",") + matcher.text();
    return text;
}

}  // namespace

std::string text_of(const Matchers& matchers) { return "{" + texts_of(matchers) + "}"; }

// Equal for rules that group and wait alike; what an incident of it looks like does not matter.
std::uint64_t Correlator::State::definition_of(const CorrelationRule& rule) const {
    std::string text = rule.name + '\n' + std::to_string(static_cast<int>(rule.op)) + texts_of(rule.match) + '\n' +
                       (rule.by_optional ? "?" : "") + to_string(rule.within) + std::to_string(rule.count) +
                       rule.distinct + '\n' + texts_of(rule.until);
    for (const std::string& name : rule.by) text += '\n' + name;
    for (const Matchers& step : rule.steps) text += "\n>" + texts_of(step);
    const LabelView whole[] = {{"rule", text}};
    return hash_labels(whole);
}

const CorrelationRule* Correlator::State::correlation_rule(std::string_view name) const {
    if (rules == nullptr) return nullptr;
    const auto found = std::find_if(rules->correlate.begin(), rules->correlate.end(),
                                    [name](const CorrelationRule& rule) { return rule.name == name; });
    return found == rules->correlate.end() ? nullptr : &*found;
}

bool Correlator::State::says_the_same(std::string_view name, std::uint64_t definition) const {
    const CorrelationRule* rule = correlation_rule(name);
    return rule != nullptr && definition_of(*rule) == definition;
}

// nullptr: the table is full.
WaitGroup* Correlator::State::wait_group(Fingerprint group, const CorrelationRule& rule) {
    const auto known = patterns.waiting.find(group);
    if (known != patterns.waiting.end()) return &known->second;
    if (patterns.waiting.size() >= Patterns::groups_max) {
        // What sequences remember of alerts that are over.
        std::erase_if(patterns.waiting, [](const auto& one) { return one.second.waiters.empty(); });
        if (patterns.waiting.size() >= Patterns::groups_max) return nullptr;
    }
    WaitGroup& fresh = patterns.waiting[group];
    fresh.rule = rule.name;
    fresh.definition = definition_of(rule);
    return &fresh;
}

void Correlator::State::add_waiter(Fingerprint group, WaitGroup& waiting, Slot slot, std::uint64_t value) {
    std::erase_if(waiting.waiters, [slot](const Waiter& one) { return one.slot == slot; });
    waiting.waiters.push_back({slot, now, value});
    std::vector<Fingerprint>& groups_of = patterns.waits_in[slot];
    if (std::find(groups_of.begin(), groups_of.end(), group) == groups_of.end()) groups_of.push_back(group);
}

void Correlator::State::stop_waiting(Slot slot) {
    const auto found = patterns.waits_in.find(slot);
    if (found == patterns.waits_in.end()) return;
    for (const Fingerprint group : found->second) {
        const auto waiting = patterns.waiting.find(group);
        std::erase_if(waiting->second.waiters, [slot](const Waiter& one) { return one.slot == slot; });
        if (waiting->second.waiters.empty() && waiting->second.began.empty()) patterns.waiting.erase(waiting);
    }
    patterns.waits_in.erase(found);
}

bool Correlator::State::is_waiting(Slot slot) const {
    return !alerts[slot].counted && patterns.waits_in.contains(slot);
}

// False: the rules after it are asked.
bool Correlator::State::wait(Slot slot, const CorrelationRule& rule, const std::string& because) {
    decide(alerts[slot], Verdict::waiting, rule.name, because);
    change(slot);
    return !rule.proceed;
}

bool Correlator::State::on_threshold(Slot slot, const CorrelationRule& rule, const TemplateScope& scope) {
    const Fingerprint group = group_of(rule, scope.labels);
    std::string why_not;
    WaitGroup* waiting = joinable(group, why_not) != nullptr ? nullptr : wait_group(group, rule);
    if (waiting == nullptr) return group_by_rule(slot, rule, scope), true;
    std::uint64_t value = 0;
    if (!rule.distinct.empty()) {
        const LabelView own[] = {{rule.distinct, find_label(scope.labels, rule.distinct)}};
        value = own[0].value.empty() ? 0 : hash_labels(own) | 1U;
    }
    add_waiter(group, *waiting, slot, value);
    std::set<std::uint64_t> seen;
    for (const Waiter& one : waiting->waiters)
        if (is_within(one.at, now, rule.within) && (rule.distinct.empty() || one.value != 0))
            seen.insert(rule.distinct.empty() ? one.slot : one.value);
    const std::string progress = "threshold " + std::to_string(seen.size()) + "/" + std::to_string(rule.count);
    if (seen.size() >= rule.count) return open_pattern(group, rule, progress), true;
    return wait(slot, rule,
                progress + ": rule " + rule.name + ", " + group_text(rule, scope.labels) + "; it opens with " +
                    std::to_string(rule.count) + (rule.distinct.empty() ? " alerts" : " of " + rule.distinct) +
                    (rule.within.ms > 0 ? " within " + to_string(rule.within) : std::string()));
}

// Of each step the latest beginning is kept of the steps up to it, so that a sequence is seen whenever there is one.
bool Correlator::State::on_sequence(Slot slot, const CorrelationRule& rule, const TemplateScope& scope) {
    std::vector<bool> is_step;
    for (const Matchers& step : rule.steps) is_step.push_back(matches_all(step, scope.labels));
    if (std::find(is_step.begin(), is_step.end(), true) == is_step.end()) return false;
    const Fingerprint group = group_of(rule, scope.labels);
    std::string why_not;
    WaitGroup* waiting = joinable(group, why_not) != nullptr ? nullptr : wait_group(group, rule);
    if (waiting == nullptr) return group_by_rule(slot, rule, scope), true;
    add_waiter(group, *waiting, slot, 0);
    std::vector<Instant>& began = waiting->began;
    began.resize(rule.steps.size());
    for (std::size_t i = began.size(); i-- > 0;) {
        if (!is_step[i]) continue;
        if (i == 0)
            began[0] = now;
        else if (began[i - 1].is_set() && is_within(began[i - 1], now, rule.within))
            began[i] = began[i - 1];
    }
    std::size_t done = began.size();
    while (done > 0 && !(began[done - 1].is_set() && is_within(began[done - 1], now, rule.within))) --done;
    const std::string progress = "sequence " + std::to_string(done) + "/" + std::to_string(began.size());
    if (done == began.size()) return open_pattern(group, rule, progress), true;
    return wait(slot, rule,
                progress + ": rule " + rule.name + ", " + group_text(rule, scope.labels) + "; next " +
                    text_of(rule.steps[done]) +
                    (rule.within.ms > 0 ? ", all within " + to_string(rule.within) : std::string()));
}

// All who waited join, but those that other rules have put into an incident people know of.
std::vector<Correlator::State::Slot> Correlator::State::take_waiters(Fingerprint group) {
    std::vector<Slot> members;
    const auto found = patterns.waiting.find(group);
    if (found == patterns.waiting.end()) return members;
    const WaitGroup taken = std::move(found->second);
    patterns.waiting.erase(found);
    for (const Waiter& one : taken.waiters) {
        std::vector<Fingerprint>& groups_of = patterns.waits_in.at(one.slot);
        std::erase(groups_of, group);
        if (groups_of.empty()) patterns.waits_in.erase(one.slot);
        AlertRecord& alert = alerts[one.slot];
        IncidentRecord* incident = alert.counted ? live_incident(alert.incident) : nullptr;
        if (incident != nullptr && incident->view.state == IncidentState::open) continue;
        if (incident != nullptr) leave(one.slot, *incident, "belongs to what rule " + taken.rule + " opens");
        members.push_back(one.slot);
    }
    return members;
}

void Correlator::State::open_pattern(Fingerprint group, const CorrelationRule& rule, const std::string& progress) {
    std::set<IncidentId> begun;
    for (const Slot slot : take_waiters(group)) {
        const auto labels = labels_of(alerts[slot]);
        const TemplateScope scope{labels, words_of(alerts[slot]).title(), pool.view(alerts[slot].source), rule.name,
                                  alerts[slot].severity};
        group_by_rule(slot, rule, scope, progress + "; ", false);
        begun.insert(alerts[slot].incident);
    }
    for (const IncidentId id : begun) {
        IncidentRecord* incident = live_incident(id);
        if (incident != nullptr && incident->view.state == IncidentState::pending && rule.hold.ms == 0) open(*incident);
    }
}

// Rules changed: alerts of a rule that is gone or says something else are asked anew.
void Correlator::State::adopt_patterns() {
    std::vector<Fingerprint> gone;
    for (const auto& [group, waiting] : patterns.waiting)
        if (!says_the_same(waiting.rule, waiting.definition)) gone.push_back(group);
    std::vector<Slot> asked;
    for (const Fingerprint group : gone)
        for (const Slot slot : take_waiters(group)) asked.push_back(slot);
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    for (const Slot slot : asked)
        if (alerts[slot].firing && !alerts[slot].suppressed && !alerts[slot].counted && !is_waiting(slot))
            on_onset(slot);
}

}  // namespace incidentd
