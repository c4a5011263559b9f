#include "rules/import/zabbix_dependencies.hpp"

#include "rules/import/yaml_text.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr int templates_deep_max = 16;

std::string text_of(const SettingsNode& node, std::string_view key) {
    const SettingsNode* found = node.find(key);
    return found != nullptr && found->kind == SettingsNode::Kind::scalar ? found->scalar : std::string();
}

const std::vector<SettingsNode>& list_of(const SettingsNode& node, std::string_view key) {
    static const std::vector<SettingsNode> none;
    const SettingsNode* found = node.find(key);
    return found != nullptr && found->kind == SettingsNode::Kind::list ? found->items : none;
}

void add_once(std::vector<std::string>& names, std::string name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

// Hosts in an expression: `last(/web01/app.status)=1` since 5.4, `{web01:app.status.last()}=1` before it. Keys may hold
// slashes, so that a host is known by the parenthesis or comma before its first one.
std::vector<std::string> hosts_in(std::string_view expression) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at + 1 < expression.size(); ++at) {
        if ((expression[at] == '(' || expression[at] == ',') && expression[at + 1] == '/') {
            const std::size_t end = expression.find('/', at + 2);
            if (end != expression.npos) add_once(out, std::string(expression.substr(at + 2, end - at - 2)));
        } else if (expression[at] == '{' && expression[at + 1] != '$' && expression[at + 1] != '#') {
            const std::size_t end = expression.find_first_of(":{}", at + 1);
            if (end != expression.npos && expression[end] == ':')
                add_once(out, std::string(expression.substr(at + 1, end - at - 1)));
        }
    }
    return out;
}

bool says_nothing(const std::string& name) {
    return name.empty() || name == "127.0.0.1" || name == "::1" || name == "localhost" ||
           name.find('{') != name.npos;  // a macro
}

}  // namespace

void ZabbixObjects::read(std::string_view text, const std::string& file, Problems& problems) {
    if (const std::size_t begin = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
        begin != text.npos && text[begin] == '<')
        return problems.add({file, 1, 1}, "", "is XML", "export it as YAML or JSON");
    const std::size_t before = problems.items().size();
    const SettingsNode root = parse_settings(text, file, problems);
    if (problems.items().size() != before) return;
    if (root.kind == SettingsNode::Kind::list) return read_answer(root, problems);
    if (const SettingsNode* error = root.find("error")) {
        const std::string data = text_of(*error, "data");
        return problems.add(
            error->where, "error",
            "is an answer of Zabbix that says: " + text_of(*error, "message") + (data.empty() ? "" : " " + data),
            "ask again with a token that may read triggers");
    }
    if (const SettingsNode* result = root.find("result")) return read_answer(*result, problems);
    if (const SettingsNode* exported = root.find("zabbix_export")) return read_export(*exported, problems);
    problems.add({file, 1, 1}, "", "is neither an answer of trigger.get or host.get nor an export of Zabbix",
                 "give the whole answer, or its list `result`, or a file that begins with zabbix_export");
}

void ZabbixObjects::read_answer(const SettingsNode& list, Problems& problems) {
    if (list.kind != SettingsNode::Kind::list)
        return problems.add(list.where, list.path, "must be a list of triggers or of hosts");
    for (const SettingsNode& item : list.items) {
        if (const std::string id = text_of(item, "triggerid"); !id.empty())
            read_trigger(item, id, problems);
        else if (!text_of(item, "host").empty())
            read_host(item);
        else
            problems.add(item.where, item.path, "is neither a trigger nor a host",
                         "ask trigger.get for triggerid, host.get for host");
    }
}

void ZabbixObjects::read_trigger(const SettingsNode& node, const std::string& id, Problems& problems) {
    Trigger trigger;
    trigger.where = node.where;
    for (const SettingsNode& host : list_of(node, "hosts")) {
        if (!text_of(host, "host").empty()) {
            read_host(host);
            add_once(trigger.hosts, text_of(host, "host"));
        } else {
            add_once(trigger.host_ids, text_of(host, "hostid"));
        }
    }
    if (trigger.hosts.empty() && trigger.host_ids.empty())
        return problems.add(node.where, node.path, "trigger " + shown(id) + " has no hosts",
                            "ask trigger.get with \"selectHosts\": [\"host\", \"name\"]");
    if (node.find("dependencies") == nullptr)
        return problems.add(node.where, node.path, "trigger " + shown(id) + " has no list of dependencies",
                            "ask trigger.get with \"selectDependencies\": [\"triggerid\"]");
    for (const SettingsNode& one : list_of(node, "dependencies")) {
        const std::string upper = text_of(one, "triggerid");
        if (upper.empty()) problems.add(one.where, one.path, "has no triggerid");
        trigger.ids.emplace_back(upper, one.where);
    }
    if (trigger_ids_.try_emplace(id, triggers_.size()).second) triggers_.push_back(std::move(trigger));
}

void ZabbixObjects::read_host(const SettingsNode& node) {
    const std::string name = text_of(node, "host");
    if (name.empty()) return;
    Host& host = hosts_[name];
    if (const std::string id = text_of(node, "hostid"); !id.empty()) host_ids_[id] = name;
    const auto other = [&](const std::string& also) {
        if (also != name && !says_nothing(also)) add_once(host.others, also);
    };
    other(text_of(node, "name"));
    for (const SettingsNode& interface : list_of(node, "interfaces"))
        for (const char* key : {"dns", "ip"}) other(text_of(interface, key));
    for (const SettingsNode& linked : list_of(node, "templates")) add_once(host.templates, text_of(linked, "name"));
}

