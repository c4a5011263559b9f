// Incidents like earlier ones: what failed in each is noted, and people are told what became of the earlier one.
#include "correlator/state.hpp"

#include <boost/container/small_vector.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
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
    std::vector<Likeness> alike = memory.like(incident.view.id, root);
    if (alike == incident.view.earlier) return;
    incident.view.earlier = std::move(alike);
    changed(incident);
    const std::vector<Likeness>& earlier = incident.view.earlier;
    const bool is_first = !memory.was_told(incident.view.id);
    if (earlier.empty() || !memory.is_news(incident.view.id, earlier.front().incident)) return;
    if (is_first) emit(IncidentRecurred{incident.view.category, incident.view.priority, incident.view.id});
    std::string text = "like ";
    for (const Likeness& one : earlier) text += (&one == &earlier.front() ? "" : ", ") + to_string(one, now);
    add_fact(incident, "recurrence", std::move(text));
}

void Correlator::State::note_said(const IncidentRecord& incident, std::string_view who, std::string_view words) {
    if (words.empty() || !remembers(incident)) return;
    memory.said(incident.view.id, who, words);
}

void Correlator::State::remember(const IncidentRecord& incident) {
    if (!remembers(incident)) return memory.forget(incident.view.id);
    const std::string_view root =
        incident.view.roots.empty() ? std::string_view{} : std::string_view(incident.view.roots.front().entity);
    const Instant ended = incident.last_recovery.is_set() ? incident.last_recovery : now;
    const auto with_ticket = std::find_if(incident.sinks.begin(), incident.sinks.end(),
                                          [](const SinkRecord& sink) { return !sink.ticket.empty(); });
    const bool has_ticket = with_ticket != incident.sinks.end();
    memory.end(incident.view.id, {root, incident.view.began_at, ended, incident.view.alerts_total,
                                  has_ticket ? std::string_view(with_ticket->ticket) : std::string_view(),
                                  has_ticket ? std::string_view(with_ticket->ticket_url) : std::string_view()});
}

}  // namespace incidentd
