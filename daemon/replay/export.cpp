#include "daemon/replay/export.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace incidentd {
namespace {

const char* word_of(IncidentStep::Kind kind) {
    switch (kind) {
        case IncidentStep::Kind::open:
            return "open";
        case IncidentStep::Kind::update:
            return "update";
        case IncidentStep::Kind::merge:
            return "merge";
        case IncidentStep::Kind::close:
            break;
    }
    return "close";
}

// The first message of an incident that opened, its suspect where it names none: what failed first is seldom what
// suffers.
std::map<std::uint32_t, std::size_t> first_messages(const ReplayRun& run) {
    std::map<std::uint32_t, std::size_t> first;
    for (std::size_t i = 0; i < run.incident_of().size(); ++i)
        if (run.incident_of()[i] != 0) first.try_emplace(run.incident_of()[i], i);
    return first;
}

// What parts the table's fields cannot be part of a name in it.
std::string as_field(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ',' || static_cast<unsigned char>(c) < 0x20; }, '_');
    return name;
}

// A line for each time that an incident's suspects were others than before; none for what was merged into another.
std::set<IncidentId> write_candidates(const ReplayRun& run, std::ostream& out) {
    std::set<IncidentId> named;
    for (const RootStep& step : run.roots()) {
        const auto incident = run.incidents().find(step.incident);
        if (incident == run.incidents().end() || incident->second.merged_into.is_set()) continue;
        std::string suspects;
        for (const RootCandidate& root : step.roots)
            suspects += (suspects.empty() ? "@" : ",@") + as_field(root.entity);
        out << to_string(step.incident) << '\t' << step.at.ms << '\t' << suspects << '\n';
        named.insert(step.incident);
    }
    return named;
}

}  // namespace

Result<void> export_replay(const ReplayRun& run, const ReplaySpan& span, const std::string& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    std::ofstream assigned(directory + "/pred.tsv"), roots(directory + "/roots.tsv"), events(directory + "/events.tsv");
    assigned << "idx\tincident\n";
    for (std::size_t i = 0; i < span.at.size(); ++i) {
        const std::uint32_t incident = i < run.incident_of().size() ? run.incident_of()[i] : 0;
        assigned << i << '\t' << (incident == 0 ? "-" : to_string(IncidentId{incident})) << '\n';
    }
    roots << "incident\tt_ms\tguesses\n";
    const std::set<IncidentId> named = write_candidates(run, roots);
    for (const auto& [incident, message] : first_messages(run))
        if (!named.contains(IncidentId{incident}))
            roots << to_string(IncidentId{incident}) << '\t' << span.at[message].ms << '\t' << message << '\n';
    events << "t_ms\tkind\tincident\n";
    for (const IncidentStep& step : run.steps())
        events << step.at.ms << '\t' << word_of(step.kind) << '\t' << to_string(step.incident) << '\n';
    for (std::ofstream* file : {&assigned, &roots, &events})
        if (!file->flush()) return Error(ErrorCode::io, "cannot write into " + directory);
    return {};
}

}  // namespace incidentd
