#include "rules/import/nagios_objects.hpp"

#include "rules/import/yaml_text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace incidentd {
namespace {

constexpr int templates_deep_max = 16;
constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// `;` begins a comment anywhere but after a backslash.
std::string_view without_comment(std::string_view line) {
    if (trimmed(line).starts_with('#')) return {};
    for (std::size_t at = line.find(';'); at != line.npos; at = line.find(';', at + 1))
        if (at == 0 || line[at - 1] != '\\') return line.substr(0, at);
    return line;
}

std::vector<std::string> list_in(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::string_view one = trimmed(text.substr(0, comma));
        if (one.starts_with('+')) one = trimmed(one.substr(1));  // added to what the template says
        if (!one.empty() && one != "null") out.emplace_back(one);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

}  // namespace

void NagiosObjects::read(std::string_view text, const std::string& file, Problems& problems) {
    problems.keep_source(file, text);
    std::string kind;  // of the definition that is open; "" outside
    Object object;
    int number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(without_comment(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.empty()) continue;
        if (kind.empty()) {
            if (!line.starts_with("define") || !line.ends_with('{')) continue;
            kind = trimmed(line.substr(6, line.size() - 7));
            object = {{}, {file, number, 1}};
        } else if (line == "}") {
            if (kind == "host") {
                if (const auto name = object.directives.find("name"); name != object.directives.end())
                    templates_[name->second] = hosts_.size();
                hosts_.push_back(std::move(object));
            } else if (kind == "hostdependency") {
                dependencies_.push_back(std::move(object));
            }
            kind.clear();
        } else {
            const std::size_t gap = std::min(line.find_first_of(blanks), line.size());
            object.directives[std::string(line.substr(0, gap))] = trimmed(line.substr(gap));
        }
    }
    if (!kind.empty())
        problems.add(object.where, kind, "the definition that begins here is never closed", "end it with a line }");
}

std::string NagiosObjects::value(const Object& object, std::string_view directive, int depth) const {
    if (const auto own = object.directives.find(directive); own != object.directives.end()) return own->second;
    const auto uses = object.directives.find("use");
    if (uses == object.directives.end() || depth >= templates_deep_max) return {};
    for (const std::string& name : list_in(uses->second)) {
        const auto known = templates_.find(name);
        if (known == templates_.end()) continue;
        std::string found = value(hosts_[known->second], directive, depth + 1);
        if (!found.empty()) return found;
    }
    return {};
}

NagiosTopology NagiosObjects::topology(Problems& problems) const {
    NagiosTopology out;
    std::string links, aliases;
    std::set<std::string, std::less<>> names;
    const auto is_host = [](const Object& host) {
        const auto is_registered = host.directives.find("register");  // never inherited
        return host.directives.contains("host_name") &&
               (is_registered == host.directives.end() || is_registered->second != "0");
    };
    for (const Object& host : hosts_)
        if (is_host(host)) names.insert(host.directives.at("host_name"));
    const auto add = [&](const Object& object, const std::vector<std::string>& uppers,
                         const std::vector<std::string>& lowers, std::string_view kind) {
        if (uppers.empty() || lowers.empty()) return;
        for (const auto* side : {&uppers, &lowers})
            for (const std::string& name : *side)
                if (!names.contains(name))
                    problems.warn(object.where, "host", "names the host " + shown(name) + ", which is defined nowhere",
                                  "give all object files");
        out.links += uppers.size() * lowers.size();
        links += "  - {upper: " + importing::quoted_list(uppers) + ", lower: " + importing::quoted_list(lowers) +
                 ", kind: " + std::string(kind) + "}\n";
    };
    for (const Object& host : hosts_) {
        if (!is_host(host)) continue;
        const std::string& name = host.directives.at("host_name");
        ++out.hosts;
        add(host, list_in(value(host, "parents", 0)), {name}, "parent");
        const std::string address = value(host, "address", 0);
        if (address.empty() || address == name || address == "127.0.0.1" || address == "::1") continue;
        ++out.aliases;
        aliases += "  - {entity: " + importing::quoted(name) + ", names: [" + importing::quoted(address) + "]}\n";
    }
    for (const Object& one : dependencies_)
        add(one, list_in(value(one, "host_name", 0)), list_in(value(one, "dependent_host_name", 0)), "depends");
    out.yaml = "# Written by `incidentd topology import nagios`: parents and dependencies of " +
               std::to_string(out.hosts) + " hosts.\nversion: 1\n";
    if (!links.empty()) out.yaml += "links:\n" + links;
    if (!aliases.empty()) out.yaml += "aliases:\n" + aliases;
    return out;
}

}  // namespace incidentd
