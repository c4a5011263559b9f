// How problems look to people and to programs.
#include "rules/scalar_place.hpp"
#include "rules/settings.hpp"

#include <algorithm>

namespace incidentd {
namespace {

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_json(std::string& out, const Problem& problem, std::string_view severity) {
    out += "\n  {\"severity\": ";
    append_json_string(out, severity);
    out += ", \"file\": ";
    append_json_string(out, problem.where.file);
    out += ", \"line\": " + std::to_string(problem.where.line);
    out += ", \"column\": " + std::to_string(problem.where.column) + ", \"key\": ";
    append_json_string(out, problem.key);
    out += ", \"message\": ";
    append_json_string(out, problem.message);
    out += ", \"hint\": ";
    append_json_string(out, problem.hint);
    out += "}";
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The line of the file with a mark below the byte. Of a long line only what stands around it.
void append_excerpt(std::string& out, std::string_view line, int column) {
    constexpr std::size_t before_most = 80, most = 110;
    if (line.empty() || column < 1) return;
    std::size_t at = std::min(static_cast<std::size_t>(column) - 1, line.size());
    std::string head;
    if (at > before_most) {
        std::size_t cut = at - before_most;
        while (cut < at && is_continuation(line[cut])) ++cut;
        line.remove_prefix(cut);
        at -= cut;
        head = "...";
    }
    std::size_t length = std::min(line.size(), std::max(most, at + 1));
    while (length < line.size() && is_continuation(line[length])) ++length;
    out += "    " + head;
    for (const char c : line.substr(0, length)) out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
    out += length < line.size() ? "...\n    " : "\n    ";
    out.append(head.size(), ' ');
    for (const char c : line.substr(0, at)) {
        if (!is_continuation(c)) out += c == '\t' ? '\t' : ' ';
    }
    out += "^\n";
}

}  // namespace

std::string to_string(const Problem& problem) {
    std::string text = problem.where.file;
    if (problem.where.line > 0) {
        text += ":" + std::to_string(problem.where.line) + ":" + std::to_string(problem.where.column);
    }
    text += ": ";
    if (!problem.key.empty()) text += problem.key + ": ";
    text += problem.message;
    if (!problem.hint.empty()) text += "; " + problem.hint;
    return text;
}

void Problems::warn(const Location& where, std::string key, std::string message, std::string hint) {
    warnings_.push_back({where, std::move(key), std::move(message), std::move(hint)});
}

void Problems::keep_source(const std::string& file, std::string_view text) {
    sources_.insert_or_assign(file, std::string(text));
}

std::string_view Problems::source_line(const Location& where) const {
    const auto source = sources_.find(where.file);
    if (source == sources_.end() || where.line < 1) return {};
    std::string_view rest = source->second;
    for (int line = 1; line < where.line; ++line) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) return {};
        rest.remove_prefix(end + 1);
    }
    rest = rest.substr(0, rest.find('\n'));
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    return rest;
}

Location Problems::inside(const SettingsNode& scalar, std::size_t offset) const {
    const auto source = sources_.find(scalar.where.file);
    return source == sources_.end() ? scalar.where : place_in_scalar(source->second, scalar.where, offset);
}

void Problems::add(const Location& where, std::string key, std::string message, std::string hint) {
    items_.push_back({where, std::move(key), std::move(message), std::move(hint)});
}

std::string Problems::text() const {
    std::string text;
    for (const Problem& problem : items_) text += to_string(problem) + "\n";
    return text;
}

std::string render_problems(const Problems& problems, bool json) {
    std::string out;
    const auto all = [&](const std::vector<Problem>& items, std::string_view severity) {
        for (const Problem& problem : items) {
            if (json) {
                out += out.empty() ? "" : ",";
                append_json(out, problem, severity);
            } else {
                out += (severity == "warning" ? "warning: " : "") + to_string(problem) + "\n";
                append_excerpt(out, problems.source_line(problem.where), problem.where.column);
            }
        }
    };
    all(problems.items(), "error");
    all(problems.warnings(), "warning");
    if (!json) return out;
    return "[" + out + (out.empty() ? "]\n" : "\n]\n");
}

std::string shown(std::string_view found) {
    constexpr std::size_t most = 60;
    static constexpr char hex[] = "0123456789abcdef";
    std::size_t length = found.size();
    if (length > most) {
        length = most;
        while (length > 0 && (static_cast<unsigned char>(found[length]) & 0xC0) == 0x80) --length;
    }
    std::string out = "'";
    for (const char c : found.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    return out + (length < found.size() ? "...'" : "'");
}

}  // namespace incidentd
