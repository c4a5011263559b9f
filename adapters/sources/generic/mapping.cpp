#include "adapters/sources/generic/mapping.hpp"

#include "adapters/sources/generic/status_words.hpp"
#include "correlator/severity.hpp"

#include <array>

namespace incidentd::sources::generic {
namespace {

const std::string pointer_help =
    "a JSON pointer begins with '/' and writes '~' as ~0 and '/' as ~1, such as /alarm/host";

std::optional<std::vector<std::string>> read_pointer(const SettingsNode& node, Problems& problems) {
    if (node.kind != SettingsNode::Kind::scalar) {
        problems.add(node.where, node.path, "must be a JSON pointer", pointer_help);
        return std::nullopt;
    }
    auto tokens = split_json_pointer(node.scalar);
    if (!tokens) problems.add(node.where, node.path, "is not a JSON pointer: \"" + node.scalar + "\"", pointer_help);
    return tokens;
}

std::string scalar_of(const SettingsNode& node, Problems& problems) {
    if (node.kind == SettingsNode::Kind::scalar) return node.scalar;
    problems.add(node.where, node.path, "must be a text");
    return {};
}

FieldRule read_field(const SettingsNode& node, Problems& problems) {
    FieldRule rule;
    if (node.kind != SettingsNode::Kind::map) {
        rule.pointer = read_pointer(node, problems);
        return rule;
    }
    SettingsReader reader(node, problems);
    const SettingsNode* path = reader.any("path");
    const SettingsNode* fixed = reader.any("value");
    const SettingsNode* fallback = reader.any("default");
    if (auto words = reader.text_map("map")) rule.words = std::move(*words);
    if ((path == nullptr) == (fixed == nullptr)) {
        problems.add(node.where, node.path, "needs either path or value",
                     "path: /pointer takes it from the alert, value: text is the same for all");
    }
    if (path != nullptr) rule.pointer = read_pointer(*path, problems);
    if (fixed != nullptr) rule.fallback = scalar_of(*fixed, problems);
    if (fallback != nullptr) rule.fallback = scalar_of(*fallback, problems);
    if (fixed != nullptr && (fallback != nullptr || !rule.words.empty())) {
        problems.add(node.where, node.path, "value stands alone; default and map belong to path");
    }
    reader.finish();
    return rule;
}

// The words that a rule can give without looking at an alert must be words of ours.
template <class IsKnown>
void check_words(const SettingsNode& parent, std::string_view key, const std::optional<FieldRule>& rule,
                 IsKnown is_known, const std::string& allowed, Problems& problems) {
    const SettingsNode* node = parent.find(key);
    if (!rule || node == nullptr) return;
    const auto check = [&](const std::string& word, const SettingsNode& at) {
        if (!word.empty() && !is_known(word))
            problems.add(at.where, at.path, "found \"" + word + "\"", "allowed: " + allowed);
    };
    const SettingsNode* map = node->find("map");
    for (const auto& [from, to] : rule->words) {
        const SettingsNode* entry = map != nullptr ? map->find(from) : nullptr;
        check(to, entry != nullptr ? *entry : *node);
    }
    check(rule->fallback, *node);
}

void read_labels(const SettingsNode& node, Mapping& mapping, Problems& problems) {
    for (const SettingsNode::Member& member : node.members) {
        mapping.labels.emplace_back(member.key, read_field(member.value, problems));
    }
}

}  // namespace

std::string_view FieldRule::value(JsonReader& reader, simdjson::dom::element alert) const {
    if (!pointer) return fallback;
    const auto found = json_at(alert, *pointer);
    const auto text = found ? reader.text(*found) : std::nullopt;
    if (!text || text->empty()) return fallback;
    for (const auto& [from, to] : words) {
        if (from == *text) return to;
    }
    return *text;
}

Mapping read_mapping(const SettingsNode& node, Problems& problems) {
    Mapping mapping;
    SettingsReader reader(node, problems);
    const std::array<std::pair<std::string_view, std::optional<FieldRule> Mapping::*>, 12> fields{{
        {"title", &Mapping::title},
        {"text", &Mapping::text},
        {"severity", &Mapping::severity},
        {"status", &Mapping::status},
        {"key", &Mapping::key},
        {"episode", &Mapping::episode},
        {"host", &Mapping::host},
        {"service", &Mapping::service},
        {"starts_at", &Mapping::starts_at},
        {"ends_at", &Mapping::ends_at},
        {"url", &Mapping::url},
        {"actor", &Mapping::actor},
    }};
    for (const auto& [name, field] : fields) {
        if (const SettingsNode* value = reader.any(name)) mapping.*field = read_field(*value, problems);
    }
    if (!mapping.title)
        reader.problem("title", "is missing", "say where the alert's one-line name stands: title: /name");
    if (const SettingsNode* value = reader.any("alerts"))
        mapping.alerts = read_pointer(*value, problems).value_or(std::vector<std::string>());
    if (const SettingsNode* value = reader.any("labels_from")) mapping.labels_from = read_pointer(*value, problems);
    if (const SettingsNode* value = reader.map("labels")) read_labels(*value, mapping, problems);
    check_words(
        node, "status", mapping.status, [](std::string_view w) { return kind_from(w).has_value(); }, kind_words(),
        problems);
    check_words(
        node, "severity", mapping.severity, [](std::string_view w) { return severity_from_convention(w).has_value(); },
        "critical, error, warning, info, unknown", problems);
    reader.finish();
    return mapping;
}

}  // namespace incidentd::sources::generic
