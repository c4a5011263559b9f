// Silences through their life: pending, active, expired, forgotten. Those of rule files follow their calendars.
#include "correlator/silence.hpp"

#include "correlator/state.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace incidentd {
namespace {

constexpr Duration expired_kept = hours(120);  // as Alertmanager's data.retention
// Steps over the changes of all windows when their common time is added up; later ones count as no maintenance.
constexpr std::size_t overlap_steps_max = 4096;

SilenceState state_at(const Silence& silence, Instant now) {
    if (now >= silence.ends_at) return SilenceState::expired;
    return now < silence.starts_at ? SilenceState::pending : SilenceState::active;
}

std::string begins(const Silence& silence) {
    return std::string(silence.is_maintenance ? "maintenance window " : "silence ") + silence.id;
}

}  // namespace

std::string_view to_string(SilenceState state) {
    constexpr std::array<std::string_view, silence_state_count> names{"active", "pending", "expired"};
    return names[static_cast<std::size_t>(state)];
}

// --- through the API ------------------------------------------------------------------------------------------------

void Correlator::State::on_silence_set(const SilenceSet& set) {
    const auto same = suppressions.by_id.find(set.id);
    if (same == suppressions.by_id.end() && api_silences() >= limits.silences_max && !forget_oldest_silence()) return;
    const std::uint32_t number = same != suppressions.by_id.end() ? same->second : suppressions.next_number++;
    SilenceRecord& record = suppressions.silences[number];
    if (record.told.is_of_rules) return;
    std::vector<Slot> affected;
    if (record.told.state == SilenceState::active) affected = slots_silenced_by(number);
    Silence& told = record.told;
    told.id = set.id;
    told.match = set.match;
    told.created_by = set.created_by;
    told.comment = set.comment;
    told.starts_at = std::max(set.starts_at, same != suppressions.by_id.end() ? set.starts_at : now);
    told.ends_at = set.ends_at;
    told.updated_at = now;
    suppressions.by_id.insert_or_assign(set.id, number);
    follow_silence(number, std::move(affected));
    // Only now, so that nothing opens between the two.
    if (!set.replaces.empty() && set.replaces != set.id) on_silence_expired({set.replaces, set.created_by});
}

void Correlator::State::on_silence_expired(const SilenceExpired& expired) {
    const auto found = suppressions.by_id.find(expired.id);
    if (found == suppressions.by_id.end()) return;
    Silence& told = suppressions.silences.at(found->second).told;
    if (told.is_of_rules || told.state == SilenceState::expired) return;
    told.starts_at = std::min(told.starts_at, now);
    told.ends_at = now;
    told.updated_at = now;
    follow_silence(found->second, {});
}

std::size_t Correlator::State::api_silences() const {
    return static_cast<std::size_t>(std::count_if(suppressions.silences.begin(), suppressions.silences.end(),
                                                  [](const auto& one) { return !one.second.told.is_of_rules; }));
}

bool Correlator::State::takes_silence() const {
    return api_silences() < limits.silences_max ||
           std::any_of(suppressions.silences.begin(), suppressions.silences.end(), [](const auto& one) {
               return !one.second.told.is_of_rules && one.second.told.state == SilenceState::expired;
           });
}

void Correlator::State::count_silences() {
    sizes.silences = {};
    for (const auto& [number, record] : suppressions.silences)
        ++sizes.silences[static_cast<std::size_t>(record.told.state)];
}

// Makes room for another one: the expired one that ended first. False: none is expired, the new one is refused.
bool Correlator::State::forget_oldest_silence() {
    const auto earlier = [](const auto& a, const auto& b) { return a.second.told.ends_at < b.second.told.ends_at; };
    auto oldest = suppressions.silences.end();
    for (auto at = suppressions.silences.begin(); at != suppressions.silences.end(); ++at) {
        if (at->second.told.is_of_rules || at->second.told.state != SilenceState::expired) continue;
        if (oldest == suppressions.silences.end() || earlier(*at, *oldest)) oldest = at;
    }
    if (oldest == suppressions.silences.end()) return false;
    forget_silence(oldest->first);
    return true;
}

void Correlator::State::forget_silence(std::uint32_t number) {
    const auto found = suppressions.silences.find(number);
    if (!found->second.told.is_of_rules) suppressions.by_id.erase(found->second.told.id);
    suppressions.silences.erase(found);
    std::erase(suppressions.holding, number);
    count_silences();
}

// --- of rule files --------------------------------------------------------------------------------------------------

// New rules: a silence of the same name goes on, others end or begin.
void Correlator::State::adopt_silences() {
    std::multimap<std::pair<bool, std::string>, std::uint32_t> known;
    for (const auto& [number, record] : suppressions.silences)
        if (record.told.is_of_rules) known.emplace(std::pair(record.told.is_maintenance, record.told.id), number);
    for (std::uint32_t i = 0; i < rules->silences.size(); ++i) {
        const SilenceRule& rule = rules->silences[i];
        const auto at = known.find({rule.is_maintenance, rule.name});
        const std::uint32_t number = at != known.end() ? at->second : suppressions.next_number++;
        if (at != known.end()) known.erase(at);
        SilenceRecord& record = suppressions.silences[number];
        link_silence(record, i);
        set_holding(number, rule.schedule.holds(now));
        watch_silence(number);
    }
    for (const auto& [key, number] : known) forget_silence(number);
    count_silences();
}

