#include "correlator/labels.hpp"

#include <algorithm>

namespace incidentd {

std::string_view find_label(LabelsView labels, std::string_view name) {
    const auto at =
        std::lower_bound(labels.begin(), labels.end(), name,
                         [](const LabelView& label, std::string_view wanted) { return label.name < wanted; });
    return at != labels.end() && at->name == name ? at->value : std::string_view{};
}

}  // namespace incidentd
