#include "correlator/rule_set.hpp"

namespace incidentd {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

Error fault(std::size_t at, std::string message) {
    return {ErrorCode::invalid, "at byte " + std::to_string(at) + ": " + std::move(message)};
}

// "" when `name` can be a label's name; Go templates and pipelines are what people try first.
std::string name_fault(std::string_view name) {
    if (name.empty()) return "{{}} needs a label's name, such as {{host}}";
    const bool go_template = name.front() == '.' || name.front() == '$';
    if (go_template || name.find_first_of(" \t\n|{}()") != std::string_view::npos) {
        return "only a label's name may stand in {{ }}, such as {{host}}; there are no functions, found '" +
               std::string(name) + "'";
    }
    return "";
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
    Template parsed;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find("{{", at);
        if (open != at) {
            const std::size_t end = open == std::string_view::npos ? text.size() : open;
            parsed.parts_.push_back({false, std::string(text.substr(at, end - at))});
            at = end;
            continue;
        }
        const std::size_t close = text.find("}}", open + 2);
        if (close == std::string_view::npos) return fault(open, "the {{ that begins here is never closed with }}");
        const std::string_view name = trim(text.substr(open + 2, close - open - 2));
        if (std::string wrong = name_fault(name); !wrong.empty()) return fault(open, std::move(wrong));
        parsed.parts_.push_back({true, std::string(name)});
        at = close + 2;
    }
    return parsed;
}

}  // namespace incidentd
