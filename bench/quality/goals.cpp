#include "bench/quality/goals.hpp"

#include <algorithm>
#include <utility>

namespace incidentd::quality {
namespace {

// Of a set named "<set>" or "<set>-...".
constexpr Goal all[] = {
    {"small", "mac_f1", 0.75, false},     {"small", "ari", 0.75, false},    {"small", "top1", 0.60, false},
    {"small", "top3", 0.70, false},       {"small", "opened", 1.5, true},   {"small", "missed", 2, true},
    {"storm", "mac_f1", 0.70, false},     {"storm", "ari", 0.80, false},    {"storm", "found50", 0.60, false},
    {"storm", "top1", 0.55, false},       {"storm", "opened", 5, true},     {"month", "mac_f1", 0.85, false},
    {"month", "top1", 0.65, false},       {"month", "opened", 2, true},     {"month", "missed", 2, true},
    {"huawei_mw", "mac_f1", 0.75, false}, {"petshop", "top1", 0.55, false}, {"petshop", "top3", 0.70, false},
    {"nezha", "top1", 0.52, false},       {"nezha", "top3", 0.60, false}};

constexpr std::pair<std::string_view, std::string_view> titles[] = {
    {"small", "simulated, 80 hosts, 8 hours"},
    {"storm", "simulated, 5000 hosts, 75 minutes, two sites lost"},
    {"month", "simulated, 4000 hosts, 30 days"},
    {"huawei_mw", "microwave network of 439 devices (Huawei), six days of real alarms"},
    {"petshop", "PetShop (AWS), injected latency and errors"},
    {"nezha", "Nezha (Online Boutique, Train Ticket), injected faults"}};

bool names(std::string_view set, std::string_view base) {
    return set == base || (set.starts_with(base) && set.substr(base.size()).starts_with('-'));
}

}  // namespace

std::span<const Goal> goals() { return all; }

const Goal* goal_of(std::string_view set, std::string_view column) {
    const auto found = std::find_if(std::begin(all), std::end(all),
                                    [&](const Goal& goal) { return names(set, goal.set) && goal.column == column; });
    return found == std::end(all) ? nullptr : found;
}

bool is_met(const Goal& goal, double value) {
    constexpr double rounding = 0.0005;
    return goal.is_most ? value <= goal.value + rounding : value >= goal.value - rounding;
}

std::string title_of(std::string_view set) {
    for (const auto& [name, title] : titles)
        if (names(set, name)) return std::string(title) + (set == name ? "" : " (another simulator)");
    return std::string(set);
}

}  // namespace incidentd::quality
