// Incidents like earlier ones: what failed in each is noted, and people are told what became of the earlier one.
#include "correlator/state.hpp"

#include <boost/container/small_vector.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>

namespace incidentd {

bool Correlator::State::remembers(const IncidentRecord& incident) const {
    return association.learning().recurrence && incident.view.id != overflow;
}

std::uint64_t failed_of(std::string_view check, std::string_view entity) {
    boost::container::small_vector<char, 256> what(check.begin(), check.end());
    what.push_back('\n');
    what.insert(what.end(), entity.begin(), entity.end());
    return XXH3_64bits(what.data(), what.size());
}

std::uint64_t Correlator::State::what_failed(Slot slot) const {
    const AlertRecord& alert = alerts[slot];
    const WordsView said = words_of(alert);
    const std::vector<LabelView> labels = said.labels();
    const TemplateScope scope{labels, said.title(), pool.view(alert.source), {}, alert.severity};
    std::string check_scratch, entity_scratch;
    return failed_of(check_of(scope, check_scratch), entity_of(association.estate(), labels, entity_scratch));
}

void Correlator::State::note_failed(IncidentRecord& incident, Slot slot, std::optional<std::uint64_t> what) {
    if (!remembers(incident)) return;
    memory.failed(incident.view.id, what.has_value() ? *what : what_failed(slot));
    // What more fails says more of what it is like, but less and less.
    if (incident.view.state == IncidentState::open && std::has_single_bit(incident.view.alerts_total))
        tell_likeness(incident);
}

void Correlator::State::tell_likeness(IncidentRecord& incident) {
    if (!remembers(incident)) return;
    const std::string_view root =
        incident.view.roots.empty() ? std::string_view{} : std::string_view(incident.view.roots.front().entity);
    const std::vector<Likeness> alike = memory.like(incident.view.id, root);
    if (alike.empty() || !memory.is_news(incident.view.id, alike.front().incident)) return;
    std::string text = "like ";
    for (const Likeness& one : alike) text += (&one == &alike.front() ? "" : ", ") + to_string(one, now);
    add_fact(incident, "recurrence", std::move(text));
    changed(incident);
}

void Correlator::State::note_said(const IncidentRecord& incident, std::string_view who, std::string_view words) {
    if (words.empty() || !remembers(incident)) return;
    memory.said(incident.view.id, std::string(who) + " said \"" + std::string(words) + '"');
}

void Correlator::State::remember(const IncidentRecord& incident) {
    if (!remembers(incident)) return memory.forget(incident.view.id);
    const std::string_view root =
        incident.view.roots.empty() ? std::string_view{} : std::string_view(incident.view.roots.front().entity);
    const std::uint64_t alerts_total = incident.view.alerts_total;
    const Instant ended = incident.last_recovery.is_set() ? incident.last_recovery : now;
    memory.end(incident.view.id, root, incident.view.began_at, ended,
               alerts_total == 1 ? "its alert ended by itself"
                                 : "its " + std::to_string(alerts_total) + " alerts ended by themselves");
}

}  // namespace incidentd
