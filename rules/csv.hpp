// CSV files that rules look labels up in (RFC 4180, with semicolon or tab as separators, too).
#pragma once

#include "rules/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct CsvTable {
    struct Column {
        std::string name;
        Location where;
    };
    struct Row {
        int line = 0;
        std::vector<std::string> cells;  // as many as there are columns
    };
    std::vector<Column> columns;
    std::vector<Row> rows;
    std::optional<std::size_t> find(std::string_view column) const;
};

// The first line names the columns; the first of comma, semicolon and tab in it separates all cells. Quotes as in RFC
// 4180; empty lines are passed over. Every faulty row is a problem (the first ten, then their number); nullopt when any
// is.
std::optional<CsvTable> parse_csv(std::string_view text, const std::string& file, Problems& problems);

}  // namespace incidentd
