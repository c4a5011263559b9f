#include "correlator/environment.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string_view>

namespace incidentd {
namespace {

struct Name {
    std::string_view label;
    std::size_t kind;
};
constexpr std::array<Name, 9> names{{{"cluster", 0},
                                     {"env", 1},
                                     {"environment", 1},
                                     {"stage", 1},
                                     {"site", 2},
                                     {"dc", 2},
                                     {"datacenter", 2},
                                     {"location", 2},
                                     {"region", 3}}};

}  // namespace

Environment::Environment(LabelsView labels) {
    for (const LabelView& label : labels) {
        const auto known =
            std::find_if(names.begin(), names.end(), [&](const Name& n) { return n.label == label.name; });
        if (known == names.end() || label.value.empty()) continue;
        words_[known->kind] =
            static_cast<std::uint32_t>(XXH3_64bits(label.value.data(), label.value.size()) >> 32) | 1U;
    }
}

bool Environment::is_apart_from(const Environment& other) const {
    for (std::size_t i = 0; i < kinds; ++i)
        if (words_[i] != 0 && other.words_[i] != 0 && words_[i] != other.words_[i]) return true;
    return false;
}

}  // namespace incidentd
