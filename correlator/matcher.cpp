#include "correlator/matcher.hpp"
#include "correlator/regex_options.hpp"

#include <re2/re2.h>

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

bool matches_all(const Matchers& matchers, LabelsView labels) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) { return m.matches(labels); });
}

}  // namespace incidentd
