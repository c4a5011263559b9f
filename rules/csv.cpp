#include "rules/csv.hpp"

#include "correlator/alert.hpp"
#include "correlator/limits.hpp"
#include "rules/rules.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t columns_max = 256;
constexpr std::size_t problems_shown_max = 10;

class CsvReader {
public:
    CsvReader(std::string_view text, const std::string& file, Problems& problems)
        : text_(text), file_(file), problems_(problems) {
        if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    }

    std::optional<CsvTable> read() {
        if (!is_clean_utf8(text_)) {
            problem({file_, 0, 0}, "is not UTF-8 text", "save the file as UTF-8");
            return std::nullopt;
        }
        choose_separator();
        CsvTable table;
        while (at_ < text_.size()) {
            const Location begin = here();
            std::vector<CsvTable::Column> cells;
            if (!read_row(cells)) break;
            if (cells.size() == 1 && cells[0].name.empty()) continue;
            if (table.columns.empty()) {
                table.columns = std::move(cells);
                if (!check_columns(table)) break;
            } else {
                add_row(table, begin, cells);
            }
            if (table.rows.size() > lookup_rows_max) {
                problem(begin, "has more than " + std::to_string(lookup_rows_max) + " rows", "");
                break;
            }
        }
        if (table.columns.empty() && found_ == 0)
            problem({file_, 0, 0}, "is empty", "its first line names the columns");
        if (found_ > problems_shown_max) {
            problems_.add({file_, 0, 0}, "",
                          "has " + std::to_string(found_ - problems_shown_max) + " more faulty rows");
        }
        if (found_ > 0) return std::nullopt;
        return table;
    }

private:
    Location here() const { return {file_, line_, static_cast<int>(at_ - line_begin_) + 1}; }

    void problem(const Location& where, std::string message, std::string hint) {
        if (++found_ <= problems_shown_max) problems_.add(where, "", std::move(message), std::move(hint));
    }

    // Quoted names of columns do not hold separators where it matters: the first of these characters is it.
    void choose_separator() {
        const std::string_view head = text_.substr(0, text_.find('\n'));
        const std::size_t found = head.find_first_of(",;\t");
        if (found != std::string_view::npos) separator_ = head[found];
    }

    void next_line() {
        ++line_;
        line_begin_ = at_;
    }

    // One row with its line end; false when a quote is never closed.
    bool read_row(std::vector<CsvTable::Column>& cells) {
        while (true) {
            CsvTable::Column cell{"", here()};
            if (at_ < text_.size() && text_[at_] == '"') {
                if (!read_quoted(cell)) return false;
            } else {
                const std::string_view rest = text_.substr(at_);
                const std::size_t end = std::min(rest.find_first_of(std::string("\n") + separator_), rest.size());
                cell.name = rest.substr(0, end);
                at_ += end;
                if (cell.name.ends_with('\r') && (at_ == text_.size() || text_[at_] == '\n')) cell.name.pop_back();
            }
            cells.push_back(std::move(cell));
            if (at_ < text_.size() && text_[at_] == separator_) {
                ++at_;
                continue;
            }
            if (text_.substr(at_).starts_with("\r\n")) ++at_;
            if (at_ < text_.size() && text_[at_] != '\n') {
                problem(here(), "expected the separator or the line's end after the closing quote",
                        "a quote inside a quoted cell is doubled: \"\"");
                at_ = std::min(text_.find('\n', at_), text_.size());
            }
            if (at_ < text_.size()) ++at_;
            next_line();
            return true;
        }
    }

    bool read_quoted(CsvTable::Column& cell) {
        ++at_;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"') {
                if (at_ == text_.size() || text_[at_] != '"') return true;
                ++at_;
            }
            cell.name += c;
            if (c == '\n') next_line();
        }
        problem(cell.where, "the quote that begins here is never closed", "");
        return false;
    }

    bool check_columns(const CsvTable& table) {
        const std::size_t before = found_;
        if (table.columns.size() > columns_max) {
            problem({file_, 1, 1}, "has more than " + std::to_string(columns_max) + " columns", "");
        }
        for (const CsvTable::Column& column : table.columns) {
            const auto same = std::find_if(table.columns.begin(), table.columns.end(),
                                           [&](const CsvTable::Column& other) { return other.name == column.name; });
            if (column.name.size() > EventLimits{}.label_name_bytes_max) {
                problem(column.where, "a column's name is longer than a label's may be, 256 bytes", "");
            } else if (&*same != &column && !column.name.empty()) {
                problem(column.where, "the column " + shown(column.name) + " is there twice", "");
            }
        }
        return found_ == before;
    }

    void add_row(CsvTable& table, const Location& begin, std::vector<CsvTable::Column>& cells) {
        if (cells.size() != table.columns.size()) {
            const std::size_t last = std::min(cells.size(), table.columns.size());
            problem(cells.size() > last ? cells[last].where : begin,
                    "this row has " + std::to_string(cells.size()) + " cells, the first line names " +
                        std::to_string(table.columns.size()) + " columns",
                    "quote a cell that holds the separator");
            return;
        }
        CsvTable::Row row{begin.line, {}};
        for (CsvTable::Column& cell : cells) {
            if (cell.name.size() > EventLimits{}.label_value_bytes_max) {
                problem(cell.where, "a cell is longer than a label's value may be, 4096 bytes", "");
            }
            row.cells.push_back(std::move(cell.name));
        }
        table.rows.push_back(std::move(row));
    }

    std::string_view text_;
    const std::string& file_;
    Problems& problems_;
    char separator_ = ',';
    std::size_t at_ = 0;
    std::size_t line_begin_ = 0;
    int line_ = 1;
    std::size_t found_ = 0;
};

}  // namespace

std::optional<std::size_t> CsvTable::find(std::string_view column) const {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == column; });
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::optional<CsvTable> parse_csv(std::string_view text, const std::string& file, Problems& problems) {
    return CsvReader(text, file, problems).read();
}

}  // namespace incidentd
