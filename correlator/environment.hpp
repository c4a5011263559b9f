// Which installation an alert is about, as far as its labels say: production and test run the same checks on things of
// the same names, and what happens in one says nothing of the other.
#pragma once

#include "correlator/labels.hpp"

#include <array>
#include <cstdint>

namespace incidentd {

class Environment {
public:
    static constexpr std::size_t kinds = 4;  // cluster, environment, site, region

    Environment() = default;
    explicit Environment(LabelsView labels);
    // Both say the same kind, and differ in it. What only one of them says parts nothing.
    bool is_apart_from(const Environment& other) const;
    const std::array<std::uint32_t, kinds>& words() const { return words_; }
    std::array<std::uint32_t, kinds>& words() { return words_; }

private:
    std::array<std::uint32_t, kinds> words_{};  // by kind: hash of the value; 0: not said
};

}  // namespace incidentd
