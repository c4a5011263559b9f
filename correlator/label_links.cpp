#include "correlator/label_links.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace incidentd {
namespace {

constexpr std::array<std::string_view, 3> workloads{"deployment", "statefulset", "daemonset"};

// With its cluster last: a name is known by what stands before its first dot, and clusters' names have dots.
std::string qualified(std::string_view kind, std::string_view name, LabelsView labels) {
    const std::string_view space = find_label(labels, "namespace"), cluster = find_label(labels, "cluster");
    std::string out(kind);
    out += ' ';
    if (!space.empty()) out += std::string(space) + '/';
    out += name;
    if (!cluster.empty()) out += " in " + std::string(cluster);
    return out;
}

std::string workload_of(LabelsView labels) {
    for (const std::string_view kind : workloads)
        if (const std::string_view name = find_label(labels, kind); !name.empty()) return qualified(kind, name, labels);
    return {};
}

bool has_name_of_its_own(const Estate& estate, LabelsView labels, const std::string& entity) {
    return !find_label(labels, "host").empty() || estate.find_in_topology(entity).has_value();
}

LabelledSubject about_a_pod(const Estate& estate, LabelsView labels, std::string entity, Instant now) {
    LabelledSubject out;
    const std::string_view node = find_label(labels, "node");
    const std::string_view service = find_label(labels, "service");
    if (!service.empty()) out.wholes.emplace_back(service);
    const bool is_named = has_name_of_its_own(estate, labels, entity);
    std::string pod = is_named ? entity : qualified("pod", find_label(labels, "pod"), labels);
    const std::optional<Estate::Entity> known = estate.find(pod);
    if (known.has_value() && estate.is_exporter(*known, now)) {
        // It tells of nodes and other pods; what it says of itself says nothing of them.
        if (!is_named && !node.empty()) return {std::string(node), {}, {}};
        out.entity = std::move(entity);
        return out;
    }
    const bool has_node = !node.empty() || (known.has_value() && estate.node_of(*known).has_value());
    if (!is_named && (!has_node || (!known.has_value() && !estate.has_room()))) {
        out.entity = std::move(entity);
        return out;
    }
    if (std::string workload = workload_of(labels); !workload.empty()) out.wholes.push_back(std::move(workload));
    if (!is_named && !find_label(labels, "namespace").empty()) out.wholes.push_back(std::move(entity));
    out.entity = std::move(pod);
    out.node = node;
    return out;
}

}  // namespace

LabelledSubject subject_of(const Estate& estate, const LearnSettings& learn, LabelsView labels, std::string entity,
                           Instant now) {
    if (!learn.labels) return {std::move(entity), {}, {}};
    if (!find_label(labels, "pod").empty()) return about_a_pod(estate, labels, std::move(entity), now);
    if (has_name_of_its_own(estate, labels, entity)) return {std::move(entity), {}, {}};
    if (const std::string_view node = find_label(labels, "node"); !node.empty()) return {std::string(node), {}, {}};
    // Only what pods were seen to be parts of: labels alone do not tell what the alert is about.
    std::string workload = workload_of(labels);
    if (!workload.empty() && estate.find(workload).has_value()) entity = std::move(workload);
    return {std::move(entity), {}, {}};
}

}  // namespace incidentd
