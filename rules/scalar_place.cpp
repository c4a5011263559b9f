#include "rules/scalar_place.hpp"

#include <algorithm>

namespace incidentd {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Walks a scalar's source and counts the bytes of value it stands for. YAML 1.2, chapters 7.3 and 8.1.
class ScalarWalk {
public:
    ScalarWalk(std::string_view text, std::size_t at, std::size_t offset) : text_(text), at_(at), left_(offset) {}

    // The place in the text of the value's byte.
    std::size_t find() {
        skip_properties();
        switch (peek()) {
            case '\'':
            case '"':
                return flow(text_[at_++]);
            case '|':
            case '>':
                return block(text_[at_] == '>');
            default:
                return flow('\0');
        }
    }

private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    void skip_blanks() {
        while (is_blank(peek())) ++at_;
    }

    void skip_properties() {
        while (peek() == '&' || peek() == '!') {
            while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '\n') ++at_;
            while (is_blank(peek()) || peek() == '\n') ++at_;
        }
    }

    // Line breaks inside a flow scalar become one space, or as many breaks as there are empty lines.
    std::size_t fold() {
        std::size_t breaks = 0;
        while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '\n' || text_[at_] == '\r')) {
            if (text_[at_++] == '\n') ++breaks;
        }
        return std::max<std::size_t>(breaks, 2) - 1;
    }

    bool at_fold() const {
        const std::size_t stop = text_.find_first_not_of(" \t\r", at_);
        return stop != std::string_view::npos && text_[stop] == '\n';
    }

    // Bytes of value the escape at the backslash stands for; moves behind it.
    std::size_t escape() {
        const char kind = peek(1);
        if (kind == '\n' || kind == '\r') {
            at_ += 1;
            fold();
            return 0;
        }
        const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        std::uint32_t code = 0;
        for (std::size_t i = 0; i < digits && at_ + 2 + i < text_.size(); ++i) {
            const char c = text_[at_ + 2 + i];
            code = code * 16 + static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        at_ += 2 + digits;
        if (kind == 'N' || kind == '_') return 2;
        if (kind == 'L' || kind == 'P') return 3;
        return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    }

    std::size_t flow(char quote) {
        while (at_ < text_.size()) {
            const std::size_t here = at_;
            std::size_t bytes = 1;
            if (quote == '\'' && peek() == '\'' && peek(1) == '\'') {
                at_ += 2;
            } else if (quote == '"' && peek() == '\\') {
                bytes = escape();
            } else if (quote != '\0' && peek() == quote) {
                return here;
            } else if (at_fold()) {
                bytes = fold();
            } else {
                ++at_;
            }
            if (bytes > left_) return here;
            left_ -= bytes;
        }
        return text_.size();
    }

    std::size_t line_end(std::size_t from) const { return std::min(text_.find('\n', from), text_.size()); }
    std::size_t indent_of(std::size_t line) const {
        std::size_t indent = 0;
        while (line + indent < text_.size() && text_[line + indent] == ' ') ++indent;
        return indent;
    }
    bool is_empty_line(std::size_t line) const {
        const std::size_t end = line_end(line);
        return text_.find_first_not_of(" \r", line) >= end;
    }

    // The first line with text sets the indent; a digit in the header counts from the parent's, which is not known
    // here, so the text itself is taken there, too.
    std::size_t block(bool folded) {
        std::size_t line = line_end(at_) + 1;
        std::size_t first = line;
        while (first < text_.size() && is_empty_line(first)) first = line_end(first) + 1;
        const std::size_t indent = first < text_.size() ? indent_of(first) : 0;
        while (line < text_.size()) {
            const std::size_t end = line_end(line);
            const std::size_t begin = std::min(line + indent, end);
            if (left_ < end - begin) return begin + left_;
            left_ -= end - begin;
            if (left_ == 0) return end;
            line = end + 1;
            std::size_t breaks = 1;
            for (; folded && line < text_.size() && is_empty_line(line); ++breaks) line = line_end(line) + 1;
            breaks -= breaks > 1 ? 1 : 0;
            if (left_ < breaks) return end;
            left_ -= breaks;
        }
        return text_.size();
    }

    std::string_view text_;
    std::size_t at_;
    std::size_t left_;  // bytes of value still to pass
};

}  // namespace

Location place_in_scalar(std::string_view text, const Location& begin, std::size_t offset) {
    std::size_t at = 0;
    for (int line = 1; line < begin.line; ++line) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return begin;
        ++at;
    }
    at += static_cast<std::size_t>(std::max(begin.column, 1)) - 1;
    if (begin.line < 1 || at >= text.size() || text[at] == '*') return begin;
    const std::size_t place = std::min(ScalarWalk(text, at, offset).find(), text.size());
    const std::string_view before = text.substr(0, place);
    const std::size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    const auto lines = std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                                  text.begin() + static_cast<std::ptrdiff_t>(std::max(place, at)), '\n');
    return {begin.file, begin.line + static_cast<int>(lines), static_cast<int>(place - line_begin) + 1};
}

}  // namespace incidentd
