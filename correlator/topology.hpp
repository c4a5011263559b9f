// What depends on what: entities and their dependencies, immutable, flat in memory (compressed sparse rows).
// A failure travels from an entity to those that depend on it. Cycles are allowed.
#pragma once

#include "correlator/string_hash.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

// How two entities relate. Only what changes the reasoning is told apart; the words of files are in topology.cpp.
enum class LinkKind : std::uint8_t {
    depends = 0,  // the lower one needs the upper one
    member = 1,   // the lower one consists of upper ones and lives while enough of them do (a service, its instances)
    peer = 2,     // neighbours; a failure travels either way
};

struct TopologySpec {
    struct Link {
        std::string upper, lower;  // lower depends on upper
        std::string kind;          // the file's word, shown in explanations: "power", "runs", "member", "link" ...
    };
    std::vector<Link> links;
    std::vector<std::pair<std::string, std::string>> aliases;  // (alias, entity)
    std::vector<std::string> entities{};  // to be numbered first, in this order; usually none: links name them
    // How many of its members a whole needs to live, at least 1. Of a whole given twice the first counts.
    std::vector<std::pair<std::string, std::uint32_t>> needs{};
};

// What came through the API, by the name of who sent it. Past a bound a change is refused.
using TopologyParts = std::map<std::string, TopologySpec, std::less<>>;
constexpr std::size_t topology_parts_max = 100;
constexpr std::size_t topology_part_lines_max = 20'000;    // links, aliases and groups of one part
constexpr std::size_t topology_parts_lines_max = 100'000;  // of all of them

// Bounds of one topology; what lies beyond is refused when rules are compiled, naming the first line that is too many.
constexpr std::size_t topology_entities_max = 1'000'000;
constexpr std::size_t topology_links_max = 4'000'000;

class Topology {
public:
    using Entity = std::uint32_t;  // 0 .. size()-1
    struct Link {
        Entity to = 0;
        LinkKind kind = LinkKind::depends;
        std::uint8_t word = 0;  // index of word(): the file's own
    };

    // A redundancy group: a whole of which it is known how many of its members it needs.
    struct Group {
        std::uint32_t needs = 0;    // at most `members`
        std::uint32_t members = 0;  // never 0
    };

    Topology() = default;
    // Entities are numbered in the order of their first mention. A link given twice or to itself is kept once or not.
    explicit Topology(const TopologySpec& spec);

    // By exact name, alias, canonical name, or the short name when one entity alone has it; in this order.
    std::optional<Entity> find(std::string_view name) const;
    // For who needs it anyway: `canonical` is canonical_name(name).
    std::optional<Entity> find(std::string_view name, std::string_view canonical) const;
    std::string_view name(Entity entity) const { return names_[entity]; }
    std::string_view word(std::uint8_t index) const { return words_[index]; }
    std::span<const Link> uppers(Entity entity) const { return uppers_.of(entity); }  // what it depends on
    std::span<const Link> lowers(Entity entity) const { return lowers_.of(entity); }  // what depends on it
    const Group* group(Entity whole) const;                    // nullptr: nobody said how many members it needs
    std::span<const Entity> groups_with(Entity member) const;  // the groups that it is a member of
    std::size_t group_count() const { return groups_.size(); }
    std::size_t size() const { return names_.size(); }
    // What it was made from, but for the order of links and for aliases that named nothing.
    TopologySpec spec() const;
    std::size_t link_count() const { return uppers_.links.size(); }
    // Of all it was made from: equal topologies number their entities alike.
    std::uint64_t digest() const { return digest_; }

private:
    struct Rows {
        std::vector<std::uint32_t> begin{0};  // size()+1
        std::vector<Link> links;
        std::span<const Link> of(Entity entity) const {
            return std::span(links).subspan(begin[entity], begin[entity + 1] - begin[entity]);
        }
    };
    struct Named {
        Entity entity = 0;
        std::uint8_t rank = 0;  // how it came to the name: exact, alias, canonical, short
        bool ambiguous = false;
    };
    Entity add(std::string_view name);
    void call(std::string name, Entity entity, std::uint8_t rank);
    void add_groups();

    std::vector<std::string> names_;
    std::vector<std::string> words_;
    Rows uppers_, lowers_;
    boost::unordered_flat_map<std::string, Named, StringHash, std::equal_to<>> index_;
    std::vector<std::pair<std::string, std::uint32_t>> needs_;  // as given: the members may be another topology's
    boost::unordered_flat_map<Entity, Group> groups_;
    boost::unordered_flat_map<Entity, std::vector<Entity>> groups_with_;  // by member
    std::uint64_t digest_ = 0;
};

}  // namespace incidentd
