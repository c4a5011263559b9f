// The rows of bench_quality as tables for the documentation and as a drawing. See bench/quality/README.md.
#include "bench/quality/goals.hpp"
#include "bench/quality/rows.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>
#include <stdexcept>

using namespace incidentd::quality;

namespace {

constexpr std::string_view methods[][2] = {{"labels", "group_by [alertname, cluster]"},
                                           {"window", "window of 5 minutes"},
                                           {"gap", "pause of 60 s"},
                                           {"host", "same host, 15 min"},
                                           {"one_hop", "topology, 1 hop, 5 min"},
                                           {"incidentd", "incidentd"}};
constexpr std::string_view shown[][2] = {{"mac_f1", "mac F1"},      {"ari", "ARI"},    {"found50", "found"},
                                         {"opened", "opened/true"}, {"top1", "top-1"}, {"top3", "top-3"},
                                         {"missed", "missed %"}};

std::string fixed(double value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

class Report {
public:
    explicit Report(const std::string& file) {
        std::ifstream in(file);
        if (!in) throw std::runtime_error(file + ": cannot be read");
        for (std::string line; std::getline(in, line);) {
            rows_.push_back(parse_row(line));
            const std::string& set = rows_.back().set;
            if (std::find(sets_.begin(), sets_.end(), set) == sets_.end()) sets_.push_back(set);
        }
    }

    std::string markdown() const {
        std::string out;
        std::set<std::string> rules;
        for (const Row& one : rows_)
            if (rules.insert(one.rule).second) out += "Rule: `" + one.rule + "`\n\n";
        for (const std::string& set : sets_) out += table_of(set);
        return out + variations();
    }

    std::string svg() const;

private:
    const Row* row(std::string_view set, std::string_view variation, std::string_view method) const {
        const Row* found = nullptr;
        for (const Row& one : rows_)
            if (one.set == set && one.variation == variation && one.method == method) found = &one;
        return found;
    }

    static std::string cell(const Row& row, std::string_view column) {
        const int digits = column == "missed" ? 1 : 2;
        std::string out = fixed(row.value(column), digits);
        if (row.seeds > 1) out += " ±" + fixed(row.value(std::string(column) + "_sd"), digits);
        const Goal* goal = row.method == "incidentd" ? goal_of(row.set, column) : nullptr;
        if (goal == nullptr) return out;
        return out + (is_met(*goal, row.value(column)) ? " (goal " : " (**missed**, goal ") +
               fixed(goal->value, digits) + ")";
    }

    std::string table_of(const std::string& set) const {
        const Row* own = row(set, "whole", "incidentd");
        if (own == nullptr) return {};
        std::string out = "**" + set + "**: " + title_of(set) + "; " + std::to_string(own->seeds) +
                          (own->seeds == 1 ? " set, " : " seeds, ") + fixed(own->value("alerts"), 0) +
                          " messages each\n\n| method |";
        for (const auto& [column, title] : shown) out += " " + std::string(title) + " |";
        out += "\n|---|";
        for (std::size_t i = 0; i < std::size(shown); ++i) out += "---|";
        out += '\n';
        for (const auto& [method, title] : methods) {
            const Row* one = row(set, "whole", method);
            if (one == nullptr) continue;
            out += "| " + std::string(title) + " |";
            for (const auto& [column, unused] : shown) out += " " + cell(*one, column) + " |";
            out += '\n';
        }
        return out + '\n';
    }

    // The best that needs no topology, under the same variation.
    double best_without_topology(const std::string& set, const std::string& variation) const {
        double best = 0;
        for (const std::string_view method : {"labels", "window", "gap", "host"})
            if (const Row* one = row(set, variation, method)) best = std::max(best, one->value("mac_f1"));
        return best;
    }

    std::string variations() const {
        std::vector<std::string> names;
        for (const Row& one : rows_)
            if (std::find(names.begin(), names.end(), one.variation) == names.end()) names.push_back(one.variation);
        std::string out =
            "| set | variation | mac F1 | best baseline without topology | ARI | opened/true | top-1 | top-3 | "
            "missed % |\n|---|---|---|---|---|---|---|---|---|\n";
        for (const std::string& set : sets_)
            for (const std::string& name : names) {
                const Row* one = row(set, name, "incidentd");
                if (one == nullptr) continue;
                out += "| " + set + " | " + name + " | " + fixed(one->value("mac_f1"), 2);
                if (one->seeds > 1) out += " ±" + fixed(one->value("mac_f1_sd"), 2);
                out += " | " + fixed(best_without_topology(set, name), 2);
                for (const std::string_view column : {"ari", "opened", "top1", "top3", "missed"})
                    out += " | " + fixed(one->value(column), column == "missed" ? 1 : 2);
                out += " |\n";
            }
        return out;
    }

    std::vector<Row> rows_;
    std::vector<std::string> sets_;  // in the order of the file
};

// Bars of mac F1: a group for each set, a bar for each method, a line where the goal is.
std::string Report::svg() const {
    constexpr int left = 210, width = 420, bar = 16, between = 34;
    std::string body;
    const auto text = [&](int x, int y, const char* style, const std::string& what) {
        body += "<text class=\"" + std::string(style) + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) +
                "\">" + what + "</text>\n";
    };
    int y = 46;
    for (const std::string& set : sets_) {
        if (row(set, "whole", "incidentd") == nullptr) continue;
        text(8, y, "set", title_of(set));
        y += 8;
        const int top = y;
        for (const auto& [method, title] : methods) {
            const Row* one = row(set, "whole", method);
            if (one == nullptr) continue;
            const double value = one->value("mac_f1");
            const bool own = method == "incidentd";
            text(left - 8, y + bar - 4, "name", std::string(title));
            body += "<rect class=\"" + std::string(own ? "own" : "other") + "\" x=\"" + std::to_string(left) +
                    "\" y=\"" + std::to_string(y) + "\" width=\"" + std::to_string(static_cast<int>(value * width)) +
                    "\" height=\"" + std::to_string(bar - 3) + "\"/>\n";
            text(left + static_cast<int>(value * width) + 6, y + bar - 4, "value", fixed(value, 2));
            y += bar;
        }
        if (const Goal* goal = goal_of(set, "mac_f1")) {
            const std::string x = std::to_string(left + static_cast<int>(goal->value * width));
            body += "<line class=\"goal\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"" + std::to_string(top - 3) +
                    "\" y2=\"" + std::to_string(y) + "\"/>\n";
        }
        y += between;
    }
    const std::string height = std::to_string(y);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 " + height + "\" width=\"700\" height=\"" +
           height +
           "\" role=\"img\" aria-label=\"F1 per incident of incidentd and of simple methods, by data set\">\n"
           "<style>text{font:12px sans-serif;fill:#222}.name{text-anchor:end}.set,.head{font-weight:bold}"
           ".own{fill:#1f6feb}.other{fill:#9aa4af}.goal{stroke:#d1242f;stroke-width:2;stroke-dasharray:4 2}"
           "@media (prefers-color-scheme:dark){text{fill:#ddd}.own{fill:#58a6ff}.other{fill:#5b6570}"
           ".goal{stroke:#ff7b72}}</style>\n"
           "<text class=\"head\" x=\"8\" y=\"18\">F1 per incident (B-cubed, each incident weighs the same); dashed: "
           "the "
           "goal</text>\n" +
           body + "</svg>\n";
}

void write(const std::string& path, const std::string& text) {
    std::ofstream out(path);
    out << text;
    if (!out.flush()) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Tables and a drawing of what bench_quality measured");
    std::string rows, markdown, svg;
    app.add_option("rows", rows, "file of rows")->required();
    app.add_option("--markdown", markdown, "file to write; default: standard output");
    app.add_option("--svg", svg, "file to write");
    CLI11_PARSE(app, argc, argv);
    try {
        const Report report(rows);
        if (markdown.empty())
            std::cout << report.markdown();
        else
            write(markdown, report.markdown());
        if (!svg.empty()) write(svg, report.svg());
    } catch (const std::exception& error) {
        std::cerr << "bench_quality_report: " << error.what() << "\n";
        return 1;
    }
}
