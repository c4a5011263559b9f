// Correlation quality: data sets with ground truth through the engine, as a table. See bench/quality/README.md.
#include "bench/quality/dataset.hpp"
#include "bench/quality/run_engine.hpp"
#include "bench/quality/score.hpp"
#include "rules/rules.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <iostream>

using namespace incidentd;
using namespace incidentd::quality;

namespace {

struct Line {
    std::vector<Score> scores;
    double seconds = 0, alerts = 0, rss = 0;
};

double mean(const std::vector<Score>& all, const std::function<double(const Score&)>& of) {
    double sum = 0;
    for (const Score& one : all) sum += of(one);
    return sum / static_cast<double>(all.size());
}

double spread(const std::vector<Score>& all, const std::function<double(const Score&)>& of) {
    const double middle = mean(all, of);
    return std::sqrt(mean(all, [&](const Score& one) { return (of(one) - middle) * (of(one) - middle); }));
}

void print_line(const std::string& name, const Line& line) {
    const auto& s = line.scores;
    const auto of = [&s](double Score::*field) { return mean(s, [field](const Score& one) { return one.*field; }); };
    const double sd = spread(s, [](const Score& one) { return one.mac_f1; });
    const double missed = mean(s, [](const Score& one) {
        return 100.0 * static_cast<double>(one.missed) / static_cast<double>(one.incidents);
    });
    const double noise = mean(s, [](const Score& one) { return static_cast<double>(one.noise_incidents); });
    std::printf(
        "%-14s %3zu  %.3f ±%.3f %.3f %.3f  %.3f  %.3f %7.2f %7.1f  %.3f %.3f  %.2f %.2f %5.1f %5.0f %6.0f %7.0f "
        "%6.0f\n",
        name.c_str(), s.size(), of(&Score::mac_f1), sd, of(&Score::mac_p), of(&Score::mac_r), of(&Score::ari),
        of(&Score::found50), of(&Score::ratio), noise, of(&Score::merged), of(&Score::split), of(&Score::top1),
        of(&Score::top3), missed, of(&Score::delay_p50_s), of(&Score::delay_p95_s), line.alerts / line.seconds,
        line.rss / 1e6);
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

// "small21" and "small22" are seeds of one set.
std::string group_of(std::string name) {
    while (name.size() > 1 && name.back() >= '0' && name.back() <= '9') name.pop_back();
    return name;
}

std::shared_ptr<const RuleSet> rules_for(const Dataset& set, double share) {
    Problems problems;
    const std::shared_ptr<const RuleSet> compiled = compile(RuleBundle{}, problems);
    if (compiled == nullptr) throw std::runtime_error("the built-in rules do not compile");
    auto rules = std::make_shared<RuleSet>(*compiled);
    rules->topology = topology_of(set, share);
    CorrelationRule rule;
    rule.name = "default";
    rule.op = CorrelationOp::topology;
    rule.gate_checks = 2;
    rule.max_alerts = 100'000;
    rules->correlate.insert(rules->correlate.begin(), rule);
    return rules;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Correlation quality of the built-in rules on streams with ground truth");
    std::vector<std::string> directories;
    double share = 1;
    bool types = false;
    app.add_option("directory", directories, "data sets; names that differ only in a final number are averaged")
        ->required();
    app.add_option("--topology", share, "share of the topology that is known, 0 to 1");
    app.add_flag("--types", types, "also by type of incident");
    CLI11_PARSE(app, argc, argv);
    try {
        std::map<std::string, Line> lines;
        for (const std::string& directory : directories) {
            const Dataset set = load_dataset(directory);
            const RunResult run = run_engine(set, rules_for(set, share));
            Line& line = lines[group_of(set.name)];
            line.scores.push_back(judge(set.truth, run.prediction));
            line.seconds += run.seconds;
            line.alerts += static_cast<double>(set.truth.incident.size());
            line.rss = std::max(line.rss, static_cast<double>(run.rss_bytes));
        }
        std::printf("%-14s %3s  %s\n", "set", "n",
                    "mac_f1  spread  prec recall   ari  found50 opened/   noise  merged split  top1 top3 miss% delay_s "
                    " p95  alerts/s rss MB");
        for (const auto& [name, line] : lines) {
            print_line(name, line);
            if (types) print_types(line);
        }
    } catch (const std::exception& error) {
        std::cerr << "bench_quality: " << error.what() << "\n";
        return 1;
    }
}
