// The text form of matchers: Alertmanager's UTF-8 grammar (prometheus/alertmanager,
// matcher/parse/{lexer,parse,token}.go; escapes are those of Go's strconv.Unquote). Where it differs stands in
// matcher_grammar_test.cpp.
#include "correlator/matcher.hpp"
#include "correlator/utf8.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace incidentd {
namespace {

std::string_view op_text(MatchOp op) {
    switch (op) {
        case MatchOp::equal:
            return "=";
        case MatchOp::not_equal:
            return "!=";
        case MatchOp::regex:
            return "=~";
        case MatchOp::not_regex:
            return "!~";
    }
    return "=";
}

// What must be quoted to stand in a name or value.
bool is_reserved(char32_t c) {
    return is_unicode_space(c) ||
           (c < 0x80 && std::string_view("{}!=~,\\\"'`").find(static_cast<char>(c)) != std::string_view::npos);
}

// How many bytes at the front of `text` can stand without quotes.
std::size_t unquoted_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size()) {
        const Utf8Character c = utf8_front(text.substr(length));
        if (!c.valid || is_reserved(c.code)) break;
        length += c.bytes;
    }
    return length;
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

// The code of `text`, all of whose characters must be digits of that base; nullopt otherwise.
std::optional<char32_t> digits(std::string_view text, std::size_t count, unsigned base) {
    if (text.size() < count) return std::nullopt;
    char32_t value = 0;
    for (const char c : text.substr(0, count)) {
        const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                               : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                               : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A') + 10
                                                      : base;
        if (digit >= base) return std::nullopt;
        value = value * base + digit;
    }
    return value;
}

// Appends what the escape at the front of `text` (its backslash) means. Returns its length; 0: there is no such escape.
std::size_t unescape(std::string_view text, std::string& out) {
    if (text.size() < 2) return 0;
    static constexpr std::string_view letters = "\"\\abfnrtv";
    static constexpr std::string_view meanings = "\"\\\a\b\f\n\r\t\v";
    const char kind = text[1];
    if (const std::size_t which = letters.find(kind); which != std::string_view::npos) {
        out += meanings[which];
        return 2;
    }
    if (kind == 'x' || (kind >= '0' && kind <= '7')) {  // one byte; several may make up one character
        const bool hex = kind == 'x';
        const std::optional<char32_t> byte = hex ? digits(text.substr(2), 2, 16) : digits(text.substr(1), 3, 8);
        if (!byte.has_value() || *byte > 0xFF) return 0;
        out += static_cast<char>(static_cast<unsigned char>(*byte));
        return 4;
    }
    if (kind != 'u' && kind != 'U') return 0;
    const std::size_t count = kind == 'u' ? 4 : 8;
    const std::optional<char32_t> code = digits(text.substr(2), count, 16);
    if (!code.has_value() || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF)) return 0;
    append_utf8(out, *code);
    return 2 + count;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Utf8Character c = utf8_front(text);
        if (!c.valid) return false;
        text.remove_prefix(c.bytes);
    }
    return true;
}

// One pass over the text; `at_` is the byte offset errors name.
class MatcherParser {
public:
    explicit MatcherParser(std::string_view text) : text_(text) {}

    Result<Matchers> parse() {
        Matchers matchers;
        skip_space();
        if (at_ == text_.size()) return matchers;
        const bool braces = take("{");
        skip_space();
        if (!(braces && peek("}")) && !(braces && at_ == text_.size())) {
            do {
                Result<Matcher> matcher = parse_one();
                if (matcher.has_error()) return matcher.error();
                matchers.push_back(std::move(*matcher));
                skip_space();
                if (!take(",")) break;
                skip_space();
            } while (at_ < text_.size() && !peek("}"));
        }
        if (braces && !take("}")) return fail("expected ',' or the closing '}'");
        skip_space();
        if (at_ == text_.size()) return matchers;
        if (peek("}")) return fail("has a '}' without its '{'");
        return fail(braces ? "expected nothing after '}'" : "expected ',' or the end");
    }

private:
    Error fail(std::string message) const { return fail_at(at_, std::move(message)); }

