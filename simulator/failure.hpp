// What fails, and what fails with it and when: a failure travels along the links of an estate from what is needed to
// what needs it, with delays. Pure.
#pragma once

#include "correlator/time.hpp"
#include "simulator/checks.hpp"
#include "simulator/estate.hpp"
#include "simulator/random.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace incidentd::simulator {

struct FailureType {
    std::string_view name;  // "switch_down"
    Mode mode = Mode::down;
    std::span<const Kind> kinds;  // of what can fail so
    double weight = 0;            // how often among all; 0: only when it is asked for
    bool is_wide = false;         // takes many with it
    double median_s = 0;          // how long it lasts, mostly
};

std::span<const FailureType> failure_types();
const FailureType* failure_type(std::string_view name);  // null: there is none
bool fits(const FailureType& type, Kind kind);
const FailureType& usual_failure(Kind kind);

struct Failure {
    const FailureType* type = nullptr;
    EntityId root = 0;
    Instant from, to;
};

// One entity that fails because of it. The root comes first.
struct Fault {
    EntityId entity = 0;
    Mode mode = Mode::down;
    Instant at;
    int hops = 0;  // calls and the like between it and the root
};

// By time. `services_max`: so many services and databases fail at most.
std::vector<Fault> spread(const Estate& estate, const Failure& failure, std::size_t services_max, Random& random);

inline Instant after(Instant at, double seconds_later) {
    return at + milliseconds(static_cast<std::int64_t>(seconds_later * 1000));
}

}  // namespace incidentd::simulator
