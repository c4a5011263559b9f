// What an entity of a given topology is: a topology names things and their links, not what they are. Links say most
// (what others run on is a host), then names ("sw12", "pay-db").
#include "simulator/estate.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace incidentd::simulator {
namespace {

constexpr std::pair<std::string_view, Kind> name_words[] = {
    {"sw", Kind::network},         {"switch", Kind::network},    {"tor", Kind::network},
    {"router", Kind::network},     {"rtr", Kind::network},       {"core", Kind::network},
    {"leaf", Kind::network},       {"spine", Kind::network},     {"gw", Kind::network},
    {"fw", Kind::network},         {"firewall", Kind::network},  {"pdu", Kind::power},
    {"ups", Kind::power},          {"psu", Kind::power},         {"feed", Kind::power},
    {"san", Kind::storage},        {"nas", Kind::storage},       {"storage", Kind::storage},
    {"ceph", Kind::storage},       {"filer", Kind::storage},     {"db", Kind::database},
    {"sql", Kind::database},       {"mysql", Kind::database},    {"mariadb", Kind::database},
    {"pg", Kind::database},        {"postgres", Kind::database}, {"postgresql", Kind::database},
    {"oracle", Kind::database},    {"mongo", Kind::database},    {"redis", Kind::database},
    {"cache", Kind::database},     {"queue", Kind::database},    {"kafka", Kind::database},
    {"cassandra", Kind::database}, {"dns", Kind::dns},           {"ns", Kind::dns},
    {"resolver", Kind::dns},       {"lb", Kind::balancer},       {"haproxy", Kind::balancer},
    {"ingress", Kind::balancer},   {"proxy", Kind::balancer},    {"vip", Kind::balancer},
    {"isp", Kind::provider},       {"transit", Kind::provider},  {"vm", Kind::machine},
    {"pod", Kind::instance},       {"dc", Kind::site},           {"site", Kind::site},
    {"datacenter", Kind::site},    {"host", Kind::host},         {"node", Kind::host},
    {"server", Kind::host},        {"srv", Kind::host},          {"hv", Kind::host},
    {"esx", Kind::host},           {"api", Kind::service},       {"svc", Kind::service},
    {"service", Kind::service},    {"web", Kind::service},       {"app", Kind::service},
    {"backup", Kind::batch}};

// "dc1-r02-SW" -> dc, r, sw; the last word says most.
std::optional<Kind> kind_of_name(std::string_view name) {
    std::optional<Kind> kind;
    std::string word;
    const auto look = [&] {
        for (const auto& [known, meant] : name_words)
            if (known == word) kind = meant;
        word.clear();
    };
    for (const char c : name.substr(0, name.find('.'))) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0)
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else
            look();
    }
    look();
    return kind;
}

struct Links {
    std::set<Relation> above, below;  // it is the upper, the lower one of such links
};

bool stores(std::optional<Kind> name) { return name == Kind::database; }

Kind kind_of_links(const Links& links, std::optional<Kind> name) {
    const auto needed_for = [&](Relation relation) { return links.above.contains(relation); };
    const auto needs = [&](Relation relation) { return links.below.contains(relation); };
    if (needed_for(Relation::runs)) return needs(Relation::runs) ? Kind::machine : Kind::host;
    if (needed_for(Relation::power) || name == Kind::power) return Kind::power;
    if (needed_for(Relation::net) || needed_for(Relation::uplink)) return Kind::network;
    if (needed_for(Relation::disk)) return Kind::storage;
    if (needed_for(Relation::infra) && name != Kind::database) return Kind::dns;
    if (needed_for(Relation::wan)) return Kind::provider;
    if (needed_for(Relation::front)) return Kind::balancer;
    if (needed_for(Relation::site)) return Kind::site;
    if (needs(Relation::member) || needs(Relation::call) || needed_for(Relation::call)) {
        if (stores(name)) return Kind::database;
        return name == Kind::dns || name == Kind::balancer ? *name : Kind::service;
    }
    if (needs(Relation::runs)) return stores(name) || name == Kind::machine ? *name : Kind::instance;
    if (needed_for(Relation::member)) return Kind::instance;
    if (needs(Relation::net) || needs(Relation::power) || needs(Relation::disk)) {
        const bool is_device = name == Kind::network || name == Kind::storage || name == Kind::balancer;
        return is_device ? *name : Kind::host;
    }
    if (name.has_value()) return *name;
    if (needs(Relation::uplink) || links.above.contains(Relation::peer)) return Kind::network;
    return links.above.empty() && !links.below.empty() && needs(Relation::depends) ? Kind::service : Kind::host;
}

}  // namespace

std::vector<Kind> infer_kinds(const TopologySpec& topology, const std::vector<std::string>& names) {
    std::map<std::string_view, Links> links;
    for (const TopologySpec::Link& link : topology.links) {
        const Relation relation = relation_from(link.kind);
        links[link.upper].above.insert(relation);
        links[link.lower].below.insert(relation);
    }
    std::vector<Kind> kinds;
    for (const std::string& name : names) kinds.push_back(kind_of_links(links[name], kind_of_name(name)));
    return kinds;
}

}  // namespace incidentd::simulator
