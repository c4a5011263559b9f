// Writes what the project's own simulator makes as a data set (dataset.hpp). See bench/quality/README.md.
#include "simulator/lines.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>

using namespace incidentd;
using namespace incidentd::simulator;

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

struct Counts {
    std::uint64_t messages = 0, noise = 0;
    std::map<std::uint32_t, std::uint64_t> of_incident, of_root;
};

class Writer {
public:
    explicit Writer(std::string path) : path_(std::move(path)), out_(path_) {}
    ~Writer() = default;
    std::string& text() { return text_; }
    void flush(bool all) {
        if (!all && text_.size() < piece_bytes) return;
        out_ << text_;
        text_.clear();
        if (all && !out_.flush()) throw std::runtime_error(path_ + ": cannot be written");
    }

private:
    std::string path_;
    std::ofstream out_;
    std::string text_;
};

Counts write_stream(Storm& storm, const std::string& directory) {
    Counts counts;
    Writer alerts(directory + "/alerts.ndjson"), truth(directory + "/truth.tsv");
    truth.text() += "idx\tincident\tis_root\n";
    for (Message message; storm.next(message); ++counts.messages) {
        append_dataset_line(message, alerts.text());
        truth.text() +=
            std::to_string(counts.messages) + '\t' + truth_of(message) + (message.is_root ? "\t1\n" : "\t0\n");
        if (message.incident == no_incident)
            ++counts.noise;
        else
            ++counts.of_incident[message.incident], counts.of_root[message.incident] += message.is_root ? 1U : 0U;
        alerts.flush(false);
        truth.flush(false);
    }
    alerts.flush(true);
    truth.flush(true);
    return counts;
}

// Incidents of which nothing was ever told are none for those who judge by alerts.
void write_incidents(const Storm& storm, Counts& counts, const std::string& directory) {
    Writer file(directory + "/incidents.tsv");
    std::string& out = file.text();
    out += "incident\ttype\troot_entity\tstart_ms\tend_ms\tn_alerts\tn_root_alerts\trecurrence_of\n";
    std::uint32_t number = 0;
    for (const Incident& incident : storm.incidents()) {
        if (!counts.of_incident.contains(++number)) continue;
        out += incident.name + '\t' + std::string(incident.type->name) + '\t' + storm.estate().at(incident.root).name +
               '\t' + std::to_string(incident.from.ms) + '\t' + std::to_string(incident.to.ms) + '\t' +
               std::to_string(counts.of_incident[number]) + '\t' + std::to_string(counts.of_root[number]) + '\t' +
               (incident.again.empty() ? "-" : incident.again) + '\n';
    }
    file.flush(true);
}

void write_estate(const Storm& storm, const std::string& directory) {
    Writer topology(directory + "/topology.tsv"), aliases(directory + "/aliases.tsv");
    topology.text() += "parent\tchild\tkind\n";
    for (const TopologySpec::Link& link : storm.estate().topology().links)
        topology.text() += link.upper + '\t' + link.lower + '\t' + link.kind + '\n';
    aliases.text() += "alias\tentity\n";
    for (const auto& [alias, entity] : storm.aliases()) aliases.text() += alias + '\t' + entity + '\n';
    topology.flush(true);
    aliases.flush(true);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A simulated stream of alerts with its truth", "bench_quality_generate");
    std::string preset = "small", directory;
    std::uint64_t seed = 1;
    app.add_option("--preset", preset, "small, storm or month")->check(CLI::IsMember({"small", "storm", "month"}));
    app.add_option("--seed", seed);
    app.add_option("DIRECTORY", directory, "is made if need be")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        std::filesystem::create_directories(directory);
        StormOptions options = *storm_preset(preset);
        options.seed = seed;
        Storm storm(options);
        Counts counts = write_stream(storm, directory);
        write_incidents(storm, counts, directory);
        write_estate(storm, directory);
        std::printf("%s: %llu messages, %llu of noise, %zu incidents, %zu entities\n", directory.c_str(),
                    static_cast<unsigned long long>(counts.messages), static_cast<unsigned long long>(counts.noise),
                    counts.of_incident.size(), storm.estate().size());
    } catch (const std::exception& error) {
        std::cerr << "bench_quality_generate: " << error.what() << "\n";
        return 1;
    }
}
