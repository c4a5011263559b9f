// Messages -> alerts: the first one, repetitions, recoveries, and what the source or its people say about it.
#include "correlator/state.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace incidentd {
namespace {

// How long a resolved alert is remembered. Prometheus repeats a recovery for 15 minutes; each is then a known one.
constexpr Duration resolved_kept = minutes(20);
// A source's downtime without any problem in it is remembered so long.
constexpr Duration suppression_kept = hours(24);
// A firing message of an episode that was resolved so recently is a late copy (retries and several recipients reorder
// messages), not a new problem.
constexpr Duration stale_window = minutes(2);

}  // namespace

// `event` bears the alert's fingerprint and the labels that rules made of its source's.
void Correlator::State::dispatch(const AlertEvent& event) {
    if (on_clear(event)) return;
    switch (event.kind) {
        case EventKind::firing:
            return on_firing(event);
        case EventKind::resolved:
            return on_resolved(event);
        case EventKind::acknowledged:
        case EventKind::unacknowledged:
        case EventKind::note:
            return on_person(event);
        case EventKind::suppressed:
        case EventKind::unsuppressed:
            return on_suppression(event);
    }
}

void Correlator::State::on_firing(const AlertEvent& event) {
    const std::optional<Slot> found = alert_index.find(event.fingerprint);
    if (!found) {
        // Cannot happen with a journal of ours (see note_refreshes); without its words there is nothing to open.
        if (event.refresh) return;
        const std::string overtaken = take_early_clear(event);
        const std::optional<Slot> slot = add_alert(event);
        if (!slot) return;
        return overtaken.empty() ? begin_firing(*slot, true) : on_overtaken(*slot, overtaken);
    }
    const Slot slot = *found;
    AlertRecord& alert = alerts[slot];
    const bool was_silent = alert.firing && has_gone_silent(alert);
    if (alert.firing && !was_silent) return repeat(slot, event);
    if (was_silent) {
        alert.resolved_by_message = false;
        stop_firing(
            slot, Verdict::expired,
            "silent for " + to_string(now - alert.last_seen) + ", longer than its source is between two messages");
    }

    const std::string_view episode = pool.view(alert.episode);
    const bool same_episode = !episode.empty() && (event.refresh || episode == event.episode);
    if (same_episode && alert.resolved_by_message && now - alert.resolved_at <= stale_window) {
        alert.add_message();
        touch(slot);
        decide(alert, Verdict::stale, {}, [&] {
            return "a late copy of problem " + std::string(episode) + ", resolved " +
                   to_string(now - alert.resolved_at) + " ago";
        });
        return;
    }
    if (const std::string overtaken = take_early_clear(event); !overtaken.empty()) {
        alert.add_message();
        return on_overtaken(slot, overtaken);
    }
    const Severity before = alert.severity;
    refresh(slot, event);
    // With a key that alone is its identity: an operator may have mended the labels since the last problem. And the
    // rules that rewrite labels may be others.
    if (!event.refresh && !std::ranges::equal(labels_of(alert), event.labels)) set_labels(alert, event.labels);
    alert.starts_at = event.starts_at.is_set() ? event.starts_at : now;
    // While it flaps its incident counts it all the time, with its severity.
    if (!alert.counted && comes_back_late(alert, was_silent)) alert.incident = IncidentId{};
    IncidentRecord* incident = alert.counted && alert.severity != before ? live_incident(alert.incident) : nullptr;
    if (incident != nullptr) alert_worsened(*incident, alert, before);
    begin_firing(slot, false);
}

void Correlator::State::begin_firing(Slot slot, bool is_first) {
    set_firing(alerts[slot], true);
    index_labels(slot, true);
    index_member(slot, true);
    update_suppression(slot);
    wind(slot);
    on_onset(slot);
    watch_flapping(slot, is_first);
    look_at_targets(slot, true);
}

