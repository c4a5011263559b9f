#include "correlator/matcher.hpp"
#include "correlator/regex_options.hpp"

#include <algorithm>

namespace incidentd {

Result<Matcher> Matcher::make(std::string name, MatchOp op, std::string value) {
    Matcher matcher;
    if (op == MatchOp::regex || op == MatchOp::not_regex) {
        if (value.size() > regex_bytes_max) {
            return Error(ErrorCode::invalid, "the regex is longer than " + std::to_string(regex_bytes_max) + " bytes");
        }
        auto regex = std::make_shared<const re2::RE2>(value, regex_options(regex_memory_max));
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

bool matches_all(const Matchers& matchers, LabelsView labels) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) { return m.matches(labels); });
}

}  // namespace incidentd
