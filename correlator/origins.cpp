// Messages -> the alert they are about: rewritten labels, dedup keys, and when an alert of several origins is over.
#include "correlator/origins.hpp"

#include "correlator/enrich.hpp"
#include "correlator/state.hpp"

#include <algorithm>

namespace incidentd {

Origin* Origins::add(Fingerprint identity, const Origin& origin) {
    std::vector<Fingerprint>& siblings = by_slot_[origin.slot];
    if (siblings.size() >= per_alert_max) return nullptr;
    siblings.push_back(identity);
    return &by_identity_.insert_or_assign(identity, origin).first->second;
}

void Origins::remove(Fingerprint identity) {
    const auto found = by_identity_.find(identity);
    if (found == by_identity_.end()) return;
    const auto siblings = by_slot_.find(found->second.slot);
    std::erase(siblings->second, identity);
    if (siblings->second.empty()) by_slot_.erase(siblings);
    by_identity_.erase(found);
}

void Origins::remove_all(std::uint32_t slot) {
    const auto siblings = by_slot_.find(slot);
    if (siblings == by_slot_.end()) return;
    for (const Fingerprint identity : siblings->second) by_identity_.erase(identity);
    by_slot_.erase(siblings);
}

namespace {

std::uint64_t hash_words(const AlertEvent& event) {
    const LabelView rest[] = {{to_string(event.severity), event.episode}};
    return hash_details(event) * 31 + hash_labels(event.labels) * 7 + hash_labels(rest);
}

std::string key_text(const DedupRule& rule, LabelsView labels) {
    std::string text;
    for (const std::string& name : rule.key)
        text += (text.empty() ? "" : ", ") + name + "=" + std::string(find_label(labels, name));
    return text;
}

}  // namespace

void Correlator::State::on_event(const AlertEvent& event) {
    if (Origin* origin = origins.find(event.fingerprint)) return on_origin(event, *origin);
    const bool rewrites = rules != nullptr && !(rules->enrich.empty() && rules->dedup.empty());
    if (event.refresh || (!rewrites && source_labels.empty())) return dispatch(event);
    const auto known = find_slot(event.fingerprint);
    if (known && (event.kind != EventKind::firing || alerts[*known].firing)) {
        if (event.kind == EventKind::firing && !is_refresh(event)) relabel(*known, event);
        return dispatch(event);
    }
    if (rewrites) return identify(event, false);
    dispatch(event);
    if (const auto slot = find_slot(event.fingerprint)) note_source_labels(*slot, event);
}

// Nothing is known of the source's identity yet, or its next problem begins: the rules say which alert it is.
void Correlator::State::identify(const AlertEvent& event, bool was_origin) {
    LabelSheet labels(event.labels);
    enrich(rules->enrich, indexes->enrich, match_memory, event, labels);
    AlertEvent derived = event;
    derived.labels = labels.view();
    const DedupRule* rule = dedup_rule(rules->dedup, labels.view());
    if (rule == nullptr) {
        dispatch(derived);
        if (const auto slot = find_slot(event.fingerprint)) note_source_labels(*slot, event);
        return;
    }
    derived.fingerprint = dedup_fingerprint(*rule, event.source, labels.view());
    const auto before = find_slot(derived.fingerprint);
    if (!before) dispatch(derived);
    const auto slot = before ? before : find_slot(derived.fingerprint);
    if (!slot) return;  // the table is full, and said so
    if (before && !was_origin)
        decide(
            alerts[*slot], Verdict::merged, {},
            "also told as " + to_string(event.fingerprint) + "; the same alert by " + key_text(*rule, labels.view()));
    Origin fresh;
    fresh.slot = *slot;
    fresh.words = hash_words(event);
    fresh.expires_at = event.expires_at;
    fresh.severity = event.severity;
    fresh.firing = !before && event.kind == EventKind::firing && alerts[*slot].firing;
    Origin* origin = origins.add(event.fingerprint, fresh);
    if (!before) return;
    if (origin != nullptr) return on_origin_message(derived, *origin);
    if (event.kind != EventKind::resolved) dispatch(derived);
}

void Correlator::State::on_origin(const AlertEvent& event, Origin& origin) {
    if (event.kind == EventKind::firing && !event.refresh && !origin.firing) {
        origins.remove(event.fingerprint);
        return rules != nullptr ? identify(event, true) : dispatch(event);
    }
    AlertEvent derived = event;
    derived.fingerprint = alerts[origin.slot].fingerprint;
    if (event.kind == EventKind::firing) {
        const std::uint64_t words = event.refresh ? origin.words : hash_words(event);
        if (event.refresh || words == origin.words) {
            derived.refresh = true;
        } else {
            relabel(origin.slot, event);
            origin.words = words;
            origin.severity = event.severity;
        }
    }
    on_origin_message(derived, origin);
}

// `event` bears the alert's fingerprint. The alert fires as long as one of its origins does.
void Correlator::State::on_origin_message(const AlertEvent& event, Origin& origin) {
    if (event.kind != EventKind::firing && event.kind != EventKind::resolved) return dispatch(event);
    AlertRecord& alert = alerts[origin.slot];
    if (event.kind == EventKind::resolved) {
        origin.firing = false;
        const std::size_t left = live_origins(origin.slot);
        return left == 0 || !alert.firing ? dispatch(event) : one_origin_recovered(origin.slot, left);
    }
    const bool same_terms = origin.firing && origin.expires_at.is_set() == event.expires_at.is_set();
    origin.firing = true;
    origin.expires_at = event.expires_at;
    AlertEvent merged = event;
    if (!event.refresh) merged.severity = worst_origin(origin.slot);
    if (alert.firing) {
        // The scan over all origins is for the rare message that changes who promises what.
        const Instant held = alert.expires_at;
        merged.expires_at = !same_terms     ? last_promise(origin.slot)
                            : held.is_set() ? std::max(held, event.expires_at)
                                            : held;
    }
    dispatch(merged);
    origin.firing = alert.firing;
}

void Correlator::State::one_origin_recovered(Slot slot, std::size_t left) {
    AlertRecord& alert = alerts[slot];
    alert.add_message();
    alert.last_seen = now;
    touch(slot);
    alert.expires_at = last_promise(slot);
    watch_expiry(slot);
    if (IncidentRecord* incident = live_incident(alert.incident)) count_message(*incident);
    decide(alert, Verdict::merged, {},
           "one of its " + std::to_string(origins.of(slot).size()) + " origins recovered, " + std::to_string(left) +
               " still fire");
    const Severity before = alert.severity;
    set_severity(slot, worst_origin(slot));
    if (alert.severity != before) severity_changed(slot, before);
}

// Of an alert whose promise passed: true while another of its origins still fires.
bool Correlator::State::outlives_promise(Slot slot) {
    if (live_origins(slot) == 0) return false;
    AlertRecord& alert = alerts[slot];
    for (const Fingerprint identity : origins.of(slot)) {
        Origin& origin = *origins.find(identity);
        origin.firing = is_live(origin);
    }
    alert.expires_at = last_promise(slot);
    watch_expiry(slot);
    const Severity before = alert.severity;
    set_severity(slot, worst_origin(slot));
    if (alert.severity != before) severity_changed(slot, before);
    return true;
}

void Correlator::State::stop_origins(Slot slot) {
    for (const Fingerprint identity : origins.of(slot)) origins.find(identity)->firing = false;
}

bool Correlator::State::is_live(const Origin& origin) const {
    const bool kept = !origin.expires_at.is_set() || origin.expires_at > now || no_expiry_before > now;
    return origin.firing && kept;
}

std::size_t Correlator::State::live_origins(Slot slot) const {
    const std::vector<Fingerprint>& all = origins.of(slot);
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [this](Fingerprint identity) { return is_live(*origins.find(identity)); }));
}

