#include "correlator/regex_shape.hpp"

#include "correlator/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace incidentd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool repeats_without_bound(std::string_view text) {
    return text.find_first_of("*+") != std::string_view::npos || text.find(",}") != std::string_view::npos;
}

// One part of a regex and how often it stands there.
struct Element {
    std::string literal;       // empty: anything else
    bool is_optional = false;  // may be missing
    bool is_repeated = false;  // may stand there more than once
    bool is_unbounded = false;
};

// Walks over a regex element by element; gives up at what it does not know.
class Walk {
public:
    explicit Walk(std::string_view text) : text_(text) {}

    bool at_end() const { return text_.empty(); }

    std::optional<Element> next() {
        Element element;
        if (!take_atom(element)) return std::nullopt;
        while (take_repetition(element)) {
        }
        return element;
    }

private:
    // 0: what is next was not understood. Taking nothing would be no step, and the walk no end.
    bool take(std::size_t bytes) {
        if (bytes == 0 || bytes > text_.size()) return false;
        text_.remove_prefix(bytes);
        return true;
    }

    bool take_atom(Element& element) {
        switch (text_.front()) {
            case '|':
                return false;
            case '\\':
                return take_escape(element);
            case '[':
                return take(class_length(text_));
            case '(':
                return take_group(element);
            case '.':
            case '^':
            case '$':
                return take(1);
            default:
                break;
        }
        const std::size_t bytes = utf8_front(text_).bytes;
        element.literal = text_.substr(0, bytes);
        return take(bytes);
    }

    bool take_escape(Element& element) {
        if (text_.size() < 2) return false;
        const char kind = text_[1];
        if (is_letter(kind) || is_digit(kind)) {
            return std::string_view("dDwWsSbBAztnr").find(kind) != std::string_view::npos && take(2);
        }
        const std::size_t bytes = utf8_front(text_.substr(1)).bytes;
        element.literal = text_.substr(1, bytes);
        return take(1 + bytes);
    }

    // From its '[' to its ']'; 0: not understood.
    static std::size_t class_length(std::string_view text) {
        std::size_t at = 1;
        if (at < text.size() && text[at] == '^') ++at;
        if (at < text.size() && text[at] == ']') ++at;
        for (; at < text.size() && text[at] != ']'; ++at) {
            if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == 'Q') return 0;
            if (text[at] == '\\') ++at;
            if (text.substr(at).starts_with("[:")) {
                at = text.find(":]", at);
                if (at == std::string_view::npos) return 0;
                ++at;
            }
        }
        return at < text.size() ? at + 1 : 0;
    }

    bool take_group(Element& element) {
        if (text_.starts_with("(?") && !text_.starts_with("(?:") && !text_.starts_with("(?P<")) return false;
        std::size_t depth = 0;
        for (std::size_t at = 0; at < text_.size(); ++at) {
            const char c = text_[at];
            if (c == '\\') {
                if (text_.substr(at).starts_with("\\Q")) return false;
                ++at;
            } else if (c == '[') {
                const std::size_t length = class_length(text_.substr(at));
                if (length == 0) return false;
                at += length - 1;
            } else if (c == '(') {
                ++depth;
            } else if (c == ')' && --depth == 0) {
                element.is_unbounded = repeats_without_bound(text_.substr(0, at));
                return take(at + 1);
            }
        }
        return false;
    }

    bool take_repetition(Element& element) {
        if (text_.empty()) return false;
        const char c = text_.front();
        std::size_t length = 1;
        if (c == '{') {
            length = count_length(element);
            if (length == 0) return false;  // RE2 reads it as itself
        } else if (c == '*' || c == '+' || c == '?') {
            element.is_optional |= c != '+';
            element.is_unbounded |= c != '?';
        } else {
            return false;
        }
        element.is_repeated = true;
        return take(length);
    }

    // Of `{2}`, `{2,}`, `{2,5}`; 0: it is none.
    std::size_t count_length(Element& element) const {
        std::size_t at = 1;
        while (at < text_.size() && is_digit(text_[at])) ++at;
        if (at == 1) return 0;
        const bool may_be_none = text_.substr(1, at - 1).find_first_not_of('0') == std::string_view::npos;
        bool has_end = true;
        if (at < text_.size() && text_[at] == ',') {
            const std::size_t comma = at++;
            while (at < text_.size() && is_digit(text_[at])) ++at;
            has_end = at > comma + 1;
        }
        if (at >= text_.size() || text_[at] != '}') return 0;
        element.is_optional |= may_be_none;
        element.is_unbounded |= !has_end;
        return at + 1;
    }

    std::string_view text_;
};

}  // namespace

RegexShape shape_of(std::string_view regex) {
    RegexShape shape;
    std::string run;
    bool was_unbounded = false, repeats_before_end = false;
    const auto end_run = [&] {
        if (run.size() > shape.literal.size()) shape.literal = run;
        run.clear();
    };
    for (Walk walk(regex); !walk.at_end();) {
        const std::optional<Element> element = walk.next();
        if (!element.has_value()) return {{}, !repeats_without_bound(regex)};
        repeats_before_end |= was_unbounded;
        was_unbounded |= element->is_unbounded;
        if (element->literal.empty() || element->is_optional) {
            end_run();
        } else {
            run += element->literal;
            if (element->is_repeated) end_run();
        }
    }
    end_run();
    shape.repeats_only_at_end = !repeats_before_end;
    return shape;
}

}  // namespace incidentd
