#include "correlator/matcher.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

namespace incidentd {
namespace {

constexpr std::size_t regex_bytes_max = 4096;           // of the pattern's text; longer: refused
constexpr std::int64_t regex_memory_max = 1024 * 1024;  // for RE2's program and its cache; a larger program is refused

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

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

// As in Alertmanager: what must be quoted to stand in a name or value.
bool is_reserved(char c) { return is_space(c) || std::string_view("{}!=~,\\\"'`").find(c) != std::string_view::npos; }

bool needs_quotes(std::string_view text) { return text.empty() || std::any_of(text.begin(), text.end(), is_reserved); }

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

// One pass over the text; `at_` is the byte offset errors name.
class MatcherParser {
public:
    explicit MatcherParser(std::string_view text) : text_(text) {}

    Result<Matchers> parse() {
        Matchers matchers;
        skip_space();
        const bool braces = take("{");
        skip_space();
        if (!braces && at_ == text_.size()) return fail("expected a matcher such as severity=\"critical\"");
        while (at_ < text_.size() && text_[at_] != '}') {
            Result<Matcher> matcher = parse_one();
            if (matcher.has_error()) return matcher.error();
            matchers.push_back(std::move(*matcher));
            skip_space();
            if (!take(",")) break;
            skip_space();
        }
        if (braces && !take("}")) return fail("expected ',' or the closing '}'");
        skip_space();
        if (at_ == text_.size()) return matchers;
        if (text_[at_] == '}') return fail("has a '}' without its '{'");
        return fail(braces ? "expected nothing after '}'" : "expected ',' or the end");
    }

private:
    Error fail(std::string message) const { return fail_at(at_, std::move(message)); }

    Error fail_at(std::size_t at, std::string message) const {
        message = "at byte " + std::to_string(at) + ": " + message;
        if (at < text_.size()) {
            std::size_t length = 1;  // a whole character
            while (at + length < text_.size() && (static_cast<unsigned char>(text_[at + length]) & 0xC0) == 0x80)
                ++length;
            message += ", found '" + std::string(text_.substr(at, length)) + "'";
        } else {
            message += ", found the end";
        }
        return {ErrorCode::invalid, message};
    }

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }

    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    Result<Matcher> parse_one() {
        const std::size_t begin = at_;
        Result<std::string> name = parse_word("expected a label name");
        if (name.has_error()) return name.error();
        if (name->empty()) return fail_at(begin, "a label name must not be empty");
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
        if (take("=~")) return MatchOp::regex;
        if (take("!~")) return MatchOp::not_regex;
        if (take("!=")) return MatchOp::not_equal;
        if (take("=")) return MatchOp::equal;
        return std::nullopt;
    }

    Result<std::string> parse_word(const char* expected) {
        if (take("\"")) return parse_quoted();
        const std::size_t begin = at_;
        while (at_ < text_.size() && !is_reserved(text_[at_])) ++at_;
        if (at_ == begin) {
            const bool foreign_quote = at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '`');
            return fail(foreign_quote ? "only double quotes may stand here" : expected);
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<std::string> parse_quoted() {
        const std::size_t begin = at_ - 1;
        std::string out;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\n') return fail("a quoted text must not hold a line break; write \\n");
            if (text_[at_] != '\\') {
                out += text_[at_++];
                continue;
            }
            static constexpr std::string_view escapes = "\"\\ntr";
            static constexpr std::string_view meanings = "\"\\\n\t\r";
            const std::size_t which = at_ + 1 < text_.size() ? escapes.find(text_[at_ + 1]) : std::string_view::npos;
            if (which == std::string_view::npos) {
                return fail("an escape must be one of \\\" \\\\ \\n \\t \\r (a backslash of a regex is written \\\\)");
            }
            out += meanings[which];
            at_ += 2;
        }
        if (!take("\"")) return fail_at(begin, "the quote that begins here is never closed");
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<Matcher> Matcher::make(std::string name, MatchOp op, std::string value) {
    Matcher matcher;
    if (op == MatchOp::regex || op == MatchOp::not_regex) {
        if (value.size() > regex_bytes_max) {
            return Error(ErrorCode::invalid, "the regex is longer than " + std::to_string(regex_bytes_max) + " bytes");
        }
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(regex_memory_max);
        auto regex = std::make_shared<const re2::RE2>(value, options);
        if (!regex->ok()) return Error(ErrorCode::invalid, "bad regex '" + value + "': " + regex->error());
        matcher.regex_ = std::move(regex);
    }
    matcher.name_ = std::move(name);
    matcher.op_ = op;
    matcher.value_ = std::move(value);
    return matcher;
}

bool Matcher::matches(std::string_view value) const {
    switch (op_) {
        case MatchOp::equal:
            return value == value_;
        case MatchOp::not_equal:
            return value != value_;
        case MatchOp::regex:
            return re2::RE2::FullMatch(value, *regex_);
        case MatchOp::not_regex:
            return !re2::RE2::FullMatch(value, *regex_);
    }
    return false;
}

void Matcher::capture(std::string_view value,
                      const std::function<void(std::string_view name, std::string_view text)>& group) const {
    if (op_ != MatchOp::regex || regex_->NumberOfCapturingGroups() == 0) return;
    std::vector<re2::StringPiece> texts(static_cast<std::size_t>(regex_->NumberOfCapturingGroups()) + 1);
    const re2::StringPiece whole(value.data(), value.size());
    if (!regex_->Match(whole, 0, whole.size(), re2::RE2::ANCHOR_BOTH, texts.data(), static_cast<int>(texts.size())))
        return;
    for (const auto& [name, index] : regex_->NamedCapturingGroups()) {
        const re2::StringPiece& text = texts[static_cast<std::size_t>(index)];
        if (text.data() != nullptr) group(name, {text.data(), text.size()});
    }
}

std::string Matcher::text() const {
    std::string out = needs_quotes(name_) ? quote(name_) : name_;
    out += op_text(op_);
    return out + quote(value_);
}

bool matches_all(const Matchers& matchers, LabelsView labels) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) { return m.matches(labels); });
}

Result<Matchers> parse_matchers(std::string_view text) { return MatcherParser(text).parse(); }

}  // namespace incidentd
