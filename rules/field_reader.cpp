#include "rules/field_reader.hpp"

#include "correlator/limits.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace incidentd {
namespace {

std::vector<std::string> strings(std::span<const std::string_view> words) { return {words.begin(), words.end()}; }

// The engine's parsers name a fault's byte in front of their message.
std::size_t take_offset(std::string& message) {
    constexpr std::string_view head = "at byte ";
    if (!message.starts_with(head)) return 0;
    std::size_t offset = 0;
    const char* end = message.data() + message.size();
    const auto [stop, error] = std::from_chars(message.data() + head.size(), end, offset);
    if (error != std::errc() || !std::string_view(stop, end).starts_with(": ")) return 0;
    message.erase(0, static_cast<std::size_t>(stop - message.data()) + 2);
    return offset;
}

std::string found_in(const SettingsNode& node) {
    switch (node.kind) {
        case SettingsNode::Kind::scalar:
            return shown(node.scalar);
        case SettingsNode::Kind::list:
            return "a list";
        case SettingsNode::Kind::map:
            return "a map";
        case SettingsNode::Kind::null:
            break;
    }
    return "nothing";
}

}  // namespace

FieldReader::FieldReader(const SettingsNode& node, const Shape& shape, Problems& problems)
    : settings_(node, problems), shape_(shape) {
    const bool is_map = node.kind == SettingsNode::Kind::map || node.kind == SettingsNode::Kind::null;
    if (is_map) check_keys();
}

void FieldReader::check_keys() {
    for (const Field& known : shape_.fields) {
        if (!known.required || has(known.key)) continue;
        problem(known.key, "is missing", std::string(known.remedy));
    }
    for (const SettingsNode::Member& member : node().members) {
        const std::string path = node().path.empty() ? member.key : node().path + "." + member.key;
        const Field* known = shape_.find(member.key);
        if (known != nullptr && known->type == FieldType::refused) {
            problems().add(member.key_where, path, "is not in this version: " + std::string(known->note),
                           "remove the section");
        }
        if (known != nullptr) continue;
        std::vector<std::string> allowed;
        for (const Field& one : shape_.fields) {
            if (one.type != FieldType::refused) allowed.emplace_back(one.key);
        }
        std::string hint = hint_of(member.key, allowed);
        hint += (hint.empty() ? "allowed here: " : " allowed here: ") + list_of(allowed);
        problems().add(member.key_where, path, "unknown key", std::move(hint));
    }
}

const Field& FieldReader::field(std::string_view key) const {
    const Field* known = shape_.find(key);
    BOOST_ASSERT_MSG(known != nullptr, "a key that is read stands in the table");
    return *known;
}

std::string FieldReader::text(std::string_view key) {
    const std::optional<std::string> read = settings_.text(key);
    if (read.has_value() && read->empty()) problem(key, "must not be empty");
    return read.value_or("");
}

bool FieldReader::check_length(const Field& known, std::size_t length) {
    const auto size = static_cast<std::int64_t>(length);
    if (known.most == 0 || (size >= known.least && size <= known.most)) return true;
    problem(known.key, "must have " + bounds_text(known) + ", found " + std::to_string(length));
    return false;
}

std::vector<const SettingsNode*> FieldReader::scalars(std::string_view key) {
    std::vector<const SettingsNode*> out;
    const SettingsNode* node = settings_.any(key);
    if (node == nullptr || node->kind == SettingsNode::Kind::null) return out;
    if (node->kind == SettingsNode::Kind::scalar) return {node};
    if (node->kind == SettingsNode::Kind::map) {
        problem(key, "must be a list of texts, found a map");
        return out;
    }
    for (const SettingsNode& item : node->items) {
        if (item.kind == SettingsNode::Kind::scalar) {
            out.push_back(&item);
        } else {
            problems().add(item.where, item.path, "must be text, found " + found_in(item));
        }
    }
    check_length(field(key), node->items.size());
    return out;
}

