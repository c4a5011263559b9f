// Messages -> alerts: the first one, repetitions, recoveries, and what the source or its people say about it.
#include "correlator/packed_text.hpp"
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

void Correlator::State::on_event(const AlertEvent& event) {
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
    const auto found = alert_index.find(event.fingerprint);
    if (found == alert_index.end()) {
        // Cannot happen with a journal of ours (see note_refreshes); without its words there is nothing to open.
        if (event.refresh) return;
        const std::optional<Slot> slot = add_alert(event);
        if (!slot) return;
        set_firing(alerts[*slot], true);
        on_onset(*slot);
        return;
    }
    const Slot slot = found->second;
    AlertRecord& alert = alerts[slot];
    const bool was_silent = alert.firing && has_gone_silent(alert);
    if (alert.firing && !was_silent) return repeat(slot, event);
    if (was_silent) {
        alert.resolved_by_message = false;
        stop_firing(
            slot, Verdict::expired,
            "silent for " + to_string(now - alert.last_seen) + ", longer than its source is between two messages");
    }

    const bool same_episode = !alert.episode.empty() && (event.refresh || alert.episode == event.episode);
    if (same_episode && alert.resolved_by_message && now - alert.resolved_at <= stale_window) {
        ++alert.count;
        touch(slot);
        decide(alert, Verdict::stale, {},
               "a late copy of problem " + alert.episode + ", resolved " + to_string(now - alert.resolved_at) + " ago");
        return;
    }
    refresh(slot, event);
    // The key alone is its identity: an operator may have mended the labels since the last problem.
    if (!event.key.empty() && !event.refresh) set_labels(alert, event.labels);
    alert.starts_at = event.starts_at.is_set() ? event.starts_at : now;
    if (comes_back_late(alert, was_silent)) alert.incident = IncidentId{};
    set_firing(alert, true);
    on_onset(slot);
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
    if (alert.severity != before) {
        decide(
            alert, Verdict::severity_changed, {},
            "severity went from " + std::string(to_string(before)) + " to " + std::string(to_string(alert.severity)));
        emit(AlertChanged{row(slot)});
        if (incident != nullptr && alert.counted) alert_worsened(*incident, alert, before);
        return;
    }
    ++outcomes.repeated;
    if (alert.details_hash != details_before) emit(AlertChanged{row(slot)});
}

// Takes over what the message says of a known alert; the caller decides what it means.
void Correlator::State::refresh(Slot slot, const AlertEvent& event) {
    AlertRecord& alert = alerts[slot];
    ++alert.count;
    alert.last_seen = now;
    alert.expires_at = event.expires_at;
    watch_expiry(slot);
    touch(slot);
    if (event.refresh) return;
    alert.severity = event.severity;
    if (alert.episode != event.episode) alert.episode = event.episode;
    if (const std::uint64_t hash = hash_details(event); hash != alert.details_hash) {
        alert.details = pack_details(event);
        alert.details_hash = hash;
    }
}

bool Correlator::State::is_refresh(const AlertEvent& event) const {
    if (event.kind != EventKind::firing) return false;
    const auto found = alert_index.find(event.fingerprint);
    if (found == alert_index.end()) return false;
    const AlertRecord& alert = alerts[found->second];
    if (!alert.firing || alert.severity != event.severity || alert.episode != event.episode) return false;
    // Without a key the labels are the identity; with one they may have changed.
    if (!event.key.empty() && !std::ranges::equal(labels_of(alert), event.labels)) return false;
    return alert.details_hash == hash_details(event);
}

void Correlator::State::set_labels(AlertRecord& alert, LabelsView labels) {
    auto fresh = std::make_unique<InternedLabel[]>(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i)
        fresh[i] = {pool.intern(labels[i].name), pool.intern(labels[i].value)};
    release_labels(alert);
    alert.labels = std::move(fresh);
    alert.label_count = static_cast<std::uint16_t>(labels.size());
}

void Correlator::State::release_labels(const AlertRecord& alert) {
    for (std::uint16_t i = 0; i < alert.label_count; ++i) {
        pool.release(alert.labels[i].name);
        pool.release(alert.labels[i].value);
    }
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
    set_labels(alert, event.labels);
    alert.first_seen = now;
    alert.starts_at = event.starts_at.is_set() ? event.starts_at : now;
    alert_index.emplace(event.fingerprint, slot);
    ++sizes.alerts_held;
    refresh(slot, event);
    return slot;
}

