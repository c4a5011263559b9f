// Parts of the topology that come through the API beside the one of the rules.
#include "correlator/state.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

std::size_t lines_of(const TopologySpec& spec) { return spec.links.size() + spec.aliases.size(); }

void remove_from(TopologySpec& spec, const TopologySpec& gone) {
    for (const TopologySpec::Link& link : gone.links)
        std::erase_if(spec.links, [&link](const TopologySpec::Link& one) {
            return one.upper == link.upper && one.lower == link.lower;
        });
    for (const auto& alias : gone.aliases) std::erase(spec.aliases, alias);
}

// What is there already stays as it is, but for the word of a link.
void add_to(TopologySpec& spec, const TopologySpec& more) {
    for (const TopologySpec::Link& link : more.links) {
        const auto known = std::find_if(spec.links.begin(), spec.links.end(), [&link](const TopologySpec::Link& one) {
            return one.upper == link.upper && one.lower == link.lower;
        });
        if (known == spec.links.end())
            spec.links.push_back(link);
        else
            known->kind = link.kind;
    }
    for (const auto& alias : more.aliases)
        if (std::find(spec.aliases.begin(), spec.aliases.end(), alias) == spec.aliases.end())
            spec.aliases.push_back(alias);
}

}  // namespace

std::optional<std::string> Correlator::topology_refusal(const TopologyChanged& change) const {
    const TopologyParts& parts = state_->topology_parts;
    const auto known = parts.find(change.part);
    if (known == parts.end() && parts.size() >= topology_parts_max)
        return "there are " + std::to_string(topology_parts_max) + " parts already, and no more are allowed";
    const std::size_t before = known == parts.end() ? 0 : lines_of(known->second);
    const std::size_t after = lines_of(change.add) + (change.replaces ? 0 : before);
    if (after > topology_part_lines_max)
        return "the part would have " + std::to_string(after) + " links and aliases, at most " +
               std::to_string(topology_part_lines_max) + " are allowed: a topology file takes more";
    std::size_t all = after - before;
    for (const auto& [name, spec] : parts) all += lines_of(spec);
    if (all > topology_parts_lines_max && after > before)
        return "all parts together would have more than " + std::to_string(topology_parts_lines_max) +
               " links and aliases: a topology file takes more";
    return std::nullopt;
}

const TopologyParts& Correlator::topology_parts() const { return state_->topology_parts; }
const Estate& Correlator::estate() const { return state_->association.estate(); }
const LearnSettings& Correlator::learning() const { return state_->association.learning(); }

void Correlator::State::on_topology_changed(const TopologyChanged& change) {
    TopologySpec& part = topology_parts[change.part];
    if (change.replaces) {
        part = change.add;
    } else {
        remove_from(part, change.remove);
        add_to(part, change.add);
    }
    if (lines_of(part) == 0) topology_parts.erase(change.part);
    use_topology();
}

std::shared_ptr<const Topology> Correlator::State::whole_topology() const {
    std::shared_ptr<const Topology> base = rules != nullptr ? rules->topology : nullptr;
    if (base == nullptr) base = std::make_shared<const Topology>();
    if (topology_parts.empty()) return base;
    TopologySpec all = base->spec();
    for (const auto& [name, part] : topology_parts) {
        all.links.insert(all.links.end(), part.links.begin(), part.links.end());
        all.aliases.insert(all.aliases.end(), part.aliases.begin(), part.aliases.end());
    }
    return std::make_shared<const Topology>(all);
}

void Correlator::State::use_topology() { association.use(whole_topology()); }

}  // namespace incidentd
