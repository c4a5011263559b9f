// What depends on what, as operators write it: the section `topology` of rule files and the files it names.
#pragma once

#include "correlator/topology.hpp"
#include "rules/settings.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace incidentd {

constexpr std::size_t topology_file_bytes_max = 32 * 1024 * 1024;  // of one table; YAML files: settings_bytes_max
constexpr std::size_t topology_name_bytes_max = 1024;              // of an entity, an alias or the word of a link

// Gathers links and aliases of all files within topology_entities_max and topology_links_max. The first line beyond a
// bound is a problem; nothing more is taken then.
class TopologyDraft {
public:
    // `key`: the dotted path of the value, "" in tables.
    void add_link(const Location& where, const std::string& key, TopologySpec::Link link, Problems& problems);
    void add_alias(const Location& where, const std::string& key, std::string alias, std::string entity,
                   Problems& problems);
    // Of a whole given twice the first counts.
    void add_need(const Location& where, const std::string& key, const std::string& whole, std::uint32_t needs,
                  Problems& problems);
    // Links given twice or to the entity itself, aliases of two entities or of one that no link mentions, cycles,
    // groups that need more members than they have.
    // None is an error: exports have them. `topology` is what was made of spec().
    void warn_of_doubts(const Topology& topology, Problems& problems) const;

    const TopologySpec& spec() const { return spec_; }
    bool is_given() const { return is_given_; }
    void give(const Location& where);  // there is a section, though it may be empty

private:
    struct Doubt {
        std::size_t count = 0;
        Location first;
        std::string names;  // of the first
        void note(const Location& where, const std::string& what);
    };
    void warn_of_groups(const Topology& topology, Problems& problems) const;
    bool take_name(const Location& where, const std::string& key, const std::string& name, Problems& problems);

    TopologySpec spec_;
    boost::unordered_flat_set<std::string> entities_;
    boost::unordered_flat_set<std::uint64_t> links_;  // hashes
    boost::unordered_flat_map<std::string, std::uint32_t> needs_;
    Doubt doubled_, of_itself_, contradicted_;
    Location where_;
    bool is_given_ = false, is_full_ = false;
};

// The keys `links`, `aliases` and `groups` of the section or of a topology file.
void read_topology_links(const SettingsNode& node, TopologyDraft& draft, Problems& problems);

// A topology file by the end of its name: .yaml, .yml; .csv, .tsv, .txt (a table whose first line names the columns:
// `upper`, `lower` and perhaps `kind`; `alias` and `entity`; or `group`, and `member`, `needs` or both; `parent` and
// `child` mean `upper` and `lower`).
void read_topology_file(std::string_view text, const std::string& file, TopologyDraft& draft, Problems& problems);

// One file alone, for tools. Without problems only.
TopologySpec parse_topology(std::string_view text, const std::string& file, Problems& problems);

}  // namespace incidentd