Severity Correlator::State::worst_origin(Slot slot) const {
    Severity worst = Severity::info;
    for (const Fingerprint identity : origins.of(slot))
        if (const Origin& origin = *origins.find(identity); origin.firing) worst = std::max(worst, origin.severity);
    return worst;
}

Instant Correlator::State::last_promise(Slot slot) const {
    Instant last;
    for (const Fingerprint identity : origins.of(slot)) {
        const Origin& origin = *origins.find(identity);
        if (!is_live(origin)) continue;
        if (!origin.expires_at.is_set()) return {};
        last = std::max(last, origin.expires_at);
    }
    return last;
}

bool Correlator::State::is_origin_refresh(const AlertEvent& event, const Origin& origin) const {
    return event.kind == EventKind::firing && origin.firing && origin.words == hash_words(event);
}

// A firing alert says something new: the rules of today see it.
void Correlator::State::relabel(Slot slot, const AlertEvent& event) {
    if (rules == nullptr || rules->enrich.empty()) return;
    LabelSheet labels(event.labels);
    enrich(rules->enrich, indexes->enrich, match_memory, event, labels);
    AlertRecord& alert = alerts[slot];
    if (!std::ranges::equal(labels_of(alert), labels.view())) {
        index_labels(slot, false);
        if (alert.firing) index_member(slot, false);
        look_at_targets(slot, false);
        set_labels(alert, labels.view());
        index_labels(slot, true);
        if (alert.firing) index_member(slot, true);
        change(slot);
        look_again({slot}, "its labels changed");
        look_at_targets(slot, true);
    }
    note_source_labels(slot, event);
}

// A keyed alert's own labels are compared with every message; rewritten ones cannot be, so the source's are kept as a
// hash.
void Correlator::State::note_source_labels(Slot slot, const AlertEvent& event) {
    if (event.key.empty() || std::ranges::equal(labels_of(alerts[slot]), event.labels))
        source_labels.erase(slot);
    else
        source_labels.insert_or_assign(slot, hash_labels(event.labels));
}

bool Correlator::State::has_source_labels(Slot slot, LabelsView labels) const {
    const auto found = source_labels.find(slot);
    if (found != source_labels.end()) return found->second == hash_labels(labels);
    return std::ranges::equal(labels_of(alerts[slot]), labels);
}

}  // namespace incidentd
