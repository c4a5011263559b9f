// Correlation quality: data sets with ground truth through the engine, as a table. See bench/quality/README.md.
#include "bench/quality/baselines.hpp"
#include "bench/quality/dataset.hpp"
#include "bench/quality/engine_alone.hpp"
#include "bench/quality/explain.hpp"
#include "bench/quality/parts.hpp"
#include "bench/quality/rows.hpp"
#include "bench/quality/run_engine.hpp"
#include "rules/rules.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>

using namespace incidentd;
using namespace incidentd::quality;

namespace {

struct Options {
    std::vector<std::string> directories;
    double topology = 1;  // share of it that is known
    Distortion distortion;
    std::string variation = "whole", rows;
    std::string gate = "{checks: 2, critical_after: 0s, other_after: 20m}";  // of the built-in rule
    bool types = false, baselines = false, costs = false, alone = false, digest = false;
    std::size_t explain = 0;
    std::uint64_t seed = 1;
    bool edges = false;
    double least = 0;  // mac_f1 of the engine on every set
};

// Of one method on one set.
struct Line {
    std::vector<Score> scores;
    double seconds = 0, alerts = 0, rss = 0;
    PartCost repeats, onsets, ends, others, due;
    OnsetParts parts;
};

using Lines = std::map<std::pair<std::string, std::string>, Line>;  // by set and method

void add(PartCost& sum, const PartCost& part) {
    sum.count += part.count;
    sum.seconds += part.seconds;
}

std::string rule_of(const Options& options) { return "{name: default, op: topology, gate: " + options.gate + "}"; }

std::shared_ptr<const RuleSet> rules_for(const Dataset& set, const Options& options) {
    RuleBundle bundle;
    bundle.files.emplace_back("quality", "version: 1\ncorrelate:\n  - " + rule_of(options) + "\n");
    Problems problems;
    const std::shared_ptr<const RuleSet> compiled = compile(bundle, problems);
    if (compiled == nullptr) throw std::runtime_error(problems.text());
    auto rules = std::make_shared<RuleSet>(*compiled);
    rules->topology = topology_of(set, options.topology);
    return rules;
}

// Which check causes which: what was learned of linked entities, against what experts say.
void print_edges(const Dataset& set, const std::vector<LearnedPair>& learned) {
    const std::set<std::pair<std::string, std::string>> expert(set.causal.begin(), set.causal.end());
    double found = 0, right = 0;
    for (const LearnedPair& pair : learned) {
        if (pair.reach != Reach::linked) continue;
        found += 1;
        right += expert.contains({pair.first, pair.then}) ? 1 : 0;
    }
    const double precision = found > 0 ? right / found : 0;
    const double recall = expert.empty() ? 0 : right / static_cast<double>(expert.size());
    const double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
    std::printf("%s: %.0f pairs learned, %zu by experts: precision %.2f recall %.2f F1 %.2f\n", set.name.c_str(), found,
                expert.size(), precision, recall, f1);
}

void print_alone_step(const AloneStep& step) {
    const auto messages = static_cast<double>(step.messages);
    std::printf("%10.0f %12.0f %9.2f %10.2f %9.1f %9llu %9llu %9llu\n", messages, messages / step.seconds,
                step.seconds / messages * 1e6, step.slowest * 1e3, static_cast<double>(step.bytes) / 1e6,
                static_cast<unsigned long long>(step.sizes.alerts_held),
                static_cast<unsigned long long>(step.sizes.alerts_firing),
                static_cast<unsigned long long>(step.sizes.incidents_open + step.sizes.incidents_pending));
    std::fflush(stdout);
}

void print_alone(const Options& options, const Dataset& set) {
    std::printf("%s: the engine alone, by part of the stream and over all\n", set.name.c_str());
    std::printf("%10s %12s %9s %10s %9s %9s %9s %9s\n", "messages", "messages/s", "us each", "slowest ms", "MB",
                "alerts", "firing", "incidents");
    AloneStep all;
    run_engine_alone(set, rules_for(set, options), [&all](const AloneStep& step) {
        print_alone_step(step);
        all.messages += step.messages;
        all.seconds += step.seconds;
        all.slowest = std::max(all.slowest, step.slowest);
        all.bytes = step.bytes;
        all.sizes = step.sizes;
    });
    print_alone_step(all);
}

void print_digest(const Options& options, const Dataset& set) {
    std::uint64_t digest = 0;
    run_engine_alone(
        set, rules_for(set, options), [](const AloneStep&) {}, &digest);
    std::printf("%s: %016llx\n", set.name.c_str(), static_cast<unsigned long long>(digest));
    std::fflush(stdout);
}

void run_set(const Options& options, const std::string& directory, Lines& lines) {
    const Dataset set = load_dataset(directory, options.distortion);
    if (options.digest) return print_digest(options, set);
    if (options.alone) return print_alone(options, set);
    const RunResult run = run_engine(set, rules_for(set, options), options.explain > 0 || options.costs);
    if (options.explain > 0) {
        std::cout << set.name << '\n' << explain_incidents(set, run, options.explain, options.seed);
        return;
    }
    if (options.edges) print_edges(set, run.learned);
    Line& line = lines[{set_of(set.name), "incidentd"}];
    line.scores.push_back(judge(set.truth, run.prediction));
    line.seconds += run.seconds;
    line.alerts += static_cast<double>(set.truth.incident.size());
    line.rss = std::max(line.rss, static_cast<double>(run.rss_bytes));
    add(line.repeats, run.repeats);
    add(line.onsets, run.onsets);
    add(line.ends, run.ends);
    add(line.others, run.others);
    add(line.due, run.due);
    if (options.costs) {
        const OnsetParts parts = measure_parts(set, run, topology_of(set, options.topology));
        add(line.parts.placing, parts.placing);
        add(line.parts.ranking, parts.ranking);
    }
    if (!options.baselines) return;
    for (const auto& [name, prediction] : run_baselines(set, *topology_of(set, options.topology)))
        lines[{set_of(set.name), name}].scores.push_back(judge(set.truth, prediction));
}

void print_types(const Line& line) {
    std::map<std::string, Score::ByType> sums;
    for (const Score& one : line.scores)
        for (const auto& [type, by] : one.by_type) {
            auto& sum = sums[type];
            sum.incidents += by.incidents, sum.roots += by.roots, sum.precision += by.precision;
            sum.recall += by.recall, sum.found50 += by.found50, sum.top1 += by.top1, sum.missed += by.missed;
        }
    for (const auto& [type, sum] : sums) {
        const auto n = static_cast<double>(sum.incidents);
        std::printf("    %-16s n %5.0f  precision %.2f recall %.2f found50 %.2f top1 %.2f missed %.0f\n", type.c_str(),
                    n, sum.precision / n, sum.recall / n, sum.found50 / n,
                    sum.roots > 0 ? sum.top1 / static_cast<double>(sum.roots) : 0, sum.missed);
    }
}

void print_costs(const Line& line) {
    const auto print = [](const char* name, const PartCost& part) {
        std::printf("    %-9s %9llu messages %8.0f ns each\n", name, static_cast<unsigned long long>(part.count),
                    part.count == 0 ? 0 : part.seconds / static_cast<double>(part.count) * 1e9);
    };
    print("repeats", line.repeats);
    print("onsets", line.onsets);
    print(" placing", line.parts.placing);
    print(" ranking", line.parts.ranking);
    print("ends", line.ends);
    print("others", line.others);
    print("deadlines", line.due);
}

void report(const Options& options, const Lines& lines) {
    std::vector<Row> rows;
    std::ofstream file;
    if (!options.rows.empty()) file.open(options.rows, std::ios::app);
    for (const auto& [key, line] : lines) {
        Row& row = rows.emplace_back(row_of(key.first, options.variation, key.second, line.scores));
        row.rule = rule_of(options);
        row.values["per_s"] = line.seconds > 0 ? line.alerts / line.seconds : 0;
        row.values["rss_mb"] = line.rss / 1e6;
        if (!options.rows.empty()) file << row_text(row);
    }
    if (!options.rows.empty() && !file.flush()) throw std::runtime_error(options.rows + ": cannot be written");
    std::printf("rule: %s\n", rule_of(options).c_str());
    print_rows(rows);
    for (const auto& [key, line] : lines) {
        if (key.second != "incidentd" || (!options.types && !options.costs)) continue;
        std::printf("%s\n", key.first.c_str());
        if (options.types) print_types(line);
        if (options.costs) print_costs(line);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Correlation quality of the built-in rules on streams with ground truth");
    Options options;
    app.add_option("directory", options.directories, "data sets; names that differ only in a final number are averaged")
        ->required();
    app.add_option("--topology", options.topology, "share of the topology that is known")->check(CLI::Range(0.0, 1.0));
    app.add_option("--gate", options.gate, "of the one rule, as in a rule file")->capture_default_str();
    app.add_option("--loss", options.distortion.loss, "share of messages that are lost")->check(CLI::Range(0.0, 1.0));
    app.add_option("--skew", options.distortion.skew_max_s, "clocks of hosts are off by up to so many seconds");
    app.add_option("--variation", options.variation, "what this is called in the rows");
    app.add_option("--rows", options.rows, "file that the rows are appended to");
    app.add_flag("--baselines", options.baselines, "also simple methods");
    app.add_flag("--types", options.types, "also by type of incident");
    app.add_flag("--costs", options.costs, "also what a message costs, by its kind");
    app.add_flag("--alone", options.alone, "instead: time and memory of the engine alone, by part of the stream");
    app.add_flag("--digest", options.digest,
                 "instead: a digest of every effect, to tell whether two builds decide alike");
    app.add_flag("--edges", options.edges,
                 "also learned pairs of checks beside the experts' graph, if the set has one");
    app.add_option("--explain", options.explain, "instead: so many incidents with their reasons, beside the truth");
    app.add_option("--seed", options.seed, "draws those");
    app.add_option("--at-least", options.least, "fail when mac_f1 of the engine is lower on any set");
    CLI11_PARSE(app, argc, argv);
    try {
        Lines lines;
        for (const std::string& directory : options.directories) run_set(options, directory, lines);
        if (options.explain == 0 && !options.alone && !options.digest) report(options, lines);
        for (const auto& [key, line] : lines)
            if (key.second == "incidentd" && row_of("", "", "", line.scores).value("mac_f1") < options.least)
                throw std::runtime_error(key.first + ": mac_f1 is below " + std::to_string(options.least));
    } catch (const std::exception& error) {
        std::cerr << "bench_quality: " << error.what() << "\n";
        return 1;
    }
}
