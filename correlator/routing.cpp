#include "correlator/routing.hpp"

#include <algorithm>

namespace incidentd {

std::vector<LabelView> route_labels(const IncidentView& view) {
    std::vector<LabelView> labels;
    for (const auto& [name, value] : view.group_labels) labels.push_back({name, value});
    const auto set = [&labels](std::string_view name, std::string_view value) {
        std::erase_if(labels, [name](const LabelView& label) { return label.name == name; });
        if (!value.empty()) labels.push_back({name, value});
    };
    set("priority", to_string(view.priority));
    set("severity", to_string(view.severity));
    set("rule", view.rule);
    set("category", view.category);
    set("service", view.service);
    set("assignment_group", view.assignment_group);
    std::sort(labels.begin(), labels.end(), [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
    return labels;
}

}  // namespace incidentd
