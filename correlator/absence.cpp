// What must come: a message that follows another in time, or a sign of life that comes again and again (dead-man's
// switch). What does not come is an alert of our own, which fires until it comes after all.
#include "correlator/fingerprint.hpp"
#include "correlator/patterns.hpp"
#include "correlator/state.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::string_view own_source = "incidentd";

// Each message that `until` matches winds it up; nothing starts the wait but the last one.
bool is_dead_mans_switch(const CorrelationRule& rule) {
    if (rule.match.empty() || rule.until.empty()) return true;
    return std::equal(rule.match.begin(), rule.match.end(), rule.until.begin(), rule.until.end(),
                      [](const Matcher& a, const Matcher& b) { return a.text() == b.text(); });
}

const Matchers& awaited(const CorrelationRule& rule) { return rule.until.empty() ? rule.match : rule.until; }

bool has_group(const CorrelationRule& rule, LabelsView labels) {
    return rule.by_optional || std::all_of(rule.by.begin(), rule.by.end(), [labels](const std::string& name) {
               return !find_label(labels, name).empty();
           });
}

std::string values_text(const AbsenceWatch& watch) {
    std::string text;
    for (const auto& [name, value] : watch.values) text += (text.empty() ? " for " : ", ") + name + "=" + value;
    return text;
}

}  // namespace

AbsenceWatch* Correlator::State::absence_watch(Fingerprint group, const CorrelationRule& rule, LabelsView labels) {
    const auto known = patterns.absence_of_group.find(group);
    if (known != patterns.absence_of_group.end()) return &patterns.absences.at(known->second);
    if (patterns.absences.size() >= Patterns::groups_max) return nullptr;
    const std::uint32_t number = patterns.next_absence++;
    AbsenceWatch& watch = patterns.absences[number];
    watch.rule = rule.name;
    watch.definition = definition_of(rule);
    watch.group = group;
    for (const std::string& name : rule.by)
        if (const std::string_view value = find_label(labels, name); !value.empty())
            watch.values.emplace_back(name, value);
    patterns.absence_of_group.emplace(group, number);
    return &watch;
}

void Correlator::State::expect(AbsenceWatch& watch, Duration within) {
    const bool is_set = watch.due.is_set();
    watch.due = std::max(now, no_expiry_before) + within;
    if (is_set) return;  // the deadline that stands finds out that it moved
    ++watch.generation;
    deadlines.set(watch.due, DeadlineKind::absence_due, patterns.absence_of_group.at(watch.group), watch.generation);
}

// An onset that the rule matches. False: it has nothing to do with it.
bool Correlator::State::on_absence(Slot slot, const CorrelationRule& rule, const TemplateScope& scope) {
    const bool is_switch = is_dead_mans_switch(rule);
    if (is_switch && !matches_all(awaited(rule), scope.labels)) return false;
    const Fingerprint group = group_of(rule, scope.labels);
    AbsenceWatch* watch = absence_watch(group, rule, scope.labels);
    WaitGroup* waiting = watch == nullptr ? nullptr : wait_group(group, rule);
    if (waiting == nullptr) return group_by_rule(slot, rule, scope), true;
    add_waiter(group, *waiting, slot, 0);
    if (is_switch) {
        expect(*watch, rule.within);
        return wait(slot, rule, "absence: rule " + rule.name + " expects the next within " + to_string(rule.within));
    }
    if (!watch->due.is_set()) expect(*watch, rule.within);
    return wait(
        slot, rule,
        "absence: rule " + rule.name + " opens unless " + text_of(rule.until) + " comes by " + to_rfc3339(watch->due));
}

// Which waits the messages of a firing alert end.
void Correlator::State::index_winds(Slot slot, bool firing) {
    if (!firing) {
        patterns.winds.erase(slot);
        return;
    }
    if (absence_rules.empty()) return;
    std::vector<Fingerprint> all;
    const auto labels = labels_of(alerts[slot]);
    for (const std::uint32_t place : absence_rules) {
        const CorrelationRule& rule = rules->correlate[place];
        if (matches_all(awaited(rule), labels) && has_group(rule, labels)) all.push_back(group_of(rule, labels));
    }
    if (!all.empty()) patterns.winds.insert_or_assign(slot, std::move(all));
}

// Each firing message, the first one and repeated ones.
void Correlator::State::wind(Slot slot) {
    const auto found = patterns.winds.find(slot);
    if (found == patterns.winds.end()) return;
    for (const Fingerprint group : std::vector<Fingerprint>(found->second)) {
        const auto known = patterns.absence_of_group.find(group);
        if (known == patterns.absence_of_group.end()) continue;
        const std::uint32_t number = known->second;
        AbsenceWatch& watch = patterns.absences.at(number);
        const CorrelationRule* rule = correlation_rule(watch.rule);
        if (rule == nullptr) continue;
        if (is_dead_mans_switch(*rule)) {
            expect(watch, rule->within);
        } else if (watch.due.is_set()) {
            watch.due = Instant{};
            const auto waiting = patterns.waiting.find(group);
            if (waiting != patterns.waiting.end())
                for (const Waiter& one : waiting->second.waiters)
                    decide(alerts[one.slot], Verdict::waiting, rule->name,
                           "absence: " + name_of(alerts[slot]) + " came in time, nothing is missing");
        }
        end_absence(number, name_of(alerts[slot]) + " came");
    }
}