// Its clear was received before it: it is over.
void Correlator::State::on_overtaken(Slot slot, const std::string& because) {
    AlertRecord& alert = alerts[slot];
    alert.last_seen = now;
    alert.resolved_at = now;
    alert.resolved_by_message = true;
    touch(slot);
    if (alert.ever_fired) change(slot);
    decide(alert, Verdict::stale, {}, because);
    forget_later(slot);
}

// Rules that look firing alerts up by their labels.
void Correlator::State::index_labels(Slot slot, bool firing) {
    index_inhibition(slot, firing);
    index_pairs(slot, firing);
    index_winds(slot, firing);
}

std::optional<Correlator::State::Slot> Correlator::State::find_slot(Fingerprint fingerprint) const {
    return alert_index.find(fingerprint);
}

// The hot path: a known alert fires again. Allocates nothing unless its words changed.
void Correlator::State::repeat(Slot slot, const AlertEvent& event) {
    AlertRecord& alert = alerts[slot];
    if (const Duration gap = now - alert.last_seen; gap >= minutes(1) && association.owns(alert.incident))
        association.repeated(pool.view(alert.source), gap);
    const Severity before = alert.severity;
    const std::uint64_t details_before = alert.details_hash;
    refresh(slot, event);
    IncidentRecord* incident = alert.incident.is_set() ? live_incident(alert.incident) : nullptr;
    if (incident != nullptr) count_message(*incident);
    if (counts_checks) watch_flapping(slot, false);
    if (!patterns.winds.empty()) wind(slot);
    if (alert.severity != before) return severity_changed(slot, before);
    ++outcomes.repeated;
    if (alert.details_hash != details_before) change(slot);
}

void Correlator::State::severity_changed(Slot slot, Severity before) {
    const AlertRecord& alert = alerts[slot];
    decide(alert, Verdict::severity_changed, {}, [&] {
        return "severity went from " + std::string(to_string(before)) + " to " + std::string(to_string(alert.severity));
    });
    change(slot);
    IncidentRecord* incident = alert.counted ? live_incident(alert.incident) : nullptr;
    if (incident != nullptr) alert_worsened(*incident, alert, before);
}

// Takes over what the message says of a known alert; the caller decides what it means.
void Correlator::State::refresh(Slot slot, const AlertEvent& event) {
    AlertRecord& alert = alerts[slot];
    alert.add_message();
    alert.last_seen = now;
    alert.expires_at = event.expires_at;
    watch_expiry(slot);
    touch(slot);
    if (event.refresh) return;
    set_severity(slot, event.severity);
    set_episode(alert, event.episode);
    if (const std::uint64_t hash = hash_details(event); hash != alert.details_hash) {
        word_store.set_details(alert.words, details_of(event));
        alert.details_hash = hash;
    }
}

bool Correlator::State::is_refresh(const AlertEvent& event) const {
    if (event.kind != EventKind::firing) return false;
    if (const Origin* origin = origins.find(event.fingerprint)) return is_origin_refresh(event, *origin);
    const std::optional<Slot> found = alert_index.find(event.fingerprint);
    if (!found) return false;
    const AlertRecord& alert = alerts[*found];
    if (!alert.firing || alert.severity != event.severity || pool.view(alert.episode) != event.episode) return false;
    // Without a key the labels are the identity; with one they may have changed.
    if (!event.key.empty() && !has_source_labels(*found, event.labels)) return false;
    return alert.details_hash == hash_details(event);
}

void Correlator::State::set_episode(AlertRecord& alert, std::string_view episode) {
    if (pool.view(alert.episode) == episode) return;
    const StringPool::Handle fresh = pool.intern(episode);
    pool.release(std::exchange(alert.episode, fresh));
}

void Correlator::State::set_labels(AlertRecord& alert, LabelsView labels) {
    word_store.set_labels(alert.words, labels);
}

