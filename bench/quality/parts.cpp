#include "bench/quality/parts.hpp"

#include "bench/quality/cpu_clock.hpp"
#include "correlator/association.hpp"

#include <deque>

namespace incidentd::quality {
namespace {

void add(PartCost& part, const CpuSpan& span) {
    part.seconds += span.seconds();
    ++part.count;
}

}  // namespace

OnsetParts measure_parts(const Dataset& set, const RunResult& run, std::shared_ptr<const Topology> topology) {
    OnsetParts parts;
    Association association;
    association.use(std::move(topology));
    std::map<IncidentId, Instant> joined;
    std::deque<std::pair<Instant, IncidentId>> order;
    std::uint64_t next = 1;
    std::size_t onset_at = 0;
    AlertStream stream(set);
    StreamAlert alert;
    for (std::uint32_t message = 0; stream.next(alert); ++message) {
        if (onset_at == run.explained.size()) break;
        if (run.explained[onset_at].message != message) continue;
        while (onset_at < run.explained.size() && run.explained[onset_at].message == message) ++onset_at;
        Onset onset;
        onset.received = Instant{alert.received_ms};
        onset.claimed = Instant{alert.claimed_ms};
        onset.source = alert.source;
        onset.entity = alert.host;
        onset.check = std::hash<std::string>{}(alert.check);
        onset.severity = severity_from_convention(alert.severity).value_or(Severity::unknown);
        const IncidentId fresh{next};
        const CpuSpan placing;
        const Association::Placement placed = association.place(onset, fresh, {});
        add(parts.placing, placing);
        if (placed.begins) ++next;
        const CpuSpan ranking;
        const auto roots = association.rank_if_due(placed.incident);
        add(parts.ranking, ranking);
        joined[placed.incident] = onset.received;
        order.emplace_back(onset.received, placed.incident);
        for (; !order.empty() && onset.received - order.front().first > hours(1); order.pop_front()) {
            const auto last = joined.find(order.front().second);
            if (last == joined.end() || last->second != order.front().first) continue;
            association.close(last->first);
            joined.erase(last);
        }
    }
    return parts;
}

}  // namespace incidentd::quality
