// How often an entity fails, as a share of all incidents: what is in every tenth one is a habit, not news. Counts are
// halved with every 256th incident, so that what was mended long ago is forgotten; an entity's own when it is next
// asked.
#pragma once

#include <cstdint>

namespace incidentd {

struct HabitCount {
    std::uint32_t incidents = 0;  // as of `halvings`
    std::uint32_t halvings = 0;
};

class IncidentHabit {
public:
    void incident_began() {
        ++incidents_;
        if (++since_halved_ < halved_every) return;
        since_halved_ = 0;
        incidents_ /= 2;
        ++halvings_;
    }
    void incident_merged() { incidents_ -= incidents_ > 0 ? 1 : 0; }  // it was part of another
    std::uint32_t incidents() const { return incidents_; }
    std::uint32_t of(const HabitCount& count) const {
        const std::uint32_t missed = halvings_ - count.halvings;
        return missed < 32 ? count.incidents >> missed : 0;
    }
    void add(HabitCount& count) const { count = {of(count) + 1, halvings_}; }

private:
    friend struct AssociationSnapshot;
    static constexpr std::uint32_t halved_every = 256;
    std::uint32_t incidents_ = 0, since_halved_ = 0, halvings_ = 0;
};

}  // namespace incidentd
