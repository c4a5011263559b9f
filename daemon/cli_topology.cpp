// Topology files, checked and made without a daemon.
#include "daemon/cli.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/config_parts.hpp"
#include "rules/import/nagios_objects.hpp"
#include "rules/import/zabbix_dependencies.hpp"
#include "rules/topology_files.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace incidentd {

int check_topology(const std::string& file, bool json) {
    const Result<std::string> text = read_regular_file(file, topology_file_bytes_max);
    if (!text) return fail(text.error().message);
    Problems problems;
    TopologyDraft draft;
    read_topology_file(*text, file, draft, problems);
    const Topology topology(draft.spec());
    if (problems.empty()) draft.warn_of_doubts(topology, problems);
    const std::string report = render_problems(problems, json);
    std::fputs(report.c_str(), json ? stdout : stderr);
    if (!problems.empty()) return exit_failed;
    if (!json)
        fmt::print("{}: good ({} entities, {} links, {} aliases, {} groups)\n", file, topology.size(),
                   topology.link_count(), draft.spec().aliases.size(), topology.group_count());
    return exit_ok;
}

namespace {

template <class Objects>
int import_topology(const std::vector<std::string>& files) {
    Problems problems;
    Objects objects;
    for (const std::string& file : files) {
        const Result<std::string> text = read_regular_file(file, topology_file_bytes_max);
        if (!text) return fail(text.error().message);
        objects.read(*text, file, problems);
    }
    const auto made = objects.topology(problems);
    std::fputs(render_problems(problems, false).c_str(), stderr);
    if (!problems.empty()) return exit_failed;
    fmt::print("{}", made.yaml);
    fmt::print(stderr, "{} hosts, {} links, {} aliases\n", made.hosts, made.links, made.aliases);
    return exit_ok;
}

}  // namespace

int import_nagios_topology(const std::vector<std::string>& files) { return import_topology<NagiosObjects>(files); }
int import_zabbix_topology(const std::vector<std::string>& files) { return import_topology<ZabbixObjects>(files); }

}  // namespace incidentd
