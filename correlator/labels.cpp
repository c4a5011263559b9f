#include "correlator/labels.hpp"

#include <algorithm>

namespace incidentd {

std::string_view find_label(LabelsView labels, std::string_view name) {
    const auto at =
        std::lower_bound(labels.begin(), labels.end(), name,
                         [](const LabelView& label, std::string_view wanted) { return label.name < wanted; });
    return at != labels.end() && at->name == name ? at->value : std::string_view{};
}

OwnedLabels::OwnedLabels(LabelsView labels) {
    std::size_t bytes = 0;
    for (const LabelView& label : labels) bytes += label.name.size() + label.value.size();
    reserve(bytes, labels.size());
    for (const LabelView& label : labels) add(label);
}

std::vector<std::pair<std::string, std::string>> OwnedLabels::pairs() const {
    std::vector<std::pair<std::string, std::string>> out;
    out.reserve(size_);
    for (const auto& [name, value] : *this) out.emplace_back(name, value);
    return out;
}

void OwnedLabels::add(LabelView label) {
    const std::uint32_t sizes[] = {static_cast<std::uint32_t>(label.name.size()),
                                   static_cast<std::uint32_t>(label.value.size())};
    char bytes[sizeof sizes];
    std::memcpy(bytes, sizes, sizeof sizes);
    packed_.append(bytes, sizeof bytes);
    packed_ += label.name;
    packed_ += label.value;
    ++size_;
}

}  // namespace incidentd