std::vector<std::string> FieldReader::labels(std::string_view key) {
    std::vector<std::string> labels;
    for (const SettingsNode* item : scalars(key)) {
        const std::string& label = item->scalar;
        if (label.empty()) problems().add(item->where, item->path, "must not be an empty label name");
        if (label.size() > EventLimits{}.label_name_bytes_max) {
            problems().add(item->where, item->path, "is longer than a label's name may be, 256 bytes");
        }
        if (std::find(labels.begin(), labels.end(), label) != labels.end()) {
            problems().add(item->where, item->path, "names " + shown(label) + " twice", "remove one of them");
        } else {
            labels.push_back(label);
        }
    }
    return labels;
}

std::vector<std::string> FieldReader::texts(std::string_view key) {
    std::vector<std::string> texts;
    for (const SettingsNode* item : scalars(key)) texts.push_back(item->scalar);
    return texts;
}

std::optional<Template> FieldReader::parse_template(const SettingsNode& node) {
    if (node.kind != SettingsNode::Kind::scalar) {
        problems().add(node.where, node.path, "must be text, found " + found_in(node),
                       node.kind == SettingsNode::Kind::map ? "a text with braces needs quotes: '{{host}}'" : "");
        return std::nullopt;
    }
    Result<Template> parsed = Template::parse(node.scalar);
    if (parsed.has_value()) return std::move(*parsed);
    std::string message = parsed.error().message;
    const std::size_t offset = take_offset(message);
    problems().add(problems().inside(node, offset), node.path, std::move(message));
    return std::nullopt;
}

Template FieldReader::text_template(std::string_view key) {
    const SettingsNode* value = settings_.any(key);
    if (value == nullptr) return {};
    std::optional<Template> read = parse_template(*value);
    const Field& known = field(key);
    if (!read.has_value() || known.type != FieldType::level) return std::move(read).value_or(Template());
    const auto& parts = read->parts();
    const bool is_literal = std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part.is_place; });
    const std::string text = parts.empty() ? "" : parts.front().text;
    if (is_literal && std::find(known.choices.begin(), known.choices.end(), text) == known.choices.end()) {
        problem(key,
                "must be one of " + list_of(strings(known.choices)) + ", or a template such as '{{" + std::string(key) +
                    "}}', found " + shown(text),
                hint_of(text, strings(known.choices)));
    }
    return std::move(*read);
}

std::vector<std::pair<std::string, Template>> FieldReader::templates(std::string_view key) {
    std::vector<std::pair<std::string, Template>> out;
    const SettingsNode* value = settings_.map(key);
    if (value == nullptr) return out;
    check_length(field(key), value->members.size());
    for (const SettingsNode::Member& member : value->members) {
        if (member.key.empty() || member.key.size() > EventLimits{}.label_name_bytes_max) {
            problems().add(member.key_where, value->path, "needs label names of 1 to 256 bytes");
        }
        std::optional<Template> read = parse_template(member.value);
        if (read.has_value()) out.emplace_back(member.key, std::move(*read));
    }
    return out;
}

void FieldReader::add_matchers(const SettingsNode& item, Matchers& out) {
    if (item.kind != SettingsNode::Kind::scalar) {
        problems().add(item.where, item.path, "must be a matcher as text, or a list of them, found " + found_in(item),
                       "quote it: 'severity=\"critical\"'");
        return;
    }
    Result<Matchers> parsed = parse_matchers(item.scalar);
    if (parsed.has_error()) {
        std::string message = parsed.error().message;
        const std::size_t offset = take_offset(message);
        problems().add(problems().inside(item, offset), item.path,
                       shown(item.scalar) + " is not a matcher: " + std::move(message));
        return;
    }
    if (item.scalar.empty()) {
        problems().add(item.where, item.path, "is empty, which would match every alert",
                       "write a matcher such as severity=\"critical\", or leave it out");
    }
    for (const Matcher& matcher : *parsed) {
        if (matcher.name().empty()) problems().add(item.where, item.path, "names a label with no name");
    }
    std::move(parsed->begin(), parsed->end(), std::back_inserter(out));
}