void Correlator::State::link_silence(SilenceRecord& record, std::uint32_t rule_number) {
    const SilenceRule& rule = rules->silences[rule_number];
    record.rule = rule_number;
    record.told.id = rule.name;
    record.told.match = rule.match;
    record.told.comment = rule.comment;
    record.told.is_of_rules = true;
    record.told.is_maintenance = rule.is_maintenance;
}

// --- both -----------------------------------------------------------------------------------------------------------

void Correlator::State::set_holding(std::uint32_t number, bool holds) {
    Silence& told = suppressions.silences.at(number).told;
    if (told.is_of_rules) told.state = holds ? SilenceState::active : SilenceState::pending;
    std::vector<std::uint32_t>& holding = suppressions.holding;
    const auto at = std::lower_bound(holding.begin(), holding.end(), number);
    const bool is_there = at != holding.end() && *at == number;
    if (holds && !is_there) holding.insert(at, number);
    if (!holds && is_there) holding.erase(at);
}

// What a change of time or terms makes of it. `affected`: alerts that its earlier terms silenced.
void Correlator::State::follow_silence(std::uint32_t number, std::vector<Slot> affected) {
    SilenceRecord& record = suppressions.silences.at(number);
    const SilenceState before = record.told.state;
    const bool held = before == SilenceState::active;
    bool holds = false;
    if (record.told.is_of_rules) {
        holds = rules->silences[record.rule].schedule.holds(now);
    } else {
        record.told.state = state_at(record.told, now);
        holds = record.told.state == SilenceState::active;
        if (record.told.state == SilenceState::expired && now >= record.told.ends_at + expired_kept)
            return forget_silence(number);
    }
    if (held && affected.empty() && !holds) affected = slots_silenced_by(number);
    set_holding(number, holds);
    count_silences();
    watch_silence(number);
    if (holds) {
        for (const Slot slot : firing_slots())
            if (matches_all(record.told.match, labels_of(alerts[slot]))) affected.push_back(slot);
        std::sort(affected.begin(), affected.end());
        affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
    }
    const std::string cause = begins(record.told) + (holds ? (held ? " changed" : " began") : " ended");
    look_again(affected, cause);
}

void Correlator::State::watch_silence(std::uint32_t number) {
    SilenceRecord& record = suppressions.silences.at(number);
    std::optional<Instant> next;
    if (record.told.is_of_rules)
        next = rules->silences[record.rule].schedule.next_change(now);
    else if (record.told.state == SilenceState::pending)
        next = record.told.starts_at;
    else
        next = record.told.state == SilenceState::active ? record.told.ends_at : record.told.ends_at + expired_kept;
    if (next.value_or(Instant{}) == record.watched) return;
    record.watched = next.value_or(Instant{});
    ++record.generation;
    if (next) deadlines.set(*next, DeadlineKind::silence_changes, number, record.generation);
}

std::vector<Correlator::State::Slot> Correlator::State::slots_silenced_by(std::uint32_t number) const {
    std::vector<Slot> slots;
    for (const auto& [slot, why] : suppressions.of)
        if (std::binary_search(why.silences.begin(), why.silences.end(), number)) slots.push_back(slot);
    std::sort(slots.begin(), slots.end());
    return slots;
}

std::vector<Silence> Correlator::State::told_silences() const {
    std::vector<Silence> all;
    for (const auto& [number, record] : suppressions.silences) {
        Silence silence = with_window(record);
        if (!silence.is_of_rules || silence.state != SilenceState::expired) all.push_back(std::move(silence));
    }
    std::stable_sort(all.begin(), all.end(), [](const Silence& a, const Silence& b) {
        if (a.state != b.state) return a.state < b.state;
        if (a.state == SilenceState::pending) return a.starts_at < b.starts_at;
        if (a.state == SilenceState::expired) return a.ends_at > b.ends_at;
        return b.ends_at.is_set() ? a.ends_at.is_set() && a.ends_at < b.ends_at : a.ends_at.is_set();
    });
    return all;
}

// What a rule's silence says of times follows from its calendar, and is no state.
Silence Correlator::State::with_window(const SilenceRecord& record) const {
    Silence silence = record.told;
    if (!silence.is_of_rules) return silence;
    if (const auto span = rules->silences[record.rule].schedule.span_at(now)) {
        silence.starts_at = span->begin;
        silence.ends_at = span->end;
    } else {
        silence.state = SilenceState::expired;
    }
    return silence;
}

// How much of the span lies within maintenance windows, of the rules that hold now, that match `labels`.
Duration Correlator::State::maintenance_within(LabelsView labels, Instant from, Instant to) const {
    std::vector<const Schedule*> windows;
    if (rules != nullptr)
        for (const SilenceRule& rule : rules->silences)
            if (rule.is_maintenance && matches_all(rule.match, labels)) windows.push_back(&rule.schedule);
    Duration total{0};
    for (std::size_t steps = 0; !windows.empty() && from < to && steps < overlap_steps_max; ++steps) {
        Instant next = to;
        bool holds = false;
        for (const Schedule* window : windows) {
            holds = holds || window->holds(from);
            if (const auto change = window->next_change(from)) next = std::min(next, *change);
        }
        if (holds) total = total + (next - from);
        from = next;
    }
    return total;
}

}  // namespace incidentd