std::optional<Correlator::State::Slot> Correlator::State::add_alert(const AlertEvent& event) {
    if (alert_index.size() >= limits.alerts_max) {
        ++outcomes.by_verdict[static_cast<std::size_t>(Verdict::table_full)];
        emit(AlertDecided{event.fingerprint,
                          Verdict::table_full,
                          {},
                          {},
                          "the table of " + std::to_string(limits.alerts_max) + " alerts is full"});
        return std::nullopt;
    }
    const Slot slot = alerts.take();
    AlertRecord& alert = alerts[slot];
    alert.used = true;
    alert.fingerprint = event.fingerprint;
    alert.source = pool.intern(event.source);
    alert.key = pool.intern(event.key);
    alert.episode = pool.intern(event.episode);
    alert.words = word_store.store(event.labels, details_of(event));
    alert.details_hash = hash_details(event);
    alert.first_seen = now;
    alert.starts_at = event.starts_at.is_set() ? event.starts_at : now;
    alert_index.insert(event.fingerprint, slot);
    ++sizes.alerts_held;
    refresh(slot, event);
    return slot;
}

void Correlator::State::on_resolved(const AlertEvent& event) {
    const std::optional<Slot> found = alert_index.find(event.fingerprint);
    if (!found) {
        // Kept for a while, so that repetitions are known and a problem that arrives late is not taken for a new one.
        if (const std::optional<Slot> slot = add_alert(event)) {
            AlertRecord& alert = alerts[*slot];
            alert.resolved_at = now;
            alert.resolved_by_message = true;
            decide(alert, Verdict::unknown_alert, {}, "a recovery without a problem: nothing to resolve");
            forget_later(*slot);
        }
        return;
    }
    const Slot slot = *found;
    AlertRecord& alert = alerts[slot];
    if (!alert.firing) {
        alert.add_message();
        alert.last_seen = now;
        touch(slot);
        // It overtook its problem, which is then a late copy and not one that nobody will ever resolve. Told again it
        // counts anew: a sender that got no answer repeats the problem behind it as well.
        if (!event.episode.empty()) {
            set_episode(alert, event.episode);
            alert.resolved_at = now;
            alert.resolved_by_message = true;
            if (alert.ever_fired) change(slot);
        }
        if (IncidentRecord* incident = live_incident(alert.incident)) count_message(*incident);
        if (counts_checks) watch_flapping(slot, false);
        ++outcomes.repeated;
        return;
    }
    // A recovery must not lower the severity people saw, nor replace the problem's words by "OK".
    if (association.owns(alert.incident)) association.recovered(pool.view(alert.source));
    alert.add_message();
    alert.last_seen = now;
    alert.resolved_by_message = true;
    touch(slot);
    if (IncidentRecord* incident = live_incident(alert.incident)) count_message(*incident);
    stop_firing(slot, Verdict::resolved, "the source reported the recovery");
}

void Correlator::State::on_expiry(Slot slot) {
    AlertRecord& alert = alerts[slot];
    if (alert.expiry_watch > now || !alert.expiry_watch.is_set()) return;  // an earlier one took this one's place
    alert.expiry_watch = Instant{};
    if (!alert.firing || !alert.expires_at.is_set()) return;
    if (alert.expires_at > now || no_expiry_before > now) return watch_expiry(slot);  // refreshed since it was set
    if (outlives_promise(slot)) return;
    alert.resolved_by_message = false;
    stop_firing(slot, Verdict::expired,
                "no refresh by " + to_rfc3339(alert.expires_at) + ", as its source had promised");
}

void Correlator::State::stop_firing(Slot slot, Verdict verdict, std::string because) {
    AlertRecord& alert = alerts[slot];
    index_labels(slot, false);
    index_member(slot, false);
    stop_origins(slot);
    stop_waiting(slot);
    set_firing(alert, false);
    alert.acknowledged = false;
    alert.resolved_at = now;
    watch_flapping(slot, false);
    end_suppression(slot);
    const bool held = alert.counted && is_flapping(slot);
    if (held) because += "; it flaps, and " + to_string(alert.incident) + " counts it until it is quiet";
    decide(alert, verdict, {}, because);
    change(slot);
    const bool counted = !held && std::exchange(alert.counted, false);
    if (IncidentRecord* incident = live_incident(alert.incident); incident != nullptr && counted)
        alert_stopped(*incident, alert, verdict);
    look_at_targets(slot, false);
    forget_later(slot);
}

