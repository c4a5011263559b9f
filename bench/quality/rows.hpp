// Rows of the table: one method on one set under one variation, mean and spread over its seeds. Written as text with
// tabs by bench_quality, read by bench_quality_report.
#pragma once

#include "bench/quality/score.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::quality {

struct Row {
    std::string set, variation, method;  // "small", "whole", "incidentd"
    std::size_t seeds = 0;
    std::map<std::string, double> values;         // of columns(), and "<name>_sd" of some
    std::string rule;                             // under which the engine ran
    double value(std::string_view column) const;  // 0: none
};

std::span<const std::string_view> columns();  // without the spreads

Row row_of(std::string set, std::string variation, std::string method, const std::vector<Score>& scores);

std::string row_text(const Row& row);           // with a line's end
Row parse_row(const std::string& line);         // throws std::runtime_error
void print_rows(const std::vector<Row>& rows);  // for people

// "small21" and "small22" are seeds of one set.
std::string set_of(std::string name);

}  // namespace incidentd::quality
