#include "daemon/replay/compare.hpp"

#include <algorithm>
#include <map>

namespace incidentd {
namespace {

using Parts = std::vector<std::pair<IncidentId, std::uint64_t>>;

// One side's incidents, each with what its alerts are in on the other side.
struct Side {
    std::map<IncidentId, Parts> incidents;

    std::uint64_t size(IncidentId id) const {
        std::uint64_t sum = 0;
        for (const auto& [other, count] : incidents.at(id)) sum += count;
        return sum;
    }
    // The largest part; of equal ones the oldest.
    IncidentId main(IncidentId id) const {
        const Parts& parts = incidents.at(id);
        const auto more = [](const auto& a, const auto& b) {
            return a.second != b.second ? a.second < b.second : b.first < a.first;
        };
        return std::max_element(parts.begin(), parts.end(), more)->first;
    }
};

Parts real_parts(const Parts& parts) {
    Parts real;
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(real), [](const auto& p) { return p.first.is_set(); });
    std::stable_sort(real.begin(), real.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    return real;
}

bool looks_the_same(const IncidentView& a, const IncidentView& b) {
    return a.priority == b.priority && a.title == b.title && a.rule == b.rule && a.category == b.category &&
           a.assignment_group == b.assignment_group && a.service == b.service;
}

void examine(const Side& side, std::vector<IncidentId>& only, std::vector<Regrouped>& regrouped) {
    for (const auto& [id, parts] : side.incidents) {
        if (!id.is_set()) continue;
        Parts real = real_parts(parts);
        if (real.empty()) only.push_back(id);
        if (real.size() > 1) regrouped.push_back({id, std::move(real)});
    }
}

}  // namespace

Difference compare(const ReplayRun& before, const ReplayRun& after) {
    Difference out;
    const std::vector<std::uint32_t>& a = before.incident_of();
    const std::vector<std::uint32_t>& b = after.incident_of();
    out.alerts = std::min(a.size(), b.size());
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> cells;
    for (std::size_t i = 0; i < out.alerts; ++i) ++cells[{a[i], b[i]}];
    Side left, right;
    for (const auto& [ids, count] : cells) {
        left.incidents[IncidentId{ids.first}].emplace_back(IncidentId{ids.second}, count);
        right.incidents[IncidentId{ids.second}].emplace_back(IncidentId{ids.first}, count);
    }
    for (const auto& [ids, count] : cells) {
        const IncidentId old{ids.first}, now{ids.second};
        if (!old.is_set() || !now.is_set() || count != left.size(old) || count != right.size(now)) continue;
        if (looks_the_same(before.incidents().at(old), after.incidents().at(now)))
            ++out.same;
        else
            out.changed.emplace_back(old, now);
    }
    examine(left, out.only_before, out.split);
    examine(right, out.only_after, out.merged);
    for (std::size_t i = 0; i < out.alerts; ++i) {
        const IncidentId old{a[i]}, now{b[i]};
        if (!old.is_set() && !now.is_set()) continue;
        if (old.is_set() && now.is_set() && left.main(old) == now && right.main(now) == old) continue;
        ++out.moved;
        if (out.moved_examples.size() < moved_shown_max)
            out.moved_examples.push_back({static_cast<std::uint32_t>(i), old, now});
    }
    return out;
}

}  // namespace incidentd