void Correlator::State::on_person(const AlertEvent& event) {
    const std::optional<Slot> found = alert_index.find(event.fingerprint);
    if (!found) {
        ++outcomes.by_verdict[static_cast<std::size_t>(Verdict::unknown_alert)];
        emit(AlertDecided{event.fingerprint,
                          Verdict::unknown_alert,
                          {},
                          {},
                          std::string(to_string(event.kind)) + " without a problem: nothing to mark"});
        return;
    }
    const Slot slot = *found;
    AlertRecord& alert = alerts[slot];
    alert.add_message();
    alert.last_seen = now;
    touch(slot);
    const std::string who = event.actor.empty() ? std::string("the source") : std::string(event.actor);
    const std::string words = event.text.empty() ? std::string() : ": " + std::string(event.text);
    IncidentRecord* incident = live_incident(alert.incident);
    if (event.kind == EventKind::note) {
        decide(alert, Verdict::noted, {}, who + " commented" + words);
        if (incident != nullptr) {
            note_said(*incident, who, event.text);
            add_fact(*incident, "note", who + " on " + name_of(alert) + words);
            changed(*incident);
        }
    } else {
        const bool acknowledged = event.kind == EventKind::acknowledged;
        alert.acknowledged = acknowledged && alert.firing;
        const Verdict verdict = acknowledged ? Verdict::acknowledged : Verdict::unacknowledged;
        decide(alert, verdict, {}, std::string(to_string(event.kind)) + " by " + who + words);
        change(slot);
        if (incident != nullptr && acknowledged) acknowledge(*incident, {slot, who}, event.text);
        if (incident != nullptr && !acknowledged) unacknowledge(*incident, slot, who);
    }
    if (incident != nullptr) advance_sinks(*incident);
}

void Correlator::State::on_suppression(const AlertEvent& event) {
    const bool suppressed = event.kind == EventKind::suppressed;
    std::optional<Slot> found = alert_index.find(event.fingerprint);
    if (!found) {
        if (!suppressed) {
            ++outcomes.by_verdict[static_cast<std::size_t>(Verdict::unknown_alert)];
            return;
        }
        found = add_alert(event);
        if (!found) return;
        alerts[*found].resolved_at = now;
        forget_later(*found);
    }
    const Slot slot = *found;
    AlertRecord& alert = alerts[slot];
    alert.add_message();
    alert.last_seen = now;
    touch(slot);
    const auto known = suppressions.of.find(slot);
    const bool before = known != suppressions.of.end() && known->second.by_source;
    mark_source_suppression(slot, suppressed, event.text);
    if (before == suppressed) {
        ++outcomes.repeated;
        return;
    }
    const std::string reason = event.text.empty() ? "its source silences it" : std::string(event.text);
    IncidentRecord* incident = live_incident(alert.incident);
    decide(alert, suppressed ? Verdict::suppressed : Verdict::noted, {},
           suppressed ? "suppressed by its source: " + reason : "no longer suppressed by its source");
    change(slot);
    if (incident != nullptr) {
        add_fact(*incident, "suppression",
                 name_of(alert) + (suppressed ? " is suppressed by its source: " + reason
                                              : " is no longer suppressed by its source"));
        changed(*incident);
        advance_sinks(*incident);
    }
    if (!suppressed && alert.firing && !alert.counted) on_onset(slot);
}

