// What the built-in correlator may learn from the stream of alerts. Each part can be switched off by itself:
// it is not used from then on, what it had learned is forgotten, and switched on again it begins anew.
#pragma once

namespace incidentd {

struct LearnSettings {
    bool similarity = true;     // text and names that resemble each other: alert_similarity.hpp
    bool co_occurrence = true;  // checks that follow one another: co_occurrence.hpp
    bool habits = true;         // checks that usually fire alone: check_habits.hpp
    bool recurrence = true;     // incidents like earlier ones: incident_memory.hpp
    bool labels = true;         // which pod is on which node and of what, by labels: label_links.hpp
    friend bool operator==(const LearnSettings&, const LearnSettings&) = default;
};

}  // namespace incidentd
