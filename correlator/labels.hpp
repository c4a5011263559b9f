// Labels as borrowed text. Owners: EventArena (alerts on their way in), a journal record, or the engine's string pool.
#pragma once

#include <span>
#include <string_view>

namespace incidentd {

struct LabelView {
    std::string_view name;
    std::string_view value;
    friend bool operator==(const LabelView&, const LabelView&) = default;
};

// A label set: sorted bytewise by name, names unique, no empty values.
using LabelsView = std::span<const LabelView>;

// The value of `name`, or "" when absent (as in Alertmanager's matchers).
std::string_view find_label(LabelsView labels, std::string_view name);

}  // namespace incidentd
