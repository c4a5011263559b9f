// Where a sender's JSON keeps the fields of an alert: read from the configuration once, applied to every alert.
#pragma once

#include "adapters/json_reader.hpp"
#include "rules/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::sources::generic {

// One field: a place in the alert, words to translate, and what to take when nothing is there.
struct FieldRule {
    std::optional<std::vector<std::string>> pointer;  // reference tokens; absent: `fallback` is the fixed value
    std::vector<std::pair<std::string, std::string>> words;
    std::string fallback;

    // "" when nothing is there. Points into the reader or into this rule.
    std::string_view value(JsonReader& reader, simdjson::dom::element alert) const;
};

struct Mapping {
    std::vector<std::string> alerts;  // reference tokens; empty: the document itself
    std::optional<FieldRule> title, text, severity, status, key, episode, host, service, starts_at, ends_at, url, actor;
    std::vector<std::pair<std::string, FieldRule>> labels;
    std::optional<std::vector<std::string>> labels_from;
};

// Reports every problem with its place; the result is usable only if `problems` did not grow.
Mapping read_mapping(const SettingsNode& node, Problems& problems);

}  // namespace incidentd::sources::generic