void ZabbixObjects::read_export(const SettingsNode& node, Problems& problems) {
    for (const SettingsNode& host : list_of(node, "hosts")) {
        if (text_of(host, "host").empty()) problems.add(host.where, host.path, "is a host without the key host");
        read_host(host);
    }
    for (const SettingsNode& one : list_of(node, "templates")) {
        std::vector<std::string>& linked = templates_[text_of(one, "template")];
        for (const SettingsNode& other : list_of(one, "templates")) add_once(linked, text_of(other, "name"));
    }
    walk(node, problems);
}

// Triggers stand below items, prototypes and discovery rules, and, of several hosts, at the top.
void ZabbixObjects::walk(const SettingsNode& node, Problems& problems) {
    const SettingsNode* dependencies = node.find("dependencies");
    if (dependencies != nullptr && node.find("expression") != nullptr)
        read_exported_trigger(node, *dependencies, problems);
    for (const SettingsNode& item : node.items) walk(item, problems);
    for (const SettingsNode::Member& member : node.members)
        if (&member.value != dependencies) walk(member.value, problems);
}

void ZabbixObjects::read_exported_trigger(const SettingsNode& node, const SettingsNode& dependencies,
                                          Problems& problems) {
    const auto hosts = [&](const SettingsNode& trigger) {
        std::vector<std::string> found = hosts_in(text_of(trigger, "expression"));
        for (std::string& name : hosts_in(text_of(trigger, "recovery_expression"))) add_once(found, std::move(name));
        if (found.empty())
            problems.add(trigger.where, trigger.path + ".expression",
                         "names no host, found " + shown(text_of(trigger, "expression")),
                         "it looks like last(/host/key)=1");
        return found;
    };
    Trigger trigger;
    trigger.where = node.where;
    trigger.hosts = hosts(node);
    for (const SettingsNode& one : dependencies.items) trigger.uppers.emplace_back(hosts(one), one.where);
    triggers_.push_back(std::move(trigger));
}

ZabbixObjects::Names ZabbixObjects::hosts_of(const Trigger& trigger, Problems& problems) const {
    Names out = trigger.hosts;
    for (const std::string& id : trigger.host_ids) {
        const auto known = host_ids_.find(id);
        if (known != host_ids_.end())
            add_once(out, known->second);
        else
            problems.add(trigger.where, "hosts", "names the host with the id " + shown(id) + ", which is in no file",
                         "ask trigger.get with \"selectHosts\": [\"host\", \"name\"]");
    }
    return out;
}

// A template stands for the hosts it is linked to, also through other templates.
ZabbixObjects::Names ZabbixObjects::hosts_with(const std::string& name) const {
    const bool is_template =
        templates_.contains(name) ||
        (!hosts_.contains(name) && std::any_of(hosts_.begin(), hosts_.end(), [&name](const auto& host) {
            const auto& linked = host.second.templates;
            return std::find(linked.begin(), linked.end(), name) != linked.end();
        }));
    if (!is_template) return {name};
    std::vector<std::string> wanted{name}, out;
    for (int depth = 0; depth < templates_deep_max; ++depth) {
        const std::size_t before = wanted.size();
        for (const auto& [other, linked] : templates_)
            if (std::any_of(linked.begin(), linked.end(), [&wanted](const std::string& one) {
                    return std::find(wanted.begin(), wanted.end(), one) != wanted.end();
                }))
                add_once(wanted, other);
        if (wanted.size() == before) break;
    }
    for (const auto& [host, known] : hosts_)
        for (const std::string& one : known.templates)
            if (std::find(wanted.begin(), wanted.end(), one) != wanted.end()) add_once(out, host);
    return out;
}

// What a template's trigger depends on in a template is its own host's.
void ZabbixObjects::add_edges(const Names& lowers, const Names& uppers, Edges& edges) const {
    for (const std::string& upper : uppers) {
        const Names above = hosts_with(upper);
        if (above.size() != 1 || above.front() != upper) continue;
        for (const std::string& lower : lowers)
            for (const std::string& host : hosts_with(lower))
                if (host != upper) edges[host].insert(upper);
    }
}

ZabbixTopology ZabbixObjects::topology(Problems& problems) const {
    Edges edges;
    for (const Trigger& trigger : triggers_) {
        const Names lowers = hosts_of(trigger, problems);
        for (const auto& [uppers, where] : trigger.uppers) add_edges(lowers, uppers, edges);
        for (const auto& [id, where] : trigger.ids) {
            const auto known = trigger_ids_.find(id);
            if (known != trigger_ids_.end())
                add_edges(lowers, hosts_of(triggers_[known->second], problems), edges);
            else
                problems.warn(where, "dependencies", "names the trigger " + shown(id) + ", which is in no file",
                              "let trigger.get answer all triggers");
        }
    }
    ZabbixTopology out;
    std::string links, aliases;
    for (const auto& [lower, uppers] : edges) {
        out.links += uppers.size();
        links += "  - {upper: " + importing::quoted_list({uppers.begin(), uppers.end()}) +
                 ", lower: " + importing::quoted_list({lower}) + ", kind: depends}\n";
    }
    for (const auto& [name, host] : hosts_) {
        ++out.hosts;
        if (host.others.empty()) continue;
        out.aliases += host.others.size();
        aliases +=
            "  - {entity: " + importing::quoted(name) + ", names: " + importing::quoted_list(host.others) + "}\n";
    }
    out.yaml = "# Written by `incidentd topology import zabbix`: trigger dependencies of " + std::to_string(out.hosts) +
               " hosts.\nversion: 1\n";
    if (!links.empty()) out.yaml += "links:\n" + links;
    if (!aliases.empty()) out.yaml += "aliases:\n" + aliases;
    return out;
}

}  // namespace incidentd
