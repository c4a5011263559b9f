// Dependencies that Zabbix knows and its messages do not carry: those between triggers, as trigger.get answers them and
// as hosts and templates are exported
// (https://www.zabbix.com/documentation/6.0/en/manual/api/reference/trigger/get,
// https://www.zabbix.com/documentation/6.0/en/manual/xml_export_import/hosts).
#pragma once

#include "rules/settings.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

struct ZabbixTopology {
    std::string yaml;  // a topology file
    std::size_t hosts = 0, links = 0, aliases = 0;
};

// The host of a trigger depends on the hosts of the triggers that it depends on; within one host nothing does. Files
// may refer to each other: trigger.get gives ids, host.get the addresses. Everything read is gathered before the
// topology is made. Problems: what is no answer and no export, triggers without hosts; a warning for what is mentioned
// only.
class ZabbixObjects {
public:
    void read(std::string_view text, const std::string& file, Problems& problems);
    ZabbixTopology topology(Problems& problems) const;

private:
    using Names = std::vector<std::string>;
    struct Host {
        std::vector<std::string> others;     // visible name, addresses
        std::vector<std::string> templates;  // linked to it
    };
    struct Trigger {
        Names hosts;                                        // technical names
        Names host_ids;                                     // of hosts whose name the answer lacks
        std::vector<std::pair<std::string, Location>> ids;  // of the triggers that it depends on
        std::vector<std::pair<Names, Location>> uppers;     // likewise, by their hosts
        Location where;
    };
    using Edges = std::map<std::string, std::set<std::string>>;  // lower host -> upper hosts

    void read_answer(const SettingsNode& list, Problems& problems);
    void read_trigger(const SettingsNode& node, const std::string& id, Problems& problems);
    void read_export(const SettingsNode& node, Problems& problems);
    void read_host(const SettingsNode& node);
    void walk(const SettingsNode& node, Problems& problems);
    void read_exported_trigger(const SettingsNode& node, const SettingsNode& dependencies, Problems& problems);
    Names hosts_of(const Trigger& trigger, Problems& problems) const;
    Names hosts_with(const std::string& name) const;
    void add_edges(const Names& lowers, const Names& uppers, Edges& edges) const;

    std::map<std::string, Host> hosts_;                          // by technical name
    std::map<std::string, std::string> host_ids_;                // id -> technical name
    std::map<std::string, std::vector<std::string>> templates_;  // those linked to it, by name
    std::map<std::string, std::size_t> trigger_ids_;             // -> place in triggers_
    std::vector<Trigger> triggers_;
};

}  // namespace incidentd