void Correlator::State::on_resolved(const AlertEvent& event) {
    const auto found = alert_index.find(event.fingerprint);
    if (found == alert_index.end()) {
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
    const Slot slot = found->second;
    AlertRecord& alert = alerts[slot];
    if (!alert.firing) {
        ++alert.count;
        alert.last_seen = now;
        touch(slot);
        // It overtook its problem, which is then a late copy and not one that nobody will ever resolve.
        if (!event.episode.empty() && alert.episode != event.episode) {
            alert.episode = event.episode;
            alert.resolved_at = now;
            alert.resolved_by_message = true;
        }
        if (IncidentRecord* incident = live_incident(alert.incident)) count_message(*incident);
        ++outcomes.repeated;
        return;
    }
    // A recovery must not lower the severity people saw, nor replace the problem's words by "OK".
    if (association.owns(alert.incident)) association.recovered(pool.view(alert.source));
    ++alert.count;
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
    alert.resolved_by_message = false;
    stop_firing(slot, Verdict::expired,
                "no refresh by " + to_rfc3339(alert.expires_at) + ", as its source had promised");
}

void Correlator::State::stop_firing(Slot slot, Verdict verdict, std::string because) {
    AlertRecord& alert = alerts[slot];
    set_firing(alert, false);
    alert.acknowledged = false;
    alert.resolved_at = now;
    decide(alert, verdict, {}, std::move(because));
    emit(AlertChanged{row(slot)});
    const bool counted = std::exchange(alert.counted, false);
    if (IncidentRecord* incident = live_incident(alert.incident); incident != nullptr && counted)
        alert_stopped(*incident, alert, verdict);
    forget_later(slot);
}

void Correlator::State::on_person(const AlertEvent& event) {
    const auto found = alert_index.find(event.fingerprint);
    if (found == alert_index.end()) {
        ++outcomes.by_verdict[static_cast<std::size_t>(Verdict::unknown_alert)];
        emit(AlertDecided{event.fingerprint,
                          Verdict::unknown_alert,
                          {},
                          {},
                          std::string(to_string(event.kind)) + " without a problem: nothing to mark"});
        return;
    }
    const Slot slot = found->second;
    AlertRecord& alert = alerts[slot];
    ++alert.count;
    alert.last_seen = now;
    touch(slot);
    const std::string who = event.actor.empty() ? std::string("the source") : std::string(event.actor);
    const std::string words = event.text.empty() ? std::string() : ": " + std::string(event.text);
    IncidentRecord* incident = live_incident(alert.incident);
    if (event.kind == EventKind::note) {
        decide(alert, Verdict::noted, {}, who + " commented" + words);
        if (incident != nullptr) {
            add_fact(*incident, "note", who + " on " + name_of(alert) + words);
            changed(*incident);
        }
    } else {
        const bool acknowledged = event.kind == EventKind::acknowledged;
        alert.acknowledged = acknowledged && alert.firing;
        const Verdict verdict = acknowledged ? Verdict::acknowledged : Verdict::unacknowledged;
        decide(alert, verdict, {}, std::string(to_string(event.kind)) + " by " + who + words);
        emit(AlertChanged{row(slot)});
        if (incident != nullptr && acknowledged) acknowledge(*incident, {slot, who}, event.text);
        if (incident != nullptr && !acknowledged) unacknowledge(*incident, slot, who);
    }
    if (incident != nullptr) advance_sinks(*incident);
}

void Correlator::State::on_suppression(const AlertEvent& event) {
    const bool suppressed = event.kind == EventKind::suppressed;
    auto found = alert_index.find(event.fingerprint);
    if (found == alert_index.end()) {
        if (!suppressed) {
            ++outcomes.by_verdict[static_cast<std::size_t>(Verdict::unknown_alert)];
            return;
        }
        if (!add_alert(event)) return;
        found = alert_index.find(event.fingerprint);
        alerts[found->second].resolved_at = now;
        forget_later(found->second);
    }
    const Slot slot = found->second;
    AlertRecord& alert = alerts[slot];
    ++alert.count;
    alert.last_seen = now;
    touch(slot);
    const bool before = alert.suppressed;
    set_suppressed(alert, suppressed);
    if (before == suppressed) {
        ++outcomes.repeated;
        return;
    }
    const std::string reason = event.text.empty() ? "its source silences it" : std::string(event.text);
    IncidentRecord* incident = live_incident(alert.incident);
    decide(alert, suppressed ? Verdict::suppressed : Verdict::noted, {},
           suppressed ? "suppressed by its source: " + reason : "no longer suppressed by its source");
    emit(AlertChanged{row(slot)});
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
    const Instant due = alert.resolved_at + (alert.suppressed ? suppression_kept : resolved_kept);
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
    alert_index.erase(alert.fingerprint);
    release_labels(alert);
    pool.release(alert.source);
    pool.release(alert.key);
    const std::uint32_t generation = alert.generation + 1;
    alert = AlertRecord{};
    alert.generation = generation;
    --sizes.alerts_held;
    alerts.give_back(slot);
}

void Correlator::State::touch(Slot slot) {
    AlertRecord& alert = alerts[slot];
    if (alert.touched) return;
    alert.touched = true;
    touched.push_back(slot);
}

void Correlator::State::count_message(IncidentRecord& incident) {
    ++incident.view.messages_total;
    if (incident.touched) return;
    incident.touched = true;
    touched_incidents.push_back(incident.view.id);
}

void Correlator::State::decide(const AlertRecord& alert, Verdict verdict, std::string rule, std::string because) {
    ++outcomes.by_verdict[static_cast<std::size_t>(verdict)];
    emit(AlertDecided{alert.fingerprint, verdict, alert.incident, std::move(rule), std::move(because)});
}

}  // namespace incidentd
