// How problems look to people and to programs.
#include "rules/settings.hpp"

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

void Problems::add(const Location& where, std::string key, std::string message, std::string hint) {
    items_.push_back({where, std::move(key), std::move(message), std::move(hint)});
}

std::string Problems::text() const {
    std::string text;
    for (const Problem& problem : items_) text += to_string(problem) + "\n";
    return text;
}

std::string render_problems(const Problems& problems, bool json) {
    if (!json) return problems.text();
    std::string out = "[";
    for (const Problem& problem : problems.items()) {
        if (out.size() > 1) out += ",";
        out += "\n  {\"file\": ";
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
    return out + (problems.empty() ? "]\n" : "\n]\n");
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
