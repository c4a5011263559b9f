#include "bench/quality/rows.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace incidentd::quality {
namespace {

constexpr std::array<std::string_view, 20> names{
    "mac_f1", "prec", "recall", "pair_f1", "ari",     "found50", "opened", "noise",  "merged",   "split",
    "top1",   "top3", "missed", "delay_s", "delay95", "alerts",  "per_s",  "rss_mb", "kept_out", "purity"};

double value_of(const Score& s, std::string_view name) {
    const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
    const std::pair<std::string_view, double> all[] = {
        {"mac_f1", s.mac_f1},
        {"prec", s.mac_p},
        {"recall", s.mac_r},
        {"pair_f1", s.pair_f1},
        {"ari", s.ari},
        {"found50", s.found50},
        {"opened", s.ratio},
        {"noise", number(s.noise_incidents)},
        {"merged", s.merged},
        {"split", s.split},
        {"top1", s.top1},
        {"top3", s.top3},
        {"missed", s.incidents == 0 ? 0 : 100 * number(s.missed) / number(s.incidents)},
        {"delay_s", s.delay_p50_s},
        {"delay95", s.delay_p95_s},
        {"alerts", number(s.alerts)},
        {"kept_out", s.kept_out_share},
        {"purity", s.purity}};
    for (const auto& [known, value] : all)
        if (known == name) return value;
    return 0;
}

}  // namespace

std::span<const std::string_view> columns() { return names; }

double Row::value(std::string_view column) const {
    const auto found = values.find(std::string(column));
    return found == values.end() ? 0 : found->second;
}

Row row_of(std::string set, std::string variation, std::string method, const std::vector<Score>& scores) {
    Row row{std::move(set), std::move(variation), std::move(method), scores.size(), {}, {}};
    const auto n = static_cast<double>(scores.size());
    for (const std::string_view name : names) {
        double sum = 0, squares = 0;
        for (const Score& score : scores) sum += value_of(score, name);
        const double mean = sum / n;
        for (const Score& score : scores) squares += std::pow(value_of(score, name) - mean, 2);
        row.values[std::string(name)] = mean;
        row.values[std::string(name) + "_sd"] = scores.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
    }
    return row;
}

std::string row_text(const Row& row) {
    std::string out =
        row.set + '\t' + row.variation + '\t' + row.method + '\t' + std::to_string(row.seeds) + '\t' + row.rule;
    for (const auto& [name, value] : row.values) {
        char text[64];
        std::snprintf(text, sizeof text, "\t%s=%.6g", name.c_str(), value);
        out += text;
    }
    return out += '\n';
}

Row parse_row(const std::string& line) {
    std::istringstream in(line);
    Row row;
    std::string seeds, field;
    if (!std::getline(in, row.set, '\t') || !std::getline(in, row.variation, '\t') ||
        !std::getline(in, row.method, '\t') || !std::getline(in, seeds, '\t') || !std::getline(in, row.rule, '\t'))
        throw std::runtime_error("not a row: " + line);
    row.seeds = std::stoul(seeds);
    while (std::getline(in, field, '\t')) {
        const std::size_t sign = field.find('=');
        if (sign == field.npos) throw std::runtime_error("not a value: " + field);
        row.values[field.substr(0, sign)] = std::stod(field.substr(sign + 1));
    }
    return row;
}

void print_rows(const std::vector<Row>& rows) {
    std::printf("%-12s %-13s %-10s %3s %7s %6s %6s %6s %6s %7s %7s %7s %6s %6s %5s %5s %6s %7s %7s %8s %6s\n", "set",
                "variation", "method", "n", "mac_f1", "+-", "prec", "recall", "ari", "found50", "opened/", "noise",
                "merged", "split", "top1", "top3", "miss%", "delay_s", "p95", "alerts/s", "rssMB");
    for (const Row& row : rows)
        std::printf(
            "%-12s %-13s %-10s %3zu %7.3f %6.3f %6.3f %6.3f %6.3f %7.3f %7.2f %7.1f %6.3f %6.3f %5.2f %5.2f %6.1f "
            "%7.0f %7.0f %8.0f %6.0f\n",
            row.set.c_str(), row.variation.c_str(), row.method.c_str(), row.seeds, row.value("mac_f1"),
            row.value("mac_f1_sd"), row.value("prec"), row.value("recall"), row.value("ari"), row.value("found50"),
            row.value("opened"), row.value("noise"), row.value("merged"), row.value("split"), row.value("top1"),
            row.value("top3"), row.value("missed"), row.value("delay_s"), row.value("delay95"), row.value("per_s"),
            row.value("rss_mb"));
}

std::string set_of(std::string name) {
    while (name.size() > 1 && name.back() >= '0' && name.back() <= '9') name.pop_back();
    return name;
}

}  // namespace incidentd::quality
