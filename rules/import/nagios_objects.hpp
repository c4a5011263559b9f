// Dependencies that Nagios knows and its notifications do not carry: `parents` of hosts and host dependencies, from the
// object definitions of Nagios Core 4
// (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/objectdefinitions.html).
#pragma once

#include "rules/settings.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct NagiosTopology {
    std::string yaml;  // a topology file
    std::size_t hosts = 0, links = 0, aliases = 0;
};

// Of object definitions as in objects.cache, or in *.cfg with templates (`use`). What is no host or host dependency is
// passed over. Problems: definitions that are never closed, parents that are defined nowhere (a warning).
class NagiosObjects {
public:
    void read(std::string_view text, const std::string& file, Problems& problems);
    NagiosTopology topology(Problems& problems) const;

private:
    using Directives = std::map<std::string, std::string, std::less<>>;
    struct Object {
        Directives directives;
        Location where;
    };
    std::string value(const Object& object, std::string_view directive, int depth) const;

    std::vector<Object> hosts_, dependencies_;
    std::map<std::string, std::size_t, std::less<>> templates_;  // name -> place in hosts_
};

}  // namespace incidentd
