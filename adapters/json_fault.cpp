// The slow second reading of a text that simdjson refused: it says where and why.
#include "adapters/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace incidentd {
namespace {

class Checker {
public:
    explicit Checker(std::string_view text) : text_(text) {}

    std::optional<JsonFault> run() {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
        skip_space();
        if (value(0)) {
            skip_space();
            if (at_ < text_.size()) fail("expected the end of the text, found " + found());
        }
        return fault_;
    }

private:
    bool fail(std::string message, RejectReason reason = RejectReason::malformed) {
        if (!fault_) fault_ = JsonFault{at_, reason, std::move(message)};
        return false;
    }

    std::string found() const {
        if (at_ >= text_.size()) return "the end of the text";
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c >= 0x20 && c < 0x7F) return std::string("'") + text_[at_] + "'";
        return "byte " + std::to_string(c);
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_space() {
        while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
    }

    // Recursion is bounded by json_depth_max.
    bool value(std::size_t depth) {
        switch (peek()) {
            case '{':
                return container(depth, '}');
            case '[':
                return container(depth, ']');
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                break;
        }
        if (peek() == '-' || (peek() >= '0' && peek() <= '9')) return number();
        return fail("expected a value, found " + found());
    }

    bool container(std::size_t depth, char close) {
        const std::size_t start = at_++;
        skip_space();
        if (peek() == close) return ++at_, true;
        if (depth >= json_depth_max) {
            at_ = start;
            return fail("nested deeper than " + std::to_string(json_depth_max) + " levels");
        }
        for (;;) {
            if (close == '}' && !key()) return false;
            if (!value(depth + 1)) return false;
            skip_space();
            if (peek() == close) return ++at_, true;
            if (peek() != ',') return fail(std::string("expected ',' or '") + close + "', found " + found());
            ++at_;
            skip_space();
        }
    }

    bool key() {
        if (peek() != '"') return fail("expected a member's name in quotes, found " + found());
        if (!string()) return false;
        skip_space();
        if (peek() != ':') return fail("expected ':' after the member's name, found " + found());
        ++at_;
        skip_space();
        return true;
    }

    bool word(std::string_view expected) {
        if (text_.substr(at_, expected.size()) != expected) return fail("expected " + std::string(expected));
        at_ += expected.size();
        return true;
    }

    bool string() {
        for (++at_; at_ < text_.size();) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') return ++at_, true;
            if (c < 0x20) return fail("a control character in a string must be escaped, found " + found());
            if (c == '\\') {
                if (!escape()) return false;
                continue;
            }
            const std::size_t length = utf8_length_at(text_, at_);
            if (length == 0) return fail("not well-formed UTF-8, found " + found(), RejectReason::invalid_utf8);
            at_ += length;
        }
        return fail("expected '\"' at the end of a string, found the end of the text");
    }

    bool escape() {
        const std::size_t start = at_++;
        if (peek() != 'u') {
            if (at_ >= text_.size() || std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos) {
                return fail("unknown escape in a string, found " + found());
            }
            return ++at_, true;
        }
        ++at_;
        std::uint32_t unit = 0;
        if (!four_digits(unit)) return false;
        if (unit < 0xD800 || unit > 0xDFFF) return true;
        std::uint32_t low = 0;
        if (unit <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            if (!four_digits(low)) return false;
        }
        if (low >= 0xDC00 && low <= 0xDFFF) return true;
        at_ = start;
        return fail("half of a surrogate pair in a string", RejectReason::invalid_utf8);
    }

    bool four_digits(std::uint32_t& unit) {
        const char* first = text_.data() + at_;
        const char* last = text_.data() + std::min(text_.size(), at_ + 4);
        const auto [end, error] = std::from_chars(first, last, unit, 16);
        if (error != std::errc() || end != first + 4) return fail("expected four hexadecimal digits after \\u");
        at_ += 4;
        return true;
    }

    bool digits() {
        if (peek() < '0' || peek() > '9') return fail("expected a digit, found " + found());
        while (peek() >= '0' && peek() <= '9') ++at_;
        return true;
    }

    bool number() {
        const std::size_t start = at_;
        if (peek() == '-') ++at_;
        if (peek() == '0') {
            ++at_;
            if (peek() >= '0' && peek() <= '9') return fail("a number must not begin with 0");
        } else if (!digits()) {
            return false;
        }
        bool whole = true;
        if (peek() == '.') {
            whole = false;
            ++at_;
            if (!digits()) return false;
        }
        if (peek() == 'e' || peek() == 'E') {
            whole = false;
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!digits()) return false;
        }
        return in_range(start, whole);
    }

    bool in_range(std::size_t start, bool whole) {
        const char* first = text_.data() + start;
        const char* last = text_.data() + at_;
        std::errc error{};
        if (!whole) {
            // std::from_chars does not tell too large from too small; the latter reads as 0 and is no fault.
            if (std::isinf(std::strtod(std::string(first, last).c_str(), nullptr)))
                error = std::errc::result_out_of_range;
        } else if (*first == '-') {
            std::int64_t value = 0;
            error = std::from_chars(first, last, value).ec;
        } else {
            std::uint64_t value = 0;
            error = std::from_chars(first, last, value).ec;
        }
        if (error == std::errc()) return true;
        at_ = start;
        return fail("a number beyond 64 bits; send it as a string");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text) { return Checker(text).run(); }

}  // namespace incidentd
