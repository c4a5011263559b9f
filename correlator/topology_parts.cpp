// Parts of the topology that come through the API beside the one of the rules.
#include "correlator/state.hpp"

#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace incidentd {
namespace {

std::size_t lines_of(const TopologySpec& spec) { return spec.links.size() + spec.aliases.size() + spec.needs.size(); }

using Ends = std::pair<std::string_view, std::string_view>;  // of a link

Ends ends_of(const TopologySpec::Link& link) { return {link.upper, link.lower}; }

void remove_from(TopologySpec& spec, const TopologySpec& gone) {
    std::set<Ends> links;
    for (const TopologySpec::Link& link : gone.links) links.insert(ends_of(link));
    std::erase_if(spec.links, [&links](const TopologySpec::Link& one) { return links.contains(ends_of(one)); });
    const std::set<std::pair<std::string, std::string>> aliases(gone.aliases.begin(), gone.aliases.end());
    std::erase_if(spec.aliases, [&aliases](const auto& one) { return aliases.contains(one); });
    std::set<std::string_view> groups;
    for (const auto& [whole, needs] : gone.needs) groups.insert(whole);
    std::erase_if(spec.needs, [&groups](const auto& one) { return groups.contains(one.first); });
}

// What is there already stays as it is, but for the word of a link and the number that a group needs. A part has
// thousands of lines and a change too, and alerts wait meanwhile: no look at one for each of the other.
void add_to(TopologySpec& spec, const TopologySpec& more) {
    spec.links.reserve(spec.links.size() + more.links.size());  // so that the names below stay where they are
    std::map<Ends, std::size_t> known;
    for (std::size_t i = 0; i < spec.links.size(); ++i) known.try_emplace(ends_of(spec.links[i]), i);
    for (const TopologySpec::Link& link : more.links) {
        if (const auto [at, is_new] = known.try_emplace(ends_of(link), spec.links.size()); is_new)
            spec.links.push_back(link);
        else
            spec.links[at->second].kind = link.kind;
    }
    std::set<std::pair<std::string, std::string>> aliases(spec.aliases.begin(), spec.aliases.end());
    for (const auto& alias : more.aliases)
        if (aliases.insert(alias).second) spec.aliases.push_back(alias);
    std::map<std::string, std::size_t, std::less<>> groups;
    for (std::size_t i = 0; i < spec.needs.size(); ++i) groups.try_emplace(spec.needs[i].first, i);
    for (const auto& [whole, needs] : more.needs) {
        if (const auto [at, is_new] = groups.try_emplace(whole, spec.needs.size()); is_new)
            spec.needs.emplace_back(whole, needs);
        else
            spec.needs[at->second].second = needs;
    }
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
        return "the part would have " + std::to_string(after) + " links, aliases and groups, at most " +
               std::to_string(topology_part_lines_max) + " are allowed: a topology file takes more";
    std::size_t all = after - before;
    for (const auto& [name, spec] : parts) all += lines_of(spec);
    if (all > topology_parts_lines_max && after > before)
        return "all parts together would have more than " + std::to_string(topology_parts_lines_max) +
               " links, aliases and groups: a topology file takes more";
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
        all.needs.insert(all.needs.end(), part.needs.begin(), part.needs.end());
    }
    return std::make_shared<const Topology>(all);
}

void Correlator::State::use_topology() {
    association.use(whole_topology());
    count_members();
}

}  // namespace incidentd