    Error fail_at(std::size_t at, std::string message) const {
        message = "at byte " + std::to_string(at) + ": " + message;
        if (at == text_.size()) return {ErrorCode::invalid, message + ", found the end"};
        const Utf8Character found = utf8_front(text_.substr(at));
        if (!found.valid) return {ErrorCode::invalid, message + ", found a byte that is not UTF-8"};
        return {ErrorCode::invalid, message + ", found '" + std::string(text_.substr(at, found.bytes)) + "'"};
    }

    void skip_space() {
        while (at_ < text_.size()) {
            const Utf8Character c = utf8_front(text_.substr(at_));
            if (!c.valid || !is_unicode_space(c.code)) return;
            at_ += c.bytes;
        }
    }

    bool peek(std::string_view word) const { return text_.substr(at_).starts_with(word); }

    bool take(std::string_view word) {
        if (!peek(word)) return false;
        at_ += word.size();
        return true;
    }

    Result<Matcher> parse_one() {
        if (peek("}")) return fail("has a '}' without its '{'");
        Result<std::string> name = parse_word("expected a label name");
        if (name.has_error()) return name.error();
        skip_space();
        const std::optional<MatchOp> op = parse_op();
        if (!op.has_value()) return fail("expected =, !=, =~ or !~ after the label name");
        skip_space();
        const std::size_t value_at = at_;
        Result<std::string> value = parse_word("expected a value");
        if (value.has_error()) return value.error();
        Result<Matcher> matcher = Matcher::make(std::move(*name), *op, std::move(*value));
        if (matcher.has_error()) {
            return Error(matcher.error().code, "at byte " + std::to_string(value_at) + ": " + matcher.error().message);
        }
        return matcher;
    }

    std::optional<MatchOp> parse_op() {
        for (const MatchOp op : {MatchOp::regex, MatchOp::not_regex, MatchOp::not_equal, MatchOp::equal})
            if (take(op_text(op))) return op;
        return std::nullopt;
    }

    Result<std::string> parse_word(const char* expected) {
        if (take("\"")) return parse_quoted();
        const std::size_t length = unquoted_length(text_.substr(at_));
        if (length == 0) {
            const bool foreign_quote = peek("'") || peek("`");
            return fail(foreign_quote ? "only double quotes may stand here" : expected);
        }
        at_ += length;
        return std::string(text_.substr(at_ - length, length));
    }

    Result<std::string> parse_quoted() {
        const std::size_t begin = at_ - 1;
        std::string out;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\n') return fail("a quoted text must not hold a line break; write \\n");
            const Utf8Character c = utf8_front(text_.substr(at_));
            if (!c.valid) return fail("a quoted text must be UTF-8");
            if (c.code != '\\') {
                out += text_.substr(at_, c.bytes);
                at_ += c.bytes;
                continue;
            }
            const std::size_t length = unescape(text_.substr(at_), out);
            if (length == 0) {
                return fail(
                    "an escape must be one of \\\" \\\\ \\a \\b \\f \\n \\r \\t \\v, \\ooo, \\xhh, \\uhhhh or "
                    "\\Uhhhhhhhh (a "
                    "backslash of a regex is written \\\\)");
            }
            at_ += length;
        }
        if (!take("\"")) return fail_at(begin, "the quote that begins here is never closed");
        if (!is_utf8(out)) return fail_at(begin, "the bytes of this text's escapes are not UTF-8");
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string Matcher::text() const {
    std::string out = !name_.empty() && unquoted_length(name_) == name_.size() ? name_ : quote(name_);
    out += op_text(op_);
    return out + quote(value_);
}

Result<Matchers> parse_matchers(std::string_view text) { return MatcherParser(text).parse(); }

Result<Matcher> parse_matcher(std::string_view text) {
    if (text.starts_with('{') || text.ends_with('}')) {
        const std::size_t at = text.starts_with('{') ? 0 : text.size() - 1;
        return Error(ErrorCode::invalid, "at byte " + std::to_string(at) + ": braces may not stand around one matcher");
    }
    Result<Matchers> matchers = parse_matchers(text);
    if (matchers.has_error()) return matchers.error();
    if (matchers->size() == 1) return std::move(matchers->front());
    return Error(ErrorCode::invalid, "expected one matcher, found " + std::to_string(matchers->size()));
}

}  // namespace incidentd
