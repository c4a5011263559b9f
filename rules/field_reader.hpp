// Reads one map of a rule file by its table of keys: types, bounds, choices and missing or unknown keys are checked
// there, each reported at its place. What is absent or wrong leaves the default as it is.
#pragma once

#include "correlator/matcher.hpp"
#include "correlator/rule_set.hpp"
#include "correlator/time.hpp"
#include "rules/rule_fields.hpp"
#include "rules/schema.hpp"
#include "rules/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

class FieldReader {
public:
    // Reports required keys that are missing and keys that are unknown. All three outlive the reader.
    FieldReader(const SettingsNode& node, const Shape& shape, Problems& problems);

    bool has(std::string_view key) const { return settings_.has(key); }
    std::string text(std::string_view key);  // "" when absent, wrong or empty (a problem)
    std::vector<std::string> labels(std::string_view key);
    std::vector<std::string> texts(std::string_view key);
    Template text_template(std::string_view key);
    std::vector<std::pair<std::string, Template>> templates(std::string_view key);
    Matchers matchers(std::string_view key);
    std::vector<Matchers> matchers_list(std::string_view key);
    std::optional<std::size_t> choice(std::string_view key);  // an index into the field's choices
    void read(std::string_view key, Duration& out);
    void read(std::string_view key, std::uint32_t& out);
    void read(std::string_view key, double& out);
    void read(std::string_view key, bool& out);
    void read(std::string_view key, Instant& out);
    const SettingsNode* map(std::string_view key);  // nullptr when absent or wrong
    // The items of a list; of map_or_list, a single map is a list of one.
    std::vector<const SettingsNode*> items(std::string_view key);
    std::vector<const SettingsNode*> scalars(std::string_view key);  // of one text or a list of them

    const SettingsNode& node() const { return settings_.node(); }
    Problems& problems() const { return settings_.problems(); }
    void problem(std::string_view key, std::string message, std::string hint = {}) {
        settings_.problem(key, std::move(message), std::move(hint));
    }

private:
    const Field& field(std::string_view key) const;
    void check_keys();
    void add_matchers(const SettingsNode& item, Matchers& out);
    Matchers matchers_of(const SettingsNode& node);
    std::optional<Template> parse_template(const SettingsNode& node);
    bool check_length(const Field& field, std::size_t length);

    SettingsReader settings_;
    const Shape& shape_;
};

}  // namespace incidentd
