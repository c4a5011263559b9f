#include "rules/rule_fields.hpp"

#include <algorithm>
#include <iterator>

namespace incidentd {

std::string list_of(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out.empty() ? "none" : out;
}

std::string hint_of(std::string_view word, const std::vector<std::string>& known) {
    const std::string near = nearest(word, known);
    return near.empty() ? "" : "did you mean '" + near + "'?";
}

// A list of matchers or one. The place of a fault inside the text is the byte its message names.
Matchers read_match(SettingsReader& reader) {
    Matchers matchers;
    const SettingsNode* node = reader.any("match");
    if (node == nullptr) return matchers;
    const auto add = [&](const SettingsNode& item) {
        if (item.kind != SettingsNode::Kind::scalar) {
            reader.problems().add(item.where, item.path, "must be a matcher as text, or a list of them",
                                  "quote it: '{severity=\"critical\"}'");
            return;
        }
        Result<Matchers> parsed = parse_matchers(item.scalar);
        if (parsed.has_error()) {
            reader.problems().add(item.where, item.path, "is not a matcher: " + parsed.error().message);
            return;
        }
        if (item.scalar.empty()) {
            reader.problems().add(item.where, item.path, "is empty, which would match every alert",
                                  "write a matcher such as severity=\"critical\", or leave it out");
        }
        for (const Matcher& matcher : *parsed) {
            if (matcher.name().empty()) reader.problems().add(item.where, item.path, "names a label with no name");
        }
        std::move(parsed->begin(), parsed->end(), std::back_inserter(matchers));
    };
    if (node->kind == SettingsNode::Kind::list) {
        for (const SettingsNode& item : node->items) add(item);
    } else {
        add(*node);
    }
    return matchers;
}

std::optional<Template> read_template(SettingsReader& reader, std::string_view key) {
    const std::optional<std::string> text = reader.text(key);
    if (!text.has_value()) return std::nullopt;
    Result<Template> parsed = Template::parse(*text);
    if (parsed.has_value()) return std::move(*parsed);
    reader.problem(key, parsed.error().message);
    return std::nullopt;
}

// A template, or one of `names` as it stands.
void read_level(SettingsReader& reader, std::string_view key, const std::vector<std::string>& names, Template& out) {
    std::optional<Template> read = read_template(reader, key);
    if (!read.has_value()) return;
    const auto& parts = read->parts();
    const bool literal =
        std::none_of(parts.begin(), parts.end(), [](const Template::Part& part) { return part.is_place; });
    const std::string text = parts.empty() ? "" : parts.front().text;
    if (literal && std::find(names.begin(), names.end(), text) == names.end()) {
        reader.problem(key,
                       "must be one of " + list_of(names) + ", or a template such as '{{" + std::string(key) +
                           "}}', found " + shown(text),
                       hint_of(text, names));
        return;
    }
    out = std::move(*read);
}

void read_duration(SettingsReader& reader, std::string_view key, Duration least, Duration most, Duration& out) {
    const std::optional<Duration> read = reader.duration(key);
    if (!read.has_value()) return;
    if (*read < least || *read > most) {
        reader.problem(key,
                       "must be from " + to_string(least) + " to " + to_string(most) + ", found " + to_string(*read));
        return;
    }
    out = *read;
}

}  // namespace incidentd