Matchers FieldReader::matchers_of(const SettingsNode& node) {
    Matchers out;
    if (node.kind == SettingsNode::Kind::list) {
        for (const SettingsNode& item : node.items) add_matchers(item, out);
    } else {
        add_matchers(node, out);
    }
    return out;
}

Matchers FieldReader::matchers(std::string_view key) {
    const SettingsNode* value = settings_.any(key);
    return value == nullptr ? Matchers() : matchers_of(*value);
}

std::vector<Matchers> FieldReader::matchers_list(std::string_view key) {
    std::vector<Matchers> out;
    const SettingsNode* list = settings_.list(key);
    if (list == nullptr) return out;
    for (const SettingsNode& item : list->items) out.push_back(matchers_of(item));
    check_length(field(key), list->items.size());
    return out;
}

std::optional<std::size_t> FieldReader::choice(std::string_view key) {
    const std::optional<std::string> read = settings_.text(key);
    if (!read.has_value()) return std::nullopt;
    const Field& known = field(key);
    const auto found = std::find(known.choices.begin(), known.choices.end(), *read);
    if (found != known.choices.end()) return static_cast<std::size_t>(found - known.choices.begin());
    problem(key, "must be " + one_of(known.choices) + ", found " + shown(*read),
            hint_of(*read, strings(known.choices)));
    return std::nullopt;
}

void FieldReader::read(std::string_view key, Duration& out) {
    const Field& known = field(key);
    read_duration(settings_, key, milliseconds(known.least), milliseconds(known.most), out);
}

void FieldReader::read(std::string_view key, std::uint32_t& out) {
    const Field& known = field(key);
    if (const auto read = settings_.integer(key, known.least, known.most); read.has_value()) {
        out = static_cast<std::uint32_t>(*read);
    }
}

void FieldReader::read(std::string_view key, double& out) {
    const SettingsNode* value = settings_.any(key);
    if (value == nullptr) return;
    const Field& known = field(key);
    double number = 0;
    const char* end = value->scalar.data() + value->scalar.size();
    const auto [stop, error] = std::from_chars(value->scalar.data(), end, number, std::chars_format::fixed);
    const bool is_number = value->kind == SettingsNode::Kind::scalar && !value->quoted && !value->scalar.empty() &&
                           error == std::errc() && stop == end;
    if (!is_number || !(number >= static_cast<double>(known.least) && number <= static_cast<double>(known.most))) {
        problem(key, "must be a number from " + bounds_text(known) + ", found " + found_in(*value),
                value->quoted ? "remove the quotes" : "");
        return;
    }
    out = number;
}

void FieldReader::read(std::string_view key, bool& out) { out = settings_.boolean(key).value_or(out); }

void FieldReader::read(std::string_view key, Instant& out) {
    const std::optional<std::string> read = settings_.text(key);
    if (!read.has_value()) return;
    const Result<Instant> instant = parse_rfc3339(*read);
    if (instant.has_value() && instant->is_set()) {
        out = *instant;
        return;
    }
    problem(key, "must be a time such as 2026-12-01T20:00:00Z or 2026-12-01T21:00:00+01:00, found " + shown(*read));
}

const SettingsNode* FieldReader::map(std::string_view key) { return settings_.map(key); }

std::vector<const SettingsNode*> FieldReader::items(std::string_view key) {
    const SettingsNode* value = settings_.any(key);
    if (value == nullptr || value->kind == SettingsNode::Kind::null) return {};
    const Field& known = field(key);
    if (known.type == FieldType::map_or_list && value->kind == SettingsNode::Kind::map) return {value};
    if (value->kind != SettingsNode::Kind::list) {
        problem(key, "must be a list, found " + found_in(*value));
        return {};
    }
    check_length(known, value->items.size());
    std::vector<const SettingsNode*> out;
    for (const SettingsNode& item : value->items) out.push_back(&item);
    return out;
}

}  // namespace incidentd
