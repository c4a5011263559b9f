#include "daemon/replay/export.hpp"

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
        case IncidentStep::Kind::close:
            break;
    }
    return "close";
}

// A list in a table: neither of its signs.
std::string as_guess(std::string entity) {
    for (char& c : entity)
        if (c == ',' || c == '\t' || c == '\n') c = '_';
    return "@" + entity;
}

void write_roots(const ReplayRun& run, const std::map<std::uint32_t, std::size_t>& first, const ReplaySpan& span,
                 std::ofstream& out) {
    std::set<IncidentId> ranked;
    for (const RootStep& step : run.root_steps()) {
        if (!run.incidents().contains(step.incident) || run.survivor(step.incident) != step.incident) continue;
        ranked.insert(step.incident);
        out << to_string(step.incident) << '\t' << step.at.ms << '\t';
        for (std::size_t i = 0; i < step.entities.size(); ++i) out << (i > 0 ? "," : "") << as_guess(step.entities[i]);
        out << '\n';
    }
    for (const auto& [incident, message] : first)
        if (!ranked.contains(IncidentId{incident}))
            out << to_string(IncidentId{incident}) << '\t' << span.at[message].ms << '\t' << message << '\n';
}

// Where no rule ranks root causes, the first message is the suspect: what failed first is seldom what suffers.
std::map<std::uint32_t, std::size_t> first_messages(const ReplayRun& run) {
    std::map<std::uint32_t, std::size_t> first;
    for (std::size_t i = 0; i < run.incident_of().size(); ++i)
        if (run.incident_of()[i] != 0) first.try_emplace(run.incident_of()[i], i);
    return first;
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
    write_roots(run, first_messages(run), span, roots);
    events << "t_ms\tkind\tincident\n";
    for (const IncidentStep& step : run.steps()) {
        const bool is_merge = step.kind == IncidentStep::Kind::close && run.survivor(step.incident) != step.incident;
        events << step.at.ms << '\t' << (is_merge ? "merge" : word_of(step.kind)) << '\t' << to_string(step.incident)
               << '\n';
    }
    for (std::ofstream* file : {&assigned, &roots, &events})
        if (!file->flush()) return Error(ErrorCode::io, "cannot write into " + directory);
    return {};
}

}  // namespace incidentd