void Correlator::State::set_firing(AlertRecord& alert, bool firing) {
    if (alert.firing == firing) return;
    const auto step = [firing](std::uint64_t& gauge) { firing ? ++gauge : --gauge; };
    step(sizes.alerts_firing);
    if (alert.suppressed) step(sizes.alerts_suppressed);
    alert.firing = firing;
    if (firing) {
        alert.ever_fired = true;
        alert.resolved_at = Instant{};
    }
}

void Correlator::State::set_suppressed(AlertRecord& alert, bool suppressed) {
    if (alert.suppressed == suppressed) return;
    alert.suppressed = suppressed;
    if (alert.firing) suppressed ? ++sizes.alerts_suppressed : --sizes.alerts_suppressed;
}

void Correlator::State::watch_expiry(Slot slot) {
    AlertRecord& alert = alerts[slot];
    if (!alert.expires_at.is_set()) return;
    const Instant due = std::max(alert.expires_at, no_expiry_before);
    // A later promise is noticed when the standing deadline fires; only an earlier one needs its own.
    if (alert.expiry_watch.is_set() && alert.expiry_watch <= due) return;
    alert.expiry_watch = due;
    deadlines.set(due, DeadlineKind::alert_expires, slot, alert.generation);
}

void Correlator::State::forget_later(Slot slot) {
    AlertRecord& alert = alerts[slot];
    if (alert.forget_set) return;
    alert.forget_set = true;
    deadlines.set(now + resolved_kept, DeadlineKind::alert_forgotten, slot, alert.generation);
}

void Correlator::State::forget_if_due(Slot slot) {
    AlertRecord& alert = alerts[slot];
    alert.forget_set = false;
    if (alert.firing || live_incident(alert.incident) != nullptr) return;
    Instant due = alert.resolved_at + (alert.suppressed ? suppression_kept : resolved_kept);
    if (const auto changes = flaps.find(slot); changes != flaps.end()) {
        const FlappingRule* rule = flapping_rule(slot);
        if (rule != nullptr)
            due = std::max(due, changes->second.last_change + std::max(rule->window, rule->stop_quiet));
    }
    if (due > now) {
        alert.forget_set = true;
        deadlines.set(due, DeadlineKind::alert_forgotten, slot, alert.generation);
        return;
    }
    if (alert.incident.is_set() && incidents.contains(alert.incident)) return;  // goes with its incident
    free_alert(slot);
}

void Correlator::State::free_alert(Slot slot) {
    AlertRecord& alert = alerts[slot];
    assert(!alert.firing);
    if (alert.changed && last_rows.size() < last_rows_max) last_rows.push_back(row(slot));
    alert_index.erase(alert.fingerprint, slot);
    word_store.release(alert.words);
    for (const StringPool::Handle handle : {alert.source, alert.key, alert.episode}) pool.release(handle);
    origins.remove_all(slot);
    source_labels.erase(slot);
    patterns.absence_alerts.erase(slot);
    keep_suppression(slot, {});
    if (const auto changes = flaps.find(slot); changes != flaps.end()) {
        if (changes->second.flapping) --sizes.alerts_flapping;
        flaps.erase(changes);
    }
    const std::uint32_t generation = alert.generation + 1;
    const bool is_touched = alert.touched, is_changed = alert.changed;  // the lists still name this slot
    alert = AlertRecord{};
    alert.generation = generation;
    alert.touched = is_touched;
    alert.changed = is_changed;
    --sizes.alerts_held;
    alerts.give_back(slot);
}

void Correlator::State::touch(Slot slot) {
    if (!std::exchange(alerts[slot].touched, true)) touched.push_back(slot);
}

void Correlator::State::change(Slot slot) {
    if (!std::exchange(alerts[slot].changed, true)) changed_alerts.push_back(slot);
}

void Correlator::State::touch(IncidentRecord& incident) {
    if (!std::exchange(incident.touched, true)) touched_incidents.push_back(incident.view.id);
}

void Correlator::State::count_message(IncidentRecord& incident) {
    ++incident.view.messages_total;
    touch(incident);
}

}  // namespace incidentd