std::optional<Correlator::State::Slot> Correlator::State::absence_alert(std::uint32_t number) const {
    for (const auto& [slot, of] : patterns.absence_alerts)
        if (of == number) return slot;
    return std::nullopt;
}

void Correlator::State::end_absence(std::uint32_t number, const std::string& because) {
    if (patterns.absence_alerts.empty()) return;
    const std::optional<Slot> slot = absence_alert(number);
    if (!slot || !alerts[*slot].firing) return;
    alerts[*slot].resolved_by_message = true;
    stop_firing(*slot, Verdict::resolved, because);
}

void Correlator::State::on_absence_deadline(std::uint32_t number, std::uint32_t generation) {
    const auto found = patterns.absences.find(number);
    if (found == patterns.absences.end() || found->second.generation != generation) return;
    if (!found->second.due.is_set()) return;
    AbsenceWatch& watch = found->second;
    const Instant due = std::max(watch.due, no_expiry_before);
    if (due > now) return deadlines.set(due, DeadlineKind::absence_due, number, watch.generation);
    watch.due = Instant{};
    if (const CorrelationRule* rule = correlation_rule(watch.rule)) raise_absence(number, *rule);
}

void Correlator::State::raise_absence(std::uint32_t number, const CorrelationRule& rule) {
    const AbsenceWatch& watch = patterns.absences.at(number);
    const std::string key = "absence/" + rule.name + values_text(watch);
    const std::string title =
        "Nothing matched " + text_of(awaited(rule)) + values_text(watch) + " for " + to_string(rule.within);
    std::vector<LabelView> labels;
    for (const auto& [name, value] : watch.values) labels.push_back({name, value});
    if (find_label(labels, "alertname").empty()) labels.push_back({"alertname", rule.name});
    std::sort(labels.begin(), labels.end(), [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
    AlertEvent event;
    event.severity = Severity::critical;
    event.source = own_source;
    event.key = key;
    event.title = title;
    event.labels = labels;
    event.fingerprint = fingerprint_of(own_source, key, labels);
    std::optional<Slot> slot = find_slot(event.fingerprint);
    if (slot && alerts[*slot].firing) return;
    if (slot) {
        refresh(*slot, event);
        alerts[*slot].starts_at = now;
    } else {
        slot = add_alert(event);
    }
    if (!slot) return;
    patterns.absence_alerts.insert_or_assign(*slot, number);
    begin_firing(*slot, alerts[*slot].count == 1);
}

// The onset of an alert of our own: it belongs to its rule's group, and those that waited join it.
bool Correlator::State::open_absence(Slot slot) {
    const auto found = patterns.absence_alerts.find(slot);
    const auto watch =
        found == patterns.absence_alerts.end() ? patterns.absences.end() : patterns.absences.find(found->second);
    if (watch == patterns.absences.end()) return false;
    const CorrelationRule* rule = correlation_rule(watch->second.rule);
    if (rule == nullptr) return false;
    const auto labels = labels_of(alerts[slot]);
    const std::string title(words_of(alerts[slot]).title());
    const std::string because = "absence: " + title;
    WaitGroup* waiting = is_dead_mans_switch(*rule) ? nullptr : wait_group(watch->second.group, *rule);
    if (waiting != nullptr) {
        add_waiter(watch->second.group, *waiting, slot, 0);
        open_pattern(watch->second.group, *rule, because);
    } else {
        group_by_rule(slot, *rule, {labels, title, own_source, rule->name, alerts[slot].severity}, because + "; ");
    }
    return true;
}

// Rules changed: switches of no group are armed, and what is waited for by no rule any more is forgotten.
void Correlator::State::adopt_absences() {
    std::vector<std::uint32_t> gone;
    for (const auto& [number, watch] : patterns.absences)
        if (!says_the_same(watch.rule, watch.definition)) gone.push_back(number);
    for (const std::uint32_t number : gone) {
        end_absence(number, "its rule is gone");
        if (const std::optional<Slot> slot = absence_alert(number)) patterns.absence_alerts.erase(*slot);
        patterns.absence_of_group.erase(patterns.absences.at(number).group);
        patterns.absences.erase(number);
    }
    for (const CorrelationRule& rule : rules->correlate) {
        if (rule.op != CorrelationOp::absence || !rule.by.empty() || !is_dead_mans_switch(rule)) continue;
        const Fingerprint group = group_of(rule, {});
        if (patterns.absence_of_group.contains(group)) continue;
        if (AbsenceWatch* watch = absence_watch(group, rule, {})) expect(*watch, rule.within);
    }
}

}  // namespace incidentd
